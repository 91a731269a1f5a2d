"""Put large values into an object store that may be away for a while, and say that one waits.

What waits is tried again and again, with pauses up to two seconds: the value must not be lost, and who made it has no
other place for it. Where nobody may wait, the first refusal is passed on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from triggerflow_chassis.errors import Unavailable

from triggerflow_orchestrator.ports import Objects

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 16
_FIRST_WAIT_SECONDS: Final = 0.25
_LONGEST_WAIT_SECONDS: Final = 2.0
_TELL_SECONDS: Final = 10.0
# Longer than a store that is well takes for anything.
_SLOW_SECONDS: Final = 2.0


class PatientPut:
    """Puts values of any number of runs, a bounded number of them at once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def all(
        self,
        execution_id: str,
        values: Sequence[tuple[str, bytes]],
        *,
        may_fail: bool = False,
        waits: Callable[[], None] | None = None,
    ) -> float:
        """Return once all are there: seconds it waited beyond what a store that is well needs, 0 where it did not.

        `waits` is called once, when it turns out to wait. Raises Unavailable where `may_fail`, ValueError where a
        reference is none.
        """
        wait = _Wait(execution_id, waits)
        pause = _FIRST_WAIT_SECONDS
        try:
            while True:
                try:
                    await asyncio.gather(*(self._put(ref, text) for ref, text in values))
                    return wait.over()
                except Unavailable as error:
                    if may_fail:
                        raise
                    wait.told(error.detail)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_WAIT_SECONDS)
        finally:
            wait.end()

    async def _put(self, ref: str, text: bytes) -> None:
        async with self._room:
            await self._objects.put(ref, text)


class _Wait:
    """One wait: when it began, and who was told of it."""

    def __init__(self, execution_id: str, waits: Callable[[], None] | None) -> None:
        self._execution_id = execution_id
        self._waits = waits
        self._began = time.monotonic()
        self._logged = self._began - _TELL_SECONDS
        self._is_one = False
        self._slow = asyncio.get_running_loop().call_later(_SLOW_SECONDS, self.told, "it does not answer")

    def told(self, why: str) -> None:
        now = time.monotonic()
        if now - self._logged >= _TELL_SECONDS:
            self._logged = now
            log.warning("large_value_waits", execution_id=self._execution_id, error=why)
        if not self._is_one:
            self._is_one = True
            if self._waits is not None:
                self._waits()

    def over(self) -> float:
        if not self._is_one:
            return 0.0
        seconds = time.monotonic() - self._began
        log.info("large_value_kept_late", execution_id=self._execution_id, seconds=round(seconds, 1))
        return seconds

    def end(self) -> None:
        self._slow.cancel()
