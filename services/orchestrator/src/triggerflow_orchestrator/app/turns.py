"""Let pure nodes have the loop for a bounded time, then whatever else waits for it, then pure nodes again.

One activation of them is short; but a thousand may get ready in one moment, as where a for-each holds for-eaches. All
would be performed before the loop looks at its sockets again: callers wait, and leases run out. And they are faster
than what they did is written: what is not yet durable is bounded too, else it would pile up in memory.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Final

SHARE_SECONDS: Final = 0.01
"""Of work between two looks at everything else. What began is finished, so it may take one activation more."""
MOST_UNWRITTEN: Final = 64
"""Steps of pure nodes that are on their way to the journal; each has up to 256 nodes."""
_WOKEN_AT_ONCE: Final = 8


class Turns:
    """First come, first served. For one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, changed: Callable[[], None] = lambda: None) -> None:
        """`changed` is called when work may be done again that could not be for want of room."""
        self._loop = loop
        self._changed = changed
        self._spent = 0.0
        self._unwritten = 0
        self._armed = False
        self._tickets = itertools.count()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def free(self) -> bool:
        """Whether work may be done at once. Else `wait` first."""
        return self._spent < SHARE_SECONDS and not self._waiting and not self.full

    @property
    def full(self) -> bool:
        """Whether too much of what was done is not written yet."""
        return self._unwritten >= MOST_UNWRITTEN

    def took(self, seconds: float) -> None:
        """Work was done for so long."""
        self._spent += seconds
        self._arm()

    def writes(self) -> None:
        """What was done is on its way to the journal, until it is `written`."""
        self._unwritten += 1

    def written(self, _error: BaseException | None = None) -> None:
        """It is durable, or never will be."""
        was_full = self.full
        self._unwritten -= 1
        if was_full:
            self._arm()
            self._changed()

    async def wait(self) -> None:
        """Return when it is the caller's turn: it works without awaiting anything, and tells what it `took`."""
        ticket = next(self._tickets)
        while True:
            turn: asyncio.Future[None] = self._loop.create_future()
            heapq.heappush(self._waiting, (ticket, turn))
            self._arm()
            await turn
            if self._spent < SHARE_SECONDS and not self.full:
                return
            # Those woken with it took the time, or the room.

    def _arm(self) -> None:
        if not self._armed and not (self.full and self._spent == 0.0):
            self._armed = True
            self._loop.call_soon(self._next)

    def _next(self) -> None:
        self._armed = False
        self._spent = 0.0
        woken = 0
        while self._waiting and woken < _WOKEN_AT_ONCE and not self.full:
            _, turn = heapq.heappop(self._waiting)
            if not turn.done():  # cancelled
                turn.set_result(None)
                woken += 1
        if self._waiting:
            self._arm()
