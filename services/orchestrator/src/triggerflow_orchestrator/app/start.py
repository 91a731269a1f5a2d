"""Start a run: find the version, choose the triggers, check the inputs, and answer once it is durable.

Order of refusals (CONTRACT section 1, "Execution" and "Problem"): 422, then 404 NO_SUCH_TRIGGER, then 409.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import orjson
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import (
    Invalid,
    NoManualTrigger,
    NoSuchTrigger,
    NoVersion,
    TooMany,
    Unavailable,
    Violation,
)
from triggerflow_chassis.ids import uuid7

from triggerflow_orchestrator.app.commands import FireKey, RequestKey, StartCommand
from triggerflow_orchestrator.app.compiled import CompiledFlow, CompiledFlows
from triggerflow_orchestrator.app.durable import Durable
from triggerflow_orchestrator.app.live_run import Extend, Fired, Told
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.execution import PRIORITIES, BlueprintVersion, ExecutionRecord
from triggerflow_orchestrator.domain.plan import Plan
from triggerflow_orchestrator.domain.seed import Seed
from triggerflow_orchestrator.domain.trigger import most_at_once
from triggerflow_orchestrator.domain.value import encode, shown
from triggerflow_orchestrator.ports import Blueprints

_OPTION_DEFAULTS: dict[str, Any] = {"async": True, "trace": False}


class Acceptor(Protocol):
    """Takes new runs: the engine, which runs them, or a queue that workers take them from."""

    def accept(
        self,
        unit: Unit,
        record: ExecutionRecord,
        compiled: CompiledFlow,
        fired: Fired,
        insert: Extend,
        told: Told,
        seed: Seed | None = None,
    ) -> Run:
        """Write the run with what `insert` adds to `unit`; `told` once it is durable, or why it is not. It begins with
        what `seed` has, which `insert` stores."""


class Places(Protocol):
    """`app.firing_ports.Firings`: places among the runs of a flow."""

    async def reserve(self, project_id: str, flow_id: str, most_of_flow: int) -> str | None: ...

    async def release(self, place: str) -> None: ...


@asynccontextmanager
async def a_place(places: Places | None, project_id: str, version: BlueprintVersion) -> AsyncIterator[None]:
    """A place among the runs of a flow, while one is accepted. Raises TooMany where its settings leave none."""
    most = most_at_once(version.blueprint)
    if places is None or most is None:
        yield
        return
    place = await places.reserve(project_id, version.flow_id, most)
    if place is None:
        going = "A run of this flow goes" if most == 1 else f"{most} runs of this flow go"
        raise TooMany(f"{going} on, and its settings allow no more at once. Try again later.")
    try:
        yield
    finally:
        with suppress(Unavailable):  # else it lapses
            await places.release(place)


class StartExecution:
    """Accepts runs."""

    def __init__(
        self, acceptor: Acceptor, blueprints: Blueprints, flows: CompiledFlows, places: Places | None = None
    ) -> None:
        """Without `places` no flow is limited in its runs."""
        self._places = places
        self._acceptor = acceptor
        self._blueprints = blueprints
        self._flows = flows

    async def __call__(self, command: StartCommand) -> ExecutionRecord:
        """The run as it is once durable. Raises Invalid, NoSuchTrigger, NoVersion, NoManualTrigger, TooMany (as many
        runs of the flow go on as its settings let), RequestTaken, Unavailable."""
        if "$value" in command.inputs:
            raise Invalid([Violation("/inputs/$value", "This name is kept for references. Choose another one.")])
        version = await self._version(command)
        compiled = await self._flows.of(version, command.project_id)
        chosen = _triggers(compiled.plan, command.trigger_node_id)
        fired = compiled.fire(chosen, command.inputs)
        if command.trigger_node_id is not None and not chosen:
            raise NoSuchTrigger(f"Version {version.version} has no trigger with this id.")
        if not chosen:
            raise NoManualTrigger("The flow has no manual trigger. Name the trigger to fire with ?trigger={nodeId}.")

        # What triggers fire was let through by its own limits.
        places = self._places if command.fire is None else None
        async with a_place(places, command.project_id, version):
            return await self._accept(command, version, compiled, fired)

    async def _accept(
        self, command: StartCommand, version: BlueprintVersion, compiled: CompiledFlow, fired: Fired
    ) -> ExecutionRecord:
        unit = Unit(may_fail=True)
        record = _record(command, version, unit)
        durable = Durable()

        accepted: list[ExecutionRecord] = []

        def insert(unit: Unit, run: Run) -> None:
            accepted.append(run.state.snapshot())
            insert_rows(unit, accepted[0], compiled.plan, command.request, command.fire)

        self._acceptor.accept(unit, record, compiled, fired, insert, durable.told)
        await durable.wait()
        # As it was written with the answer: the run may be further by now, and that is not durable yet.
        return accepted[0]

    async def _version(self, command: StartCommand) -> BlueprintVersion:
        try:
            return await self._blueprints.get_version(command.flow_id, command.blueprint_version, command.project_id)
        except NoVersion:
            if command.trigger_node_id is not None:  # 404 is told before 409
                raise NoSuchTrigger("The flow has no published version, so it has no trigger to fire.") from None
            raise


def _triggers(plan: Plan, node_id: str | None) -> tuple[int, ...]:
    if node_id is None:
        return plan.manual_triggers
    index = plan.index.get(node_id.lower())
    return (index,) if index is not None and plan.nodes[index].is_trigger else ()


def _record(command: StartCommand, version: BlueprintVersion, unit: Unit) -> ExecutionRecord:
    execution_id = uuid7()
    priority = PRIORITIES[command.context.get("priority", "normal")]
    return ExecutionRecord(
        id=execution_id,
        project_id=command.project_id,
        principal=command.principal,
        flow_id=version.flow_id,
        flow_name=version.flow_name,
        version=version.version,
        content_hash=version.content_hash,
        status="queued",
        priority=priority,
        inputs_json=inputs_text(execution_id, command.inputs, unit),
        outputs_json="{}",
        error=None,
        context=command.context,
        options={**_OPTION_DEFAULTS, **command.options},
        rerun_of=None,
        trigger_node_id=command.trigger_node_id.lower() if command.trigger_node_id is not None else None,
        epoch=1,
        created_at=now_us(),
    )


def inputs_text(execution_id: str, inputs: Mapping[str, Any], unit: Unit) -> str:
    """A run's inputs as they are stored, large members kept with the unit."""

    def spill(text: bytes) -> str:
        return unit.keep(execution_id, text)

    members = {key: orjson.Fragment(shown(encode(value), spill)) for key, value in inputs.items()}
    return orjson.dumps(members).decode()


