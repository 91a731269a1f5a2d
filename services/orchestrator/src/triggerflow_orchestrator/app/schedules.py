"""Keep the time for schedules: at each due time what fires is written, once, by whichever replica comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from triggerflow_chassis.errors import Unavailable

from triggerflow_orchestrator.app.firing_ports import Schedules

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 20
_IDLE_SECONDS: Final = 5.0
"""What other replicas changed is seen after so long."""
_RETRY_SECONDS: Final = 1.0
_SHORTEST_SECONDS: Final = 0.005


class KeepTime:
    """`run` once, until cancelled."""

    def __init__(self, schedules: Schedules, fired: Callable[[], None]) -> None:
        """`fired` is called whenever there is something to start."""
        self._schedules = schedules
        self._fired = fired
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look again: triggers changed, or one was resumed."""
        self._wake.set()

    async def run(self) -> None:
        """Fire what is due, sleep until the next. What stands in the way is waited for."""
        while True:
            self._wake.clear()
            wait = _RETRY_SECONDS
            try:
                wait = await self.once()
            except Unavailable as error:
                log.warning("schedules_wait_for_database", error=error.detail)
            except Exception:
                # A defect must not end it for good: this process keeps no time without it.
                log.exception("schedules_not_kept")
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def once(self) -> float:
        """Fire all that is due; seconds until the next is, at most five. Raises Unavailable."""
        if changed := await self._schedules.keep():
            log.info("schedules_changed", count=changed)
        while due := await self._schedules.fire_due(_AT_ONCE):
            self._fired()
            if due < _AT_ONCE:
                break
        next_in = await self._schedules.next_in()
        return _IDLE_SECONDS if next_in is None else min(_IDLE_SECONDS, max(_SHORTEST_SECONDS, next_in))
