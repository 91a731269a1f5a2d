"""Run an execution again: from its failure, from a node, or from the start, on the same or another version.

What is reused is decided by `domain.rerun`; it is stored as the new run's seed in the transaction that accepts the run,
its large values copied, so that the new run needs nothing of the old one any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import orjson
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import Invalid, NoManualTrigger, NotFound, Running, Violation
from triggerflow_chassis.ids import normalise, uuid7

from triggerflow_orchestrator.app.commands import RetryCommand
from triggerflow_orchestrator.app.compiled import CompiledFlow, CompiledFlows
from triggerflow_orchestrator.app.durable import Durable
from triggerflow_orchestrator.app.rerun_plan import RerunPlan, describe
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.app.start import Acceptor, Places, a_place, inputs_text, insert_rows
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain import seed as seeds
from triggerflow_orchestrator.domain.execution import BlueprintVersion, ExecutionRecord, Failure, JournalRow
from triggerflow_orchestrator.domain.plan import Plan
from triggerflow_orchestrator.domain.rerun import (
    FROM_FAILURE,
    FROM_START,
    Decision,
    NotRun,
    Outcome,
    Place,
    Version,
    decide,
    own_nodes,
)
from triggerflow_orchestrator.domain.seed import Edited, Seed, Taken
from triggerflow_orchestrator.domain.value import Value, encode, references, restored
from triggerflow_orchestrator.ports import Blueprints, Reads, RecoverySources

Pure = Callable[[], Awaitable[Collection[str]]]
"""The entrypoints that the catalogue calls pure. Raises ServiceError where it does not answer."""

_LONG: Final = 1_000
_KEPT_NAME: Final = Violation("/inputs/$value", "This name is kept for references. Choose another one.")


@dataclass(frozen=True, slots=True)
class _Prepared:
    """All that is known before anything is done."""

    record: ExecutionRecord
    version: BlueprintVersion
    compiled: CompiledFlow
    inputs: Mapping[str, Any]
    fired: Mapping[int, Mapping[str, Value]]
    start: str
    rows: tuple[JournalRow, ...]
    decision: Decision
    edited: Mapping[str, Value] | None
    """What the node to start from is given instead."""
    warnings: tuple[str, ...]


class RetryExecution:
    """Plans and accepts runs that repeat another."""

    def __init__(
        self,
        acceptor: Acceptor,
        reads: Reads,
        blueprints: Blueprints,
        flows: CompiledFlows,
        sources: RecoverySources,
        pure: Pure,
        places: Places | None = None,
    ) -> None:
        """Without `places` no flow is limited in its runs."""
        self._places = places
        self._acceptor = acceptor
        self._reads = reads
        self._blueprints = blueprints
        self._flows = flows
        self._sources = sources
        self._pure = pure

    async def plan(self, command: RetryCommand) -> RerunPlan:
        """What it would do. Raises as the call itself does; changes nothing."""
        found = await self._prepare(command)
        metrics = await self._reads.metrics_by_activation(found.record.id)
        repeats, estimate = describe(found.decision, found.rows, metrics, await self._pure())
        return RerunPlan(
            execution_id=found.record.id,
            start=found.start,
            version=found.version.version,
            reused=found.decision.reused,
            repeats=repeats,
            changed=found.decision.changed,
            warnings=found.warnings,
            estimate=estimate,
        )

    async def __call__(self, command: RetryCommand) -> ExecutionRecord:
        """The new run as it is once durable.

        Raises NotFound, Invalid (an unknown version, a node that did not run, inputs that break a schema or name no
        port), NoManualTrigger, Running where the old run has not ended, TooMany, Unavailable.
        """
        found = await self._prepare(command)
        async with a_place(self._places, command.project_id, found.version):
            return await self._accept(command, found)

    async def _accept(self, command: RetryCommand, found: _Prepared) -> ExecutionRecord:
        unit = Unit(may_fail=True)
        record = _record(command, found, unit)
        seed = _seed(found, record.id, unit)
        durable = Durable()
        accepted: list[ExecutionRecord] = []

        def insert(unit: Unit, run: Run) -> None:
            accepted.append(run.state.snapshot())
            insert_rows(unit, accepted[0], found.compiled.plan, command.request)

        self._acceptor.accept(unit, record, found.compiled, found.fired, insert, durable.told, seed)
        await durable.wait()
        return accepted[0]

    async def _prepare(self, command: RetryCommand) -> _Prepared:
        record = await self._reads.execution(command.project_id, command.execution_id)
        if record is None:
            raise NotFound("execution", command.execution_id)
        if command.inputs is not None and "$value" in command.inputs:
            raise Invalid([_KEPT_NAME])
        old, version = await self._versions(record, command)
        before = await self._flows.of(old, record.project_id)
        compiled = await self._flows.of(version, record.project_id)
        start = command.start if command.start in (FROM_START, FROM_FAILURE) else normalise(command.start)
        _check_node(compiled.plan, start, version.version)
        if not record.ended:
            raise Running("The execution has not ended. Cancel it, or wait for its end, then run it again.")
        if start == FROM_FAILURE and record.status == "succeeded":
            raise Invalid([Violation("/from", "The execution did not fail. Name a node, or take start.")])
        triggers = _triggers(record, compiled)
        if start in compiled.plan.index and compiled.plan.index[start] in triggers:
            start = FROM_START  # it has no inputs but the run's
        remembered = await self._reads.remembered(record.id)
        if remembered is None:
            raise NotFound("execution", record.id)
        inputs = command.inputs if start == FROM_START and command.inputs is not None else await self._inputs(record)
        fired = compiled.fire(triggers, inputs)
        rows = remembered.journal
        journal, gone = await self._outcomes(rows) if start != FROM_START else ([], frozenset[str]())
        edited = None if command.inputs is None or start == FROM_START else command.inputs
        values = None if edited is None else {key: encode(value) for key, value in edited.items()}
        failed = record.error.node_id if record.error is not None else None
        versions = Version(before.plan, before), Version(compiled.plan, compiled)
        try:
            how = partial(decide, *versions, journal, fired, start, edited=values, failed=failed, gone=gone)
            # Pure: a long journal need not hold up every run of this process.
            decision = how() if len(journal) < _LONG else await asyncio.to_thread(how)
        except NotRun:
            raise Invalid([_not_run(start)]) from None
        if values is not None and decision.restarted is not None:
            _check_ports(compiled.plan, decision.restarted, values)
        warnings = tuple(_warnings(record, version, before.plan, gone, rows))
        return _Prepared(record, version, compiled, inputs, fired, start, rows, decision, values, warnings)

    async def _versions(
        self, record: ExecutionRecord, command: RetryCommand
    ) -> tuple[BlueprintVersion, BlueprintVersion]:
        named = record.version if command.blueprint_version is None else command.blueprint_version
        try:
            old = await self._blueprints.get_version(record.flow_id, record.version, record.project_id)
            if named == record.version:
                return old, old
            return old, await self._blueprints.get_version(record.flow_id, named, record.project_id)
        except Invalid as error:
            if [violation.pointer for violation in error.violations] == ["/flowId"]:
                raise Invalid([Violation("", "The flow was deleted, so nothing of it can run again.")]) from None
            raise

    async def _inputs(self, record: ExecutionRecord) -> Mapping[str, Any]:
        shape = orjson.loads(record.inputs_json)
        if await self._sources.lost(references(shape)):
            raise Invalid(
                [Violation("/inputs", "Its large inputs can no longer be read. Give inputs, from the start.")]
            )
        inputs: Mapping[str, Any] = await self._restored(shape)
        return inputs

    async def _outcomes(self, rows: Sequence[JournalRow]) -> tuple[list[Outcome], frozenset[str]]:
        """The journal, and the activations whose values are lost."""
        shapes = {row.activation_id: orjson.loads(row.ports_json) for row in rows}
        named = {activation: refs for activation, shape in shapes.items() if (refs := references(shape))}
        lost = await self._sources.lost([ref for refs in named.values() for ref in refs])
        gone = frozenset(activation for activation, refs in named.items() if not lost.isdisjoint(refs))
        texts = await self._sources.values([ref for refs in named.values() for ref in refs if ref not in lost])
        found = []
        for row in rows:
            shape = {} if row.activation_id in gone else shapes[row.activation_id]
            lit = {port: encode(restored(value, texts.__getitem__)) for port, value in shape.items()}
            found.append(Outcome(row.activation_id, Place(row.scope, row.node_id), row.status, lit, row.error))
        return found, gone

    async def _restored(self, shape: Any) -> Any:
        refs = references(shape)
        if not refs:
            return shape
        texts = await self._sources.values(refs)
        return restored(shape, texts.__getitem__)


def _triggers(record: ExecutionRecord, compiled: CompiledFlow) -> tuple[int, ...]:
    if record.trigger_node_id is None:
        if not compiled.plan.manual_triggers:
            raise NoManualTrigger("This version has no manual trigger, so the execution cannot run again on it.")
        return compiled.plan.manual_triggers
    index = compiled.plan.index.get(record.trigger_node_id)
    if index is None or not compiled.plan.nodes[index].is_trigger:
        raise Invalid([Violation("/blueprintVersion", "This version lacks the trigger that started the execution.")])
    return (index,)


def _check_node(plan: Plan, start: str, version: str) -> None:
    if start not in (FROM_START, FROM_FAILURE) and all(node.id != start for _, node in own_nodes(plan)):
        raise Invalid([Violation("/from", f"Version {version} has no node of this id. Take failure, start or a node.")])


def _not_run(start: str) -> Violation:
    if start == FROM_FAILURE:
        return Violation("/inputs", "No single node failed. Name the node that gets these inputs as `from`.")
    return Violation("/from", "This node did not run in the execution. Name one that did.")


def _check_ports(plan: Plan, place: Place, inputs: Mapping[str, Value]) -> None:
    known = [port.key for _, node in own_nodes(plan) if node.id == place.node_id for port in node.inputs]
    wrong = [key for key in inputs if key not in known]
    if wrong:
        ports = ", ".join(known) or "none"
        raise Invalid([Violation(f"/inputs/{_token(key)}", f"The node's input ports are: {ports}.") for key in wrong])


def _seed(found: _Prepared, execution_id: str, unit: Unit) -> Seed | None:
    """What the new run takes over, stored with it; None where that is nothing."""
    restarted, edited = found.decision.restarted, None
    if found.start == FROM_START:
        return None
    if found.edited is not None and restarted is not None:
        edited = Edited(restarted, found.edited)
    taken = tuple(
        Taken(outcome.activation_id, outcome.place, outcome.lit, _failure(outcome)) for outcome in found.decision.reused
    )
    stored: dict[int, str] = {}

    def spill(text: bytes) -> str:
        ref = stored[id(text)] = unit.kept[id(text)] = unit.keep(execution_id, text)
        return ref

    seed = Seed(found.record.id, taken, edited, stored)
    unit.rows.append((Kind.SEED, (execution_id, seeds.write(seed, spill))))
    return seed


def _failure(outcome: Outcome) -> Failure | None:
    if outcome.status != "failed":
        return None
    return outcome.failure or Failure("Unknown", "the journal does not say why")


def _token(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _warnings(
    record: ExecutionRecord, version: BlueprintVersion, old: Plan, gone: Collection[str], rows: Sequence[JournalRow]
) -> list[str]:
    found = []
    if version.version != record.version:
        found.append(f"The execution ran version {record.version}; this runs version {version.version}.")
    lost = {row.node_id for row in rows if row.activation_id in gone}
    if lost:
        names = [node.name for node in old.every() if node.id in lost]
        found.append(f"Large results can no longer be read, so their nodes run again: {', '.join(names)}.")
    return found


def _record(command: RetryCommand, found: _Prepared, unit: Unit) -> ExecutionRecord:
    execution_id = uuid7()
    return replace(
        found.record,
        id=execution_id,
        principal=command.principal,
        flow_name=found.version.flow_name,
        version=found.version.version,
        content_hash=found.version.content_hash,
        status="queued",
        inputs_json=inputs_text(execution_id, found.inputs, unit),
        outputs_json="{}",
        error=None,
        rerun_of=found.record.id,
        epoch=1,
        created_at=now_us(),
        started_at=None,
        ended_at=None,
        deadline_at=None,
        cancel_requested_at=None,
        owner=None,
        queued_at=None,
        wake_at=None,
        context_added=0,
    )
