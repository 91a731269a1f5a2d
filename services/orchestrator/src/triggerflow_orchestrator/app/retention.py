"""Forget what is kept for a while only: answers to request ids, after 24 hours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from triggerflow_chassis.errors import Unavailable

from triggerflow_orchestrator.app.idempotency import KEPT_US
from triggerflow_orchestrator.ports import Pruning

EVERY_SECONDS: Final = 600.0

log = structlog.get_logger(__name__)


class Retention:
    """Prunes at once, then every ten minutes."""

    def __init__(self, pruning: Pruning, now_us: Callable[[], int], every_seconds: float = EVERY_SECONDS) -> None:
        self._pruning = pruning
        self._now_us = now_us
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Until cancelled. A database that is busy or full is tried again the next time."""
        while True:
            try:
                await self.prune()
            except Unavailable as error:
                log.warning("pruning_failed", error=error.detail)
            await asyncio.sleep(self._every_seconds)

    async def prune(self) -> int:
        """How many answers were forgotten. Raises Unavailable."""
        count = await self._pruning.forget_answers(self._now_us() - KEPT_US)
        if count:
            log.info("answers_forgotten", count=count)
        return count
