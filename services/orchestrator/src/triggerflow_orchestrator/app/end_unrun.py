"""End a run that nobody runs: cancelled after it was taken over, or unable to go on. Needs no version and no handler.

Its activations that had begun end cancelled, as those of a run that ends while it runs: CONTRACT section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import orjson
from triggerflow_chassis.bus import Bus, BusEvent
from triggerflow_chassis.clock import now_us

from triggerflow_orchestrator.app import events, waiting
from triggerflow_orchestrator.app.durable import Durable
from triggerflow_orchestrator.app.events import EventWriter
from triggerflow_orchestrator.app.publish import publish
from triggerflow_orchestrator.app.transcript import CANCELLED_TYPE
from triggerflow_orchestrator.app.units import Fence, Kind, Notice, Unit
from triggerflow_orchestrator.domain.execution import ExecutionRecord, Failure, Remembered
from triggerflow_orchestrator.domain.lease import LeaseLost
from triggerflow_orchestrator.ports import Journal, Reads, RecoverySources

Extend = Callable[[Unit, ExecutionRecord], None]
"""Adds to a unit what is written with the end, given the execution as it ended."""


class EndUnrun:
    """Ends runs that the caller has claimed and this process does not drive."""

    def __init__(self, reads: Reads, sources: RecoverySources, journal: Journal, bus: Bus) -> None:
        self._reads = reads
        self._sources = sources
        self._journal = journal
        self._bus = bus

    async def cancel(self, record: ExecutionRecord, message: str, extend: Extend) -> ExecutionRecord:
        """The execution, once its end because somebody asked is durable. Raises LeaseLost where somebody claimed it
        since `record` was, Unavailable where the database does not answer."""
        failure = Failure(CANCELLED_TYPE, message)
        return await self._end(record, "cancelled", failure, f"cancelled: {message}", extend)

    async def fail(self, record: ExecutionRecord, failure: Failure) -> ExecutionRecord:
        """The execution, once its failure is durable. Raises as `cancel` does."""
        return await self._end(record, "failed", failure, f"{failure.type}: {failure.message}", lambda *_: None)

    async def _end(
        self, record: ExecutionRecord, status: str, failure: Failure, message: str, extend: Extend
    ) -> ExecutionRecord:
        remembered = await self._reads.remembered(record.id)
        if remembered is None or remembered.execution.epoch != record.epoch or remembered.execution.ended:
            raise LeaseLost(record.id)
        now = now_us()
        unit, batch = Unit(fence=Fence(record.id, record.epoch)), list[BusEvent]()
        last = remembered.last_event
        writer = EventWriter(record.id, last.id, last.sequence) if last is not None else EventWriter(record.id)
        if last is None:  # a run starts before it ends, even one that nobody let run
            writer.add(unit, batch, now, "execution.started", events.state("running"))
            unit.notices.append(Notice(record.project_id, "execution.started", now, record.flow_id, record.id))
        await self._end_activations(unit, batch, writer, remembered, now)
        unit.rows.extend(waiting.cancelled_row(wait.id, now) for wait in remembered.waits)
        writer.add(unit, batch, now, "execution.failed", events.state("failed", message))
        unit.notices.append(Notice(record.project_id, "execution.failed", now, record.flow_id, record.id))
        ended = replace(
            remembered.execution,
            status="cancelled" if status == "cancelled" else "failed",
            error=failure,
            started_at=remembered.execution.started_at or now,
            ended_at=now,
            owner=None,
        )
        unit.rows.append((Kind.STATE, _state(ended, failure)))
        extend(unit, ended)
        await self._written(record.id, unit, batch)
        return ended

    async def _end_activations(
        self, unit: Unit, batch: list[BusEvent], writer: EventWriter, remembered: Remembered, now: int
    ) -> None:
        record = remembered.execution
        attempts = {row.activation_id: row.attempt for row in remembered.attempts}
        ended = {row.activation_id for row in remembered.journal}
        left = [start for start in remembered.starts if start.activation_id not in ended]
        told = [start.activation_id for start in left if start.scope or attempts.get(start.activation_id, 1) > 1]
        customs = await self._sources.custom_counts(record.id, told)
        first = remembered.journal[-1].seq + 1 if remembered.journal else 1
        for seq, start in enumerate(left, first):
            attempt = attempts.get(start.activation_id, 1)
            stopped = Failure(CANCELLED_TYPE, "the run ended while this node ran", attempt=attempt)
            error = orjson.dumps(stopped.as_json()).decode()
            whose = (start.activation_id, start.node_id, start.scope, attempt)
            row = (record.id, seq, record.epoch, *whose, "cancelled", "{}", error, start.started_at, now)
            unit.rows.append((Kind.JOURNAL, row))
            payload = events.chunk_failed(start.node_id, stopped.type, stopped.message)
            event_id = writer.add(unit, batch, now, "chunk.failed", payload)
            if attempt > 1 or start.scope:
                count = customs.get(start.activation_id, 0)
                whose_detail = (start.node_id, start.activation_id, start.scope, attempt, count, event_id)
                writer.add(unit, batch, now, "runtime.output", events.custom("detail", *whose_detail))

    async def _written(self, execution_id: str, unit: Unit, batch: list[BusEvent]) -> None:
        durable = Durable()

        def done(error: BaseException | None) -> None:
            if error is None:
                publish(self._bus, execution_id, unit, batch)
            durable.told(error)

        unit.done = done
        self._journal.submit(unit)
        await durable.wait()


def _state(ended: ExecutionRecord, failure: Failure) -> tuple[object, ...]:
    error = orjson.dumps(failure.as_json()).decode()
    times = (ended.started_at, ended.ended_at, ended.deadline_at)
    return (ended.status, ended.outputs_json, error, *times, ended.epoch, ended.id)
