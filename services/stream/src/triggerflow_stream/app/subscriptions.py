"""Bound how many watches one principal holds, so that one caller cannot use up the service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from triggerflow_chassis.errors import TooMany


class Subscriptions:
    """Counts open watches by principal."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: Counter[str] = Counter()

    @contextmanager
    def one(self, subject: str) -> Iterator[None]:
        """Hold one watch. Raises TooMany where the principal holds as many as it may."""
        if self._open[subject] >= self._limit:
            raise TooMany(f"{self._limit} watches are open already. Close one, or wait.")
        self._open[subject] += 1
        try:
            yield
        finally:
            self._open[subject] -= 1
            if not self._open[subject]:
                del self._open[subject]
