"""Let the changes of this process happen one after the other, in the order they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from triggerflow_chassis.errors import Unavailable

_DRAIN_SECONDS = 2.0


class Turns:
    """A fair queue for the one who may change something. A database would let them wait with a connection each."""

    def __init__(self, patience: float) -> None:
        self._turn = asyncio.Lock()
        self._patience = patience

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Be the only one for the length of the block. Raises Unavailable where others take too long."""
        try:
            async with asyncio.timeout(self._patience):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable("Too many changes wait for each other. Nothing was changed; try again.") from None
        try:
            yield
        finally:
            self._turn.release()

    async def drained(self) -> None:
        """Return once those that began or wait have ended, or after a while: a lock may be held for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS), self._turn:
                return
