"""Forget what is kept for a while only: answers to request ids after 24 hours, what ended after KEEP_DAYS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog
from triggerflow_chassis.lifecycle import again_and_again

from triggerflow_orchestrator.app.firing_ports import Firings
from triggerflow_orchestrator.app.idempotency import KEPT_US
from triggerflow_orchestrator.ports import Pruning

EVERY_SECONDS: Final = 600.0
_DAY_US: Final = 24 * 60 * 60 * 1_000_000
# What started no run, where runs are kept for ever.
_FIRINGS_KEPT_US: Final = 30 * _DAY_US

log = structlog.get_logger(__name__)


class Retention:
    """Prunes at once, then every ten minutes. `keep_days` None keeps executions and notices for ever."""

    def __init__(
        self,
        pruning: Pruning,
        now_us: Callable[[], int],
        *,
        keep_days: int | None = None,
        firings: Firings | None = None,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._pruning = pruning
        self._now_us = now_us
        self._keep_us = None if keep_days is None else keep_days * _DAY_US
        self._firings = firings
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Until cancelled. A database that is busy or full is tried again soon."""
        await again_and_again("pruning_failed", self._once)

    async def _once(self) -> float:
        await self.prune()
        return self._every_seconds

    async def prune(self) -> int:
        """How much was forgotten. Raises Unavailable."""
        now = self._now_us()
        gone = {"answers": await self._pruning.forget_answers(now - KEPT_US)}
        if self._keep_us is not None:
            gone["executions"] = await self._pruning.forget_executions(now - self._keep_us)
            gone["notices"] = await self._pruning.forget_notices(now - self._keep_us)
        if self._firings is not None:
            kept = _FIRINGS_KEPT_US if self._keep_us is None else self._keep_us
            gone["firings"] = await self._firings.forget(now - kept)
        if any(gone.values()):
            log.info("pruned", **gone)
        return sum(gone.values())
