"""Let pure nodes have the loop for a bounded time, then whatever else waits for it, then pure nodes again.

One activation of them is short; but a thousand may get ready in one moment, as where a for-each holds for-eaches. All
would be performed before the loop looks at its sockets again: callers wait, and leases run out.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import Final

SHARE_SECONDS: Final = 0.01
"""Of work between two looks at everything else. What began is finished, so it may take one activation more."""
_WOKEN_AT_ONCE: Final = 8


class Turns:
    """First come, first served. For one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._spent = 0.0
        self._armed = False
        self._tickets = itertools.count()
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def free(self) -> bool:
        """Whether work may be done at once. Else `wait` first."""
        return self._spent < SHARE_SECONDS and not self._waiting

    def took(self, seconds: float) -> None:
        """Work was done for so long."""
        self._spent += seconds
        self._arm()

    async def wait(self) -> None:
        """Return when it is the caller's turn: it works without awaiting anything, and tells what it `took`."""
        ticket = next(self._tickets)
        while True:
            turn: asyncio.Future[None] = self._loop.create_future()
            heapq.heappush(self._waiting, (ticket, turn))
            self._arm()
            await turn
            if self._spent < SHARE_SECONDS:
                return
            # Those woken with it took the time.

    def _arm(self) -> None:
        if not self._armed:
            self._armed = True
            self._loop.call_soon(self._next)

    def _next(self) -> None:
        self._armed = False
        self._spent = 0.0
        woken = 0
        while self._waiting and woken < _WOKEN_AT_ONCE:
            _, turn = heapq.heappop(self._waiting)
            if not turn.done():  # cancelled
                turn.set_result(None)
                woken += 1
        if self._waiting:
            self._arm()
