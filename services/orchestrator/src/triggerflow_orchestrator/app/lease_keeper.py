"""Hold this worker's lease: join, renew it, and know at any moment whether it surely lasts.

The database's clock decides; ours only says when to stop being sure: a full lease after the last renewal was *asked
for*. A process that was paused, or cut off from the database, begins no handler until a renewal came through, since
somebody else may have its runs. A lease that is gone never comes back: every run is dropped, and the worker joins under
a new id.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

import structlog
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.ids import uuid7

from triggerflow_orchestrator.ports import Leases

log = structlog.get_logger(__name__)

_RETRY_SECONDS: Final = 0.5


class LeaseKeeper:
    """One lease at a time. Run `run` as a task; read the rest on the loop."""

    def __init__(
        self,
        leases: Leases,
        *,
        name: str,
        most: int,
        seconds: float,
        live: Callable[[], int],
        strays: Callable[[], int] = lambda: 0,
    ) -> None:
        """`live` says how many runs there are, `strays` how many handlers go on although cancelled, at each renewal."""
        self._leases = leases
        self._name = name
        self._most = most
        self._seconds = seconds
        self._live = live
        self._strays = strays
        self._id: str | None = None
        self._sure_until = 0.0
        self._renewed = asyncio.Event()
        self.on_joined: Callable[[str], None] = _nobody
        """Told the new id once there is a lease."""
        self.on_renewed: Callable[[], None] = _nothing
        """Told after each renewal."""
        self.on_lost: Callable[[], None] = _nothing
        """Told once the lease is gone, and with it every run."""

    @property
    def id(self) -> str | None:
        """The worker's id, None while it has no lease."""
        return self._id

    @property
    def sure(self) -> bool:
        """Whether the lease surely lasts at this moment."""
        return time.monotonic() < self._sure_until

    async def until_sure(self) -> None:
        """Return once it is sure. Whoever waits for the sake of a run is cancelled when the run is dropped."""
        while not self.sure:
            self._renewed.clear()
            await self._renewed.wait()

    async def run(self) -> None:
        """Until cancelled. `leave` is for whoever stops the process."""
        while True:
            await self._join()
            await self._keep()

    async def _join(self) -> None:
        worker_id = uuid7()
        while True:
            asked = time.monotonic()
            try:
                await self._leases.join(worker_id, self._name, self._most)
            except Exception as error:
                log.warning("worker_not_joined", error=error.detail if isinstance(error, Unavailable) else repr(error))
                await self._rest(_RETRY_SECONDS)
            else:
                break
        self._id = worker_id
        self._renew(asked)
        log.info("worker_joined", worker_id=worker_id, name=self._name)
        self.on_joined(worker_id)

    async def _keep(self) -> None:
        worker_id = self._id
        assert worker_id is not None
        wait = self._seconds / 3
        while True:
            await self._rest(wait)
            asked = time.monotonic()
            try:
                there = await self._leases.beat(worker_id, self._live(), self._strays())
            except Exception as error:
                # A defect too: the lease is lost soon enough, and the worker must go on trying.
                detail = error.detail if isinstance(error, Unavailable) else repr(error)
                log.warning("lease_not_renewed", sure=self.sure, error=detail)
                wait = min(_RETRY_SECONDS, self._seconds / 3)
                continue
            if not there:
                log.warning("worker_lost_its_lease", worker_id=worker_id, runs=self._live())
                self._id = None
                self._sure_until = 0.0
                self.on_lost()
                return
            wait = self._seconds / 3
            self._renew(asked)
            self.on_renewed()

    def _renew(self, asked: float) -> None:
        self._sure_until = asked + self._seconds
        self._renewed.set()

    async def _rest(self, seconds: float) -> None:
        # Not all workers at once.
        await asyncio.sleep(seconds * random.uniform(0.8, 1.0))


def _nobody(_: str) -> None:
    """Until somebody wants to be told."""


def _nothing() -> None:
    """Until somebody wants to be told."""