def insert_rows(
    unit: Unit, record: ExecutionRecord, plan: Plan, request: RequestKey | None, fire: FireKey | None = None
) -> None:
    """What a unit that accepts a run writes of it: the run, its labels, and the answer to whoever asked."""
    unit.rows.append(
        (
            Kind.EXECUTION,
            (
                record.id,
                record.project_id,
                record.principal,
                record.flow_id,
                record.flow_name,
                record.version,
                record.content_hash,
                record.status,
                record.priority,
                record.inputs_json,
                record.outputs_json,
                orjson.dumps(record.error.as_json()).decode() if record.error is not None else None,
                orjson.dumps(record.context).decode(),
                orjson.dumps(record.options).decode(),
                record.rerun_of,
                record.trigger_node_id,
                record.epoch,
                record.created_at,
                record.started_at,
                record.ended_at,
                record.deadline_at,
            ),
        )
    )
    for label in dict.fromkeys((*plan.labels, *record.context.get("labels", ()))):
        unit.rows.append((Kind.LABEL, (record.id, label)))
    if request is not None:
        answer = request.render(record)
        named = (request.project_id, request.request_id, request.method, request.fingerprint)
        row = (*named, answer, None, record.created_at)
        unit.rows.append((Kind.REQUEST, row))
    if fire is not None:
        unit.rows.append((Kind.FIRE, (fire.flow_id, fire.node_id, fire.request_id, record.id, record.created_at)))
