"""What of a run is under way, and whether all of that only waits: then the run need not be in any process.

An activation is in here from its start until its outcome is decided, and its scope knows it by its node for as long.
No I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from triggerflow_orchestrator.app.activation import Activation
from triggerflow_orchestrator.domain.time_limit import limit_at

SHORT_REST_US: Final = 5_000_000
"""A back-off that is over sooner is no reason to leave the process."""
_LEAST_LEFT_US: Final = 1_000_000


class InFlight:
    """The activations of one run that have no outcome. Times are microseconds since the epoch."""

    __slots__ = ("_by_id", "resting")

    def __init__(self) -> None:
        self._by_id: dict[str, Activation] = {}
        self.resting = 0
        """How many of them rest."""

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, activation_id: str) -> Activation | None:
        """The one of that id, where it has no outcome."""
        return self._by_id.get(activation_id)

    def values(self) -> Collection[Activation]:
        """All, in the order they began. Copy it before any is let go."""
        return self._by_id.values()

    def take_in(self, activation: Activation) -> None:
        """It is under way from now on; a sub-flow rests at once, since its children are activations of their own."""
        self._by_id[activation.id] = activation
        activation.scope.handles[activation.node.index] = activation
        if activation.node.subflow is not None:
            self.rest(activation)

    def let_go(self, activation: Activation) -> None:
        """Its outcome is decided."""
        activation.over = True
        self.rouse(activation)
        del self._by_id[activation.id]
        del activation.scope.handles[activation.node.index]

    def rest(self, activation: Activation, due_at: int | None = None) -> None:
        """Nothing is to be done for it now, nor before `due_at` where it backs off."""
        activation.due_at = due_at
        if not activation.rests:
            activation.rests = True
            self.resting += 1

    def rouse(self, activation: Activation) -> None:
        """Something is to be done for it again, or it is over."""
        activation.due_at = None
        if activation.rests:
            activation.rests = False
            self.resting -= 1

    def only_waits(self, now: int, deadline_at: int | None) -> bool:
        """Whether all of them wait, for an answer or for long, and no limit of time is about to pass."""
        if not self.resting or self.resting != len(self._by_id):
            return False
        if not any(each.waits or each.due_at is not None for each in self._by_id.values()):
            return False
        if any(each.due_at is not None and each.due_at <= now + SHORT_REST_US for each in self._by_id.values()):
            return False
        return min(self._limits(deadline_at), default=now + 2 * _LEAST_LEFT_US) > now + _LEAST_LEFT_US

    def next_due(self, deadline_at: int | None) -> int | None:
        """When something is to be done though nobody answers; None where never."""
        times = [each.due_at for each in self._by_id.values() if each.due_at is not None]
        times.extend(self._limits(deadline_at))
        return min(times, default=None)

    def limited(self) -> list[tuple[int, Activation]]:
        """The sub-flows that have a limit of time, with when it is up; the outermost first."""
        found = [(limit, each) for each in self._by_id.values() if (limit := limit_of(each)) is not None]
        return sorted(found, key=lambda pair: pair[1].scope.name.count("/") if pair[1].scope.name else -1)

    def _limits(self, deadline_at: int | None) -> Iterator[int]:
        """When the run's own time is up, and that of each sub-flow in flight."""
        if deadline_at is not None:
            yield deadline_at
        for each in self._by_id.values():
            limit = limit_of(each)
            if limit is not None:
                yield limit


def limit_of(activation: Activation) -> int | None:
    """When the time of a sub-flow is up, counted from its start, whatever happened since."""
    node = activation.node
    return None if node.subflow is None else limit_at(activation.started_at, node.timeout_seconds)
