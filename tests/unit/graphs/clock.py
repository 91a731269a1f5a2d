"""A clock and a loop that nothing outside moves: time stands still while anything can be done, and then goes to the
next timer at once. Whoever drives is asked each time the loop has nothing to do, so nothing races with the machine."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from triggerflow_chassis import clock, ids
from triggerflow_orchestrator.app import attempt

BEGAN_US = 1_790_000_000_000_000
FAR_SECONDS = 1e9
"""A timer beyond this is none: something only looks again some day."""

MOST_TURNS = 20_000


class Hangs(AssertionError):
    """Nothing can be done any more, and nothing will ever be due."""


class Now:
    """Stands in for the module `time` where the product asks it for the present."""

    gmtime = staticmethod(time.gmtime)
    us = BEGAN_US

    @classmethod
    def time_ns(cls) -> int:
        return cls.us * 1_000


@contextmanager
def standing_still() -> Iterator[None]:
    """The product's clock is `Now`, and back-offs are as long as their node says."""
    with patch.object(clock, "time", Now), patch.object(ids, "time", Now), patch.object(attempt, "_JITTER", 0.0):
        yield


class _Nothing(selectors.SelectSelector):
    """Nothing comes from outside; asked to wait, it asks the driver."""

    idle: Callable[[], None]
    turns = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.turns += 1
        if timeout is None or timeout > 0:
            self.turns = 0
            self.idle()
        elif self.turns > MOST_TURNS:
            raise Hangs("the run goes round and round: it never comes to rest, and nothing ever comes of it")
        return []


class Loop(asyncio.SelectorEventLoop):
    """Asks `idle` for something to do whenever it has nothing; `advance` moves the clock to the next timer."""

    def __init__(self, idle: Callable[[], None], now_us: int) -> None:
        selector = _Nothing()
        super().__init__(selector)
        selector.idle = idle
        self._seconds = 0.0
        self._began_us = Now.us = now_us
        self.broke: list[Mapping[str, Any]] = []
        self.set_exception_handler(lambda _, context: self.broke.append(context))

    def time(self) -> float:
        return self._seconds

    @property
    def can_advance(self) -> bool:
        """Whether something is due some day."""
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        return bool(timers) and timers[0].when() < FAR_SECONDS / 2

    def advance(self) -> None:
        """Go to the next timer. Raises Hangs where there is none."""
        if not self.can_advance:
            raise Hangs("the run hangs: nothing runs, nothing can be answered, nothing is due")
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        self._seconds = max(self._seconds, timers[0].when())
        # Rounded up: what is due at a microsecond is due once the clock shows it.
        Now.us = self._began_us + int(self._seconds * 1_000_000 + 0.999)
