"""Take up one run that this process has claimed: begin it, or go on from the journal.

The ledger is replayed from the journal to its frontier, and only what is missing runs: a finished node never again, a
node that was running once more, with the same activation, attempt and idempotency key. One rule of epochs: whoever
claims a run raises its epoch by one before this reads the journal, so that nothing of its holder before is written
afterwards; taking up changes no epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import Invalid, NotFound, NoVersion
from triggerflow_chassis.ids import first_uuid7, made_at_us

from triggerflow_orchestrator.app.activation import Activation
from triggerflow_orchestrator.app.answers import settled_of
from triggerflow_orchestrator.app.compiled import CompiledFlow, CompiledFlows
from triggerflow_orchestrator.app.end_unrun import EndUnrun
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.events import EventWriter
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.app.units import Unit
from triggerflow_orchestrator.domain import seed as seeds
from triggerflow_orchestrator.domain.execution import ExecutionRecord, Failure, Remembered, StartRow
from triggerflow_orchestrator.domain.lease import LeaseLost
from triggerflow_orchestrator.domain.ledger import LedgerMisused
from triggerflow_orchestrator.domain.plan import PlanInvalid
from triggerflow_orchestrator.domain.replay_scopes import Entry, replay_scopes
from triggerflow_orchestrator.domain.scopes import Begun
from triggerflow_orchestrator.domain.seed import Seed
from triggerflow_orchestrator.domain.value import encode, references, restored
from triggerflow_orchestrator.ports import Blueprints, Reads, RecoverySources

log = structlog.get_logger(__name__)


class TakeUp:
    """Takes up runs, one at a time each; several at once do not disturb each other."""

    def __init__(
        self,
        engine: Engine,
        reads: Reads,
        blueprints: Blueprints,
        flows: CompiledFlows,
        sources: RecoverySources,
        end_unrun: EndUnrun,
    ) -> None:
        self._engine = engine
        self._reads = reads
        self._blueprints = blueprints
        self._flows = flows
        self._sources = sources
        self._end_unrun = end_unrun

    async def __call__(self, record: ExecutionRecord) -> bool:
        """Take up the run with the epoch of `record`. Never raises.

        True: nothing is left to do here. It goes on, or it cannot and is ended as failed, or somebody else has it.
        False: a part of the host does not answer, so try again later, or give it back.
        """
        try:
            try:
                await self._take_up(record)
            except (Invalid, NotFound, NoVersion, PlanInvalid, LedgerMisused, KeyError) as error:
                log.exception("execution_not_recovered", execution_id=record.id)
                why = f"the run could not be taken up after a restart: {error}"
                await self._end_unrun.fail(record, Failure("NotRecovered", why))
        except LeaseLost:
            log.info("lease_lost", execution_id=record.id, epoch=record.epoch)
        except Exception as error:
            log.error("execution_not_taken_up_yet", execution_id=record.id, error=str(error))
            return False
        return True

    async def _take_up(self, record: ExecutionRecord) -> None:
        version = await self._blueprints.get_version(record.flow_id, record.version, record.project_id)
        compiled = await self._flows.of(version, record.project_id)
        if record.started_at is None:
            inputs = await self._restored(orjson.loads(record.inputs_json))
            run = Run(record, compiled.plan, self._engine.numbers, compiled, seed=await self._seed(record))
            if record.context_added:
                for intervention, _ in await self._sources.interventions(record.id):
                    run.intervene(now_us(), intervention)
            self._engine.enqueue(run, compiled, record.project_id, compiled.fire(_fired(record, compiled), inputs))
            return
        remembered = await self._reads.remembered(record.id, compiled.plan)
        if remembered is None or remembered.execution.epoch != record.epoch:
            raise LeaseLost(record.id)
        if not remembered.execution.ended:
            await self._go_on(remembered, compiled)

    async def _go_on(self, remembered: Remembered, compiled: CompiledFlow) -> None:
        record = remembered.execution
        plan = compiled.plan
        entries = []
        for row in remembered.journal:
            ports = await self._restored(orjson.loads(row.ports_json))
            lit = {port: encode(value) for port, value in ports.items()}
            entries.append(Entry(row.scope, row.node_id, row.status, lit, row.error))
        seed = await self._seed(record)
        replayed = replay_scopes(plan, compiled, entries, seed.edits if seed is not None else {})
        last = remembered.last_event
        # Above all ids so far, though not all of the journal is here: an activation is made with an event, so none is
        # of a later millisecond than the last. Both go on from here, so that this stays true.
        floor = first_uuid7(made_at_us(last.id) + 1_000) if last is not None else None
        writer = EventWriter(record.id, floor, last.sequence) if last is not None else EventWriter(record.id)
        run = Run(record, plan, self._engine.numbers, compiled, writer, seed)
        unit = Unit()
        unit.rows.append(run.state.row())
        ended = {row.activation_id for row in remembered.journal}
        seq = max(remembered.last_seq, remembered.journal[-1].seq if remembered.journal else 0)
        move = run.resume(unit, replayed.scopes, seq, floor)

        open_starts = {
            (start.scope, start.node_id): start for start in remembered.starts if start.activation_id not in ended
        }
        due = {row.activation_id: (row.attempt, row.due_at) for row in remembered.attempts}
        open_ids = [start.activation_id for start in open_starts.values()]
        customs = await self._sources.custom_counts(record.id, open_ids)
        printed = await self._sources.printed_counts(record.id, open_ids)
        added = await self._sources.interventions(record.id)
        answers = {wait.id: await settled_of(wait, self._sources) for wait in remembered.waits if wait.status != "open"}
        # Only now: what follows happens in one step of the loop.
        now = now_us()
        later: list[tuple[Activation, int]] = []
        waits = {wait.id: wait for wait in remembered.waits}
        # A run that had left has begun no attempt since: what is due then runs for the first time.
        had_left = record.wake_at is not None
        for begun in replayed.frontier:
            start = open_starts[begun.scope.name, begun.node.id]
            activation = self._activation(run, begun, start, customs)
            attempt, due_at = due.get(activation.id, (1, 0))
            activation.attempt = attempt
            activation.printed = dict(printed[activation.id]) if activation.id in printed else None
            if activation.id in waits:
                run.keep_waiting(activation)
                if activation.id not in answers:
                    run.inflight.rest(activation)
                continue
            backs_off = due_at > now
            run.restart(move, now, activation, recovered=not backs_off and not had_left)
            if backs_off:
                move.ready.remove(activation)
                run.inflight.rest(activation, due_at)
                later.append((activation, due_at))
        run.interventions = tuple(intervention for intervention, taken in added if taken)
        self._engine.resume(run, compiled, record.project_id, move)
        for intervention, _ in added:
            self._engine.intervene(intervention)
        for settled in answers.values():
            self._engine.answer(run.id, settled)
        for activation, due_at in later:
            self._engine.emit_at(run.id, activation, due_at)

    def _activation(self, run: Run, begun: Begun, start: StartRow, customs: Mapping[str, int]) -> Activation:
        return Activation(
            run=run,
            number=next(self._engine.numbers),
            id=start.activation_id,
            node=begun.node,
            inputs=begun.inputs,
            started_at=start.started_at,
            scope=begun.scope,
            custom_count=customs.get(start.activation_id, 0),
        )

    async def _seed(self, record: ExecutionRecord) -> Seed | None:
        body = await self._reads.seed(record.id) if record.rerun_of is not None else None
        return None if body is None else seeds.read(body, (await self._sources.values(seeds.large(body))).__getitem__)

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
