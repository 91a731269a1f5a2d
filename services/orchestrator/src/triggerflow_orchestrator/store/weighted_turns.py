"""Share out turns by weight, smoothly and over many small calls: who has weight 1 of 10 gets every tenth. Pure."""

from __future__ import annotations

from collections.abc import Mapping


class WeightedTurns:
    """Remembers who is owed what between calls, so that turns of one at a time are shared out as well."""

    def __init__(self) -> None:
        self._owed: dict[int, int] = {}

    def next(self, count: int, weights: Mapping[int, int]) -> dict[int, int]:
        """How many of the next `count` turns each key gets. Keys without weight get none."""
        given = dict.fromkeys(weights, 0)
        heavy = {key: weight for key, weight in weights.items() if weight > 0}
        whole = sum(heavy.values())
        if not whole:
            return given
        # Full rounds need no counting.
        rounds, left = divmod(count, whole)
        for key, weight in heavy.items():
            given[key] = rounds * weight
        for _ in range(left):
            for key, weight in heavy.items():
                self._owed[key] = self._owed.get(key, 0) + weight
            chosen = max(heavy, key=lambda key: (self._owed[key], -key))
            self._owed[chosen] -= whole
            given[chosen] += 1
        return given
