"""Drain queues by weight: the order in which Redis is asked for the next kick. Pure; no I/O.

Kombu asks for one message of several queues at once, and Redis answers from the first that has one. Here ten turns go
round, six to `high`, three to `normal`, one to `low`; whoever has the turn is asked first, the others by priority after
it. So no queue starves, and none waits while the one whose turn it is is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

WEIGHTS: Final[Mapping[str, int]] = {"high": 6, "normal": 3, "low": 1}


def turns(weights: Mapping[str, int]) -> tuple[str, ...]:
    """One round, each name as often as its weight, spread as evenly as may be."""
    total = sum(weights.values())
    credit = dict.fromkeys(weights, 0)
    found = []
    for _ in range(total):
        for name, weight in weights.items():
            credit[name] += weight
        chosen = max(credit, key=credit.__getitem__)
        credit[chosen] -= total
        found.append(chosen)
    return tuple(found)


class WeightedCycle:
    """A kombu queue cycle (`queue_order_strategy`): asked for an order before each message, told where it came from."""

    _turns = turns(WEIGHTS)
    _ranks: Final = {name: rank for rank, name in enumerate(WEIGHTS)}

    def __init__(self, it: Iterable[str] | None = None) -> None:
        self._turn = 0
        self._orders: dict[str, list[str]] = {}
        self._active: list[str] = []
        self.update(it or ())

    def update(self, it: Iterable[str]) -> None:
        """The queues that are consumed from."""
        self._active = sorted(it, key=lambda name: (self._ranks.get(name, len(self._ranks)), name))
        self._orders = {first: [first, *(name for name in self._active if name != first)] for first in self._active}

    def consume(self, n: int) -> Sequence[str]:
        """The order to ask in: whose turn it is, then the others by priority."""
        order = self._orders.get(self._turns[self._turn], self._active)
        return order[:n]

    def rotate(self, last_used: Any) -> Any:
        """A message came: the next turn."""
        self._turn = (self._turn + 1) % len(self._turns)
        return last_used
