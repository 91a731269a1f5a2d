"""The results that a run takes over from the one before it, from its beginning until each is reached. No I/O.

They are in a re-run's seed. While it begins they count as if they came in then, so that it goes on where they end.
"""

from __future__ import annotations

from collections.abc import Iterator

from triggerflow_orchestrator.app.activation import Activation, Transition
from triggerflow_orchestrator.app.units import Unit
from triggerflow_orchestrator.domain.replay_scopes import begun_items
from triggerflow_orchestrator.domain.rerun import Place
from triggerflow_orchestrator.domain.scopes import Known
from triggerflow_orchestrator.domain.seed import Seed, Taken


class TakenResults:
    """Those of one run; none, where it is no re-run, or has begun."""

    __slots__ = ("_seed", "left")

    def __init__(self, seed: Seed | None) -> None:
        self._seed = seed
        self.left: dict[Place, Taken] = {}
        """While it begins: those it has not reached, or has reached and not ended."""

    @property
    def sealed(self) -> frozenset[tuple[str, str]]:
        """Scope and node of each: the children of a subflow node whose result is taken over do not begin."""
        return frozenset((place.scope, place.node_id) for place in self.left)

    @property
    def known(self) -> Known:
        """How far things had come then: while results are taken over, for-eaches begin these items."""
        return Known(begun_items(place.scope for place in self.left))

    def begin(self, unit: Unit) -> None:
        """The run begins, in this unit. Large values are where they are already."""
        if self._seed is not None:
            unit.kept.update(self._seed.stored)
            unit.named.update(self._seed.stored.values())
            self.left = {taken.place: taken for taken in self._seed.taken}

    def mark(self, activation: Activation) -> None:
        """Give an activation that begins its result, where there is one."""
        activation.taken = self.left.get(Place(activation.scope.name, activation.node.id))

    def in_turn(self, move: Transition) -> Iterator[tuple[Activation, Taken]]:
        """Each that is reached, in the order they came in then. Whoever asks takes it before the next is given, which
        reaches others. After the last, none is left, and `move.ready` has only what is to be performed."""
        reached = {a.taken.place: a for a in move.ready if a.taken is not None}
        looked_at = len(move.ready)
        for place, taken in self.left.items():
            activation = reached.get(place)
            # A trigger and an output node are done in the moment they are reached.
            if activation is None or activation.over:
                continue
            yield activation, taken
            reached.update((a.taken.place, a) for a in move.ready[looked_at:] if a.taken is not None)
            looked_at = len(move.ready)
        self.left = {}
        move.ready = [activation for activation in move.ready if not activation.over]
