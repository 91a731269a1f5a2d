"""Forget flow events that are older than KEEP_DAYS, in short changes: others wait for each."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from triggerflow_chassis.ids import first_uuid7
from triggerflow_chassis.lifecycle import again_and_again

from triggerflow_registry.ports import Clock, Store

EVERY_SECONDS: Final = 600.0
_DAY_US: Final = 24 * 60 * 60 * 1_000_000
_STEP: Final = 500
_REST_SECONDS: Final = 0.05

log = structlog.get_logger("triggerflow.registry")


class Retention:
    """Prunes at once, then every ten minutes."""

    def __init__(self, store: Store, clock: Clock, keep_days: int, *, every_seconds: float = EVERY_SECONDS) -> None:
        self._store = store
        self._clock = clock
        self._keep_us = keep_days * _DAY_US
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Until cancelled. A store that is busy or full is tried again soon."""
        await again_and_again("pruning_failed", self._once)

    async def _once(self) -> float:
        await self.prune()
        return self._every_seconds

    async def prune(self) -> int:
        """How many events were forgotten. Raises Unavailable."""
        before = first_uuid7(self._clock() - self._keep_us)
        count = 0
        while True:
            async with self._store.write() as change:
                gone = await change.forget_events(before, _STEP)
            count += gone
            if gone < _STEP:
                break
            await asyncio.sleep(_REST_SECONDS)
        if count:
            log.info("pruned", events=count)
        return count
