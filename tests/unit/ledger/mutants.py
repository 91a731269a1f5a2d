"""Ledgers with one fault each. The checks are worth something only as long as they find every one of them."""

from collections.abc import Mapping
from typing import Any

from triggerflow_chassis.flow_model import MISSING
from triggerflow_orchestrator.domain.ledger import DONE, READY, WAITING, Dropped, Ledger, Step
from triggerflow_orchestrator.domain.plan import Wire


class DropsADeadToken(Ledger):
    """A port whose last edge dies is never told."""

    __slots__ = ()

    def _dead(self, wire: Wire, step: Step) -> None:
        if self._open[wire.slot] > 1:
            super()._dead(wire, step)


class FiresAJoinEarly(Ledger):
    """A join runs although one wired port has not settled."""

    __slots__ = ()

    def _live(self, wire: Wire, value: Any, step: Step) -> None:
        super()._live(wire, value, step)
        if self._state[wire.target] == WAITING and self._waiting[wire.target] == 1:
            self._run(wire.target, step)


class SettlesTwice(Ledger):
    """A node that has run runs again for a late live token."""

    __slots__ = ()

    def _live(self, wire: Wire, value: Any, step: Step) -> None:
        if self._state[wire.target] in (READY, DONE):
            self._values[wire.slot] = value
            self._run(wire.target, step)
        else:
            super()._live(wire, value, step)


class LosesAnEdge(Ledger):
    """Where several edges leave a node, the last one carries nothing."""

    __slots__ = ()

    def _send(self, node: int, lit: Mapping[str, Any], step: Step) -> None:
        wires = self.plan.wires[node]
        for wire in wires[:-1] if len(wires) > 1 else wires:
            if wire.port in lit:
                self._live(wire, lit[wire.port], step)
            else:
                self._dead(wire, step)


class ForgetsADefault(Ledger):
    """A dead port is absent although it has a default."""

    __slots__ = ()

    def _run(self, node: int, step: Step) -> None:
        wired_and_empty = [
            key
            for key, slot, _ in self.plan.intakes[node]
            if slot < len(self.plan.slots) and self._values[slot] is MISSING
        ]
        super()._run(node, step)
        for key in wired_and_empty:
            step.ready[-1].inputs.pop(key, None)


class TakesNullForDead(Ledger):
    """Null is no live value to it."""

    __slots__ = ()

    def _live(self, wire: Wire, value: Any, step: Step) -> None:
        if value is None:
            self._dead(wire, step)
        else:
            super()._live(wire, value, step)


class LetsTheLaterTokenWin(Ledger):
    """A second live token replaces the first."""

    __slots__ = ()

    def _live(self, wire: Wire, value: Any, step: Step) -> None:
        if self._state[wire.target] == WAITING and self._values[wire.slot] is not MISSING:
            self._values[wire.slot] = value
            step.dropped.append(Dropped(wire.target, self.plan.slots[wire.slot].key, wire.edge))
        else:
            super()._live(wire, value, step)


class SkipsAStrictJoinLate(Ledger):
    """A strict join waits for all its ports before it is skipped."""

    __slots__ = ()

    def _skip(self, node: int, step: Step) -> None:
        if self._waiting[node] == 0 or not self.plan.wired_counts[node]:
            super()._skip(node, step)


class SaysNothingOfALostToken(Ledger):
    """A live token that changes nothing leaves no trace."""

    __slots__ = ()

    def _live(self, wire: Wire, value: Any, step: Step) -> None:
        super()._live(wire, value, step)
        step.dropped.clear()


MUTANTS: tuple[type[Ledger], ...] = (
    DropsADeadToken,
    FiresAJoinEarly,
    SettlesTwice,
    LosesAnEdge,
    ForgetsADefault,
    TakesNullForDead,
    LetsTheLaterTokenWin,
    SkipsAStrictJoinLate,
    SaysNothingOfALostToken,
)
