"""Go on with what a stop or a crash interrupted. Run once at start, after the runtime is loaded.

The ledger is replayed from the journal to its frontier, and only what is missing runs: a finished node never again, a
node that was running once more, with the same activation, attempt and idempotency key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import orjson
import structlog
from triggerflow_chassis.bus import BusEvent
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import Invalid, NotFound, NoVersion

from triggerflow_orchestrator.app import events
from triggerflow_orchestrator.app.compiled import CompiledFlow, CompiledFlows
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.events import EventWriter
from triggerflow_orchestrator.app.run import CANCELLED_TYPE, Activation, Run
from triggerflow_orchestrator.app.units import Kind, Notice, Unit
from triggerflow_orchestrator.domain.execution import BlueprintVersion, ExecutionRecord, Failure, Remembered, StartRow
from triggerflow_orchestrator.domain.ledger import Entry, LedgerMisused, Ready, replay
from triggerflow_orchestrator.domain.plan import PlanInvalid
from triggerflow_orchestrator.domain.value import encode, references, restored
from triggerflow_orchestrator.ports import Blueprints, Reads

log = structlog.get_logger(__name__)


class RecoverySources(Protocol):
    """What is read beside the journal."""

    async def values(self, refs: Collection[str]) -> Mapping[str, bytes]:
        """Each reference's compact JSON. Raises Unavailable where one cannot be read."""

    async def custom_counts(self, execution_id: str, activation_ids: Collection[str]) -> Mapping[str, int]:
        """How many custom outputs each activation has sent."""


