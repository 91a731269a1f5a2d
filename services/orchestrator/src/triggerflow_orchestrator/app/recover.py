"""Go on with what a stop or a crash of this one process interrupted: local mode. Run at start, once the runtime is
loaded. What each run does then: `take_up`."""

from __future__ import annotations

from dataclasses import replace

import structlog

from triggerflow_orchestrator.app.durable import Durable
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.take_up import TakeUp
from triggerflow_orchestrator.app.units import Fence, Kind, Unit
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.lease import LeaseLost
from triggerflow_orchestrator.ports import Journal, Reads

log = structlog.get_logger(__name__)


class Recover:
    """Claims and takes up every execution that has not ended."""

    def __init__(self, engine: Engine, reads: Reads, journal: Journal, take_up: TakeUp) -> None:
        self._engine = engine
        self._reads = reads
        self._journal = journal
        self._take_up = take_up
        self._interrupted: list[ExecutionRecord] = []
        self._claimed: list[ExecutionRecord] = []

    async def note(self) -> None:
        """Note what was interrupted. Call before a run can be accepted: those of this process are not among it."""
        self._interrupted = await self._reads.live()

    async def __call__(self) -> int:
        """How many were taken up. One that cannot be stops no other: it fails, or where a part of the host does not
        answer it is `left` for another try."""
        await self._claim()
        claimed, self._claimed = self._claimed, []
        for record in claimed:
            if not await self._take_up(record):
                self._claimed.append(record)
        self._engine.begin()
        count = len(claimed) - len(self._claimed)
        log.info("executions_recovered", count=count, left=len(self._claimed))
        return count

    @property
    def left(self) -> bool:
        """Whether some could not be taken up yet, because a part of the host did not answer. Call again later."""
        return bool(self._claimed)

    async def _claim(self) -> None:
        waiting: list[tuple[ExecutionRecord, Durable]] = []
        for record in self._interrupted:
            durable = Durable()
            unit = Unit(done=durable.told, fence=Fence(record.id, record.epoch))
            unit.rows.append((Kind.CLAIM, (record.epoch + 1, record.id)))
            self._journal.submit(unit)
            waiting.append((replace(record, epoch=record.epoch + 1), durable))
        self._interrupted = []
        for record, durable in waiting:
            try:
                await durable.wait()
            except LeaseLost:
                log.info("lease_lost", execution_id=record.id, epoch=record.epoch)
            else:
                self._claimed.append(record)
