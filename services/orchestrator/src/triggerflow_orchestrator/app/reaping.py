"""Queue the runs of dead workers again. Any number of reapers may run beside each other, in workers and elsewhere."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

import structlog
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.lifecycle import again_and_again

from triggerflow_orchestrator.ports import Kicks, Leases

log = structlog.get_logger(__name__)

_EVERY_SECONDS: Final = 0.5
# After the database was away, its workers come first: they live, and only could not say so.
_GRACE_SECONDS: Final = 2.0


class Reaping:
    """Run `run` as a task."""

    def __init__(self, leases: Leases, kicks: Kicks, *, may: Callable[[], bool] = lambda: True) -> None:
        """`may` says whether this process is fit to judge others."""
        self._leases = leases
        self._kicks = kicks
        self._may = may
        self._not_before = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        await again_and_again("leases_not_reaped", self._once, longest_rest=_EVERY_SECONDS)

    async def _once(self) -> float:
        if not self._may():
            self._not_before = time.monotonic() + _GRACE_SECONDS
        elif time.monotonic() >= self._not_before:
            await self._reap()
        else:
            await self._look()
        return _EVERY_SECONDS * random.uniform(0.8, 1.0)

    async def _reap(self) -> None:
        try:
            queued = await self._leases.reap()
        except Unavailable as error:
            log.warning("leases_not_reaped", error=error.detail)
            self._not_before = time.monotonic() + _GRACE_SECONDS
            return
        if queued:
            log.warning("runs_of_dead_workers_queued", count=len(queued))
            self._kicks.kick(queued)

    async def _look(self) -> None:
        """The grace begins when the database answers, not when it went."""
        try:
            await self._leases.load()
        except Unavailable:
            self._not_before = time.monotonic() + _GRACE_SECONDS
