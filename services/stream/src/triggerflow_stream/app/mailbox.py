"""Hold what was published while its reader is busy, and never more than so much."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any


class Mailbox:
    """A bounded queue for one reader. Past its bound it forgets everything and says so: the log has it all."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: deque[Any] = deque()
        self._arrived = asyncio.Event()
        self.overflowed = False

    def put(self, items: Sequence[Any]) -> None:
        """Note what was published. Never blocks."""
        if len(self._items) + len(items) > self._capacity:
            self.lose()
            return
        if not self.overflowed:
            self._items.extend(items)
        self._arrived.set()

    def lose(self) -> None:
        """Note that something may have been lost on its way here."""
        self.overflowed = True
        self._items.clear()
        self._arrived.set()

    def reopen(self) -> None:
        """Collect again after an overflow. Call before reading the log for what was lost."""
        self.overflowed = False

    def peek(self) -> Any | None:
        """The oldest item, left where it is; None where there is none."""
        return self._items[0] if self._items else None

    def pop(self) -> Any:
        """The oldest item. Raises IndexError where there is none."""
        return self._items.popleft()

    async def wait(self, seconds: float) -> bool:
        """Wait until there is something to take, or something was lost. False where the time passed first."""
        if self._items or self.overflowed:
            return True
        self._arrived.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            return False
        return True