class Recover:
    """Takes up every execution that has not ended."""

    def __init__(
        self, engine: Engine, reads: Reads, blueprints: Blueprints, flows: CompiledFlows, sources: RecoverySources
    ) -> None:
        self._engine = engine
        self._reads = reads
        self._blueprints = blueprints
        self._flows = flows
        self._sources = sources
        self._interrupted: list[ExecutionRecord] = []

    async def note(self) -> None:
        """Note what was interrupted. Call before a run can be accepted: those of this process are not among it."""
        self._interrupted = await self._reads.live()

    async def __call__(self) -> int:
        """How many were taken up. One that cannot be stops no other: it fails, or where a part of the host does not
        answer it is `left` for another try."""
        count = 0
        interrupted, self._interrupted = self._interrupted, []
        for record in interrupted:
            try:
                await self._take_up(record)
                count += 1
            except (Invalid, NotFound, NoVersion, PlanInvalid, LedgerMisused, KeyError) as error:
                log.exception("execution_not_recovered", execution_id=record.id)
                await self._give_up(record, str(error))
            except Exception as error:
                log.error("execution_not_taken_up_yet", execution_id=record.id, error=str(error))
                self._interrupted.append(record)
        self._engine.begin()
        log.info("executions_recovered", count=count, left=len(self._interrupted))
        return count

    @property
    def left(self) -> bool:
        """Whether some could not be taken up yet, because a part of the host did not answer. Call again later."""
        return bool(self._interrupted)

    async def _take_up(self, record: ExecutionRecord) -> None:
        version = await self._version(record)
        compiled = self._flows.of(version)
        if record.started_at is None:
            inputs = await self._restored(orjson.loads(record.inputs_json))
            run = Run(record, compiled.plan, self._engine.numbers)
            self._engine.enqueue(run, compiled, record.project_id, compiled.fire(_fired(record, compiled), inputs))
            return
        remembered = await self._reads.remembered(record.id)
        if remembered is not None:
            await self._go_on(remembered, compiled)

    async def _give_up(self, record: ExecutionRecord, why: str) -> None:
        """End what cannot go on, so that it says so instead of seeming to run."""
        try:
            remembered = await self._reads.remembered(record.id)
        except Exception:
            log.exception("execution_not_readable", execution_id=record.id)
            return
        if remembered is None or remembered.execution.ended:
            return
        now = now_us()
        attempts = {row.activation_id: row.attempt for row in remembered.attempts}
        failure = Failure("NotRecovered", f"the run could not be taken up after a restart: {why}")
        last = remembered.last_event
        writer = EventWriter(record.id, last.id, last.sequence) if last is not None else EventWriter(record.id)
        unit, batch = Unit(), list[BusEvent]()
        if last is None:
            writer.add(unit, batch, now, "execution.started", events.state("running"))
            unit.notices.append(Notice(record.project_id, "execution.started", now, record.flow_id, record.id))
        ended = {row.activation_id for row in remembered.journal}
        seq = remembered.journal[-1].seq if remembered.journal else 0
        for start in remembered.starts:
            if start.activation_id in ended:
                continue
            seq += 1
            attempt = attempts.get(start.activation_id, 1)
            stopped = Failure(CANCELLED_TYPE, "the run ended while this node ran", attempt=attempt)
            error = orjson.dumps(stopped.as_json()).decode()
            whose = (start.activation_id, start.node_id, start.scope, attempt)
            row = (record.id, seq, record.epoch, *whose, "cancelled", "{}", error, start.started_at, now)
            unit.rows.append((Kind.JOURNAL, row))
            event_id = writer.add(
                unit, batch, now, "chunk.failed", events.chunk_failed(start.node_id, stopped.type, stopped.message)
            )
            if attempt > 1:
                whose_detail = (start.node_id, start.activation_id, start.scope, attempt, attempt - 1, event_id)
                writer.add(unit, batch, now, "runtime.output", events.custom("detail", *whose_detail))
        message = f"{failure.type}: {failure.message}"
        writer.add(unit, batch, now, "execution.failed", events.state("failed", message))
        unit.notices.append(Notice(record.project_id, "execution.failed", now, record.flow_id, record.id))
        error = orjson.dumps(failure.as_json()).decode()
        state = ("failed", record.outputs_json, error, record.started_at or now, now, record.deadline_at, record.epoch)
        unit.rows.append((Kind.STATE, (*state, record.id)))
        self._engine.write(record.id, unit, batch)

    async def _version(self, record: ExecutionRecord) -> BlueprintVersion:
        return await self._blueprints.get_version(record.flow_id, record.version, record.project_id)

    async def _go_on(self, remembered: Remembered, compiled: CompiledFlow) -> None:
        record = remembered.execution
        plan = compiled.plan
        entries = []
        for row in remembered.journal:
            ports = await self._restored(orjson.loads(row.ports_json))
            lit = {port: encode(value) for port, value in ports.items()}
            entries.append(Entry(plan.index[row.node_id], row.status, lit))
        replayed = replay(plan, entries)
        last = remembered.last_event
        writer = EventWriter(record.id, last.id, last.sequence) if last is not None else EventWriter(record.id)
        run = Run(record, plan, self._engine.numbers, writer)
        now = now_us()
        unit = Unit()
        run.epoch += 1
        unit.rows.append(run.state_row())
        move = run.resume(unit, replayed.ledger, remembered.journal[-1].seq if remembered.journal else 0)

        ended = {row.activation_id for row in remembered.journal}
        open_starts = {start.node_id: start for start in remembered.starts if start.activation_id not in ended}
        due = {row.activation_id: (row.attempt, row.due_at) for row in remembered.attempts}
        customs = await self._sources.custom_counts(record.id, [start.activation_id for start in open_starts.values()])
        later: list[tuple[Activation, int]] = []
        for ready in replayed.frontier:
            start = open_starts[plan.nodes[ready.node].id]
            activation = self._activation(run, ready, start, customs)
            attempt, due_at = due.get(activation.id, (1, 0))
            activation.attempt = attempt
            waits = due_at > now
            run.restart(move, now, activation, recovered=not waits)
            if waits:
                move.ready.remove(activation)
                later.append((activation, due_at))
        self._engine.resume(run, compiled, record.project_id, move)
        for activation, due_at in later:
            self._engine.emit_at(run.id, activation, due_at)

    def _activation(self, run: Run, ready: Ready, start: StartRow, customs: Mapping[str, int]) -> Activation:
        return Activation(
            run=run,
            number=next(self._engine.numbers),
            id=start.activation_id,
            node=run.plan.nodes[ready.node],
            inputs=ready.inputs,
            started_at=start.started_at,
            custom_count=customs.get(start.activation_id, 0),
        )

    async def _restored(self, shape: Any) -> Any:
        refs = references(shape)
        if not refs:
            return shape
        found = await self._sources.values(refs)
        return restored(shape, found.__getitem__)


def _fired(record: ExecutionRecord, compiled: CompiledFlow) -> tuple[int, ...]:
    if record.trigger_node_id is not None:
        return (compiled.plan.index[record.trigger_node_id],)
    return compiled.plan.manual_triggers
