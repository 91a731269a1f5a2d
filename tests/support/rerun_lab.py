"""Run flows drawn as in tests/golden in memory, and run them again."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from golden_runs import MemoryJournal, TaskRuntime, Versions, blueprint, node_id
from triggerflow_adapter_sdk import Catalogue
from triggerflow_adapter_sdk.settings import AdapterSettings
from triggerflow_chassis.bus import InProcessBus
from triggerflow_orchestrator.app.commands import RetryCommand, StartCommand
from triggerflow_orchestrator.app.compiled import CompiledFlows
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.rerun_plan import RerunPlan
from triggerflow_orchestrator.app.retry import RetryExecution
from triggerflow_orchestrator.app.start import StartExecution
from triggerflow_orchestrator.app.units import Kind
from triggerflow_orchestrator.domain.execution import BlueprintVersion, ExecutionRecord, Failure, JournalRow, Remembered


@dataclass(frozen=True)
class Ended:
    """A run that ended: what there is of it."""

    record: ExecutionRecord
    journal: tuple[JournalRow, ...]
    events: tuple[dict[str, Any], ...]

    @property
    def outputs(self) -> Any:
        return json.loads(self.record.outputs_json)

    def places(self, *statuses: str) -> list[tuple[str, str]]:
        """Scope and node of each activation that ended so, in their order."""
        return [(row.scope, row.node_id) for row in self.journal if row.status in statuses]

    def reused(self) -> set[tuple[str, str]]:
        """Scope and node of each activation whose events say that its result is another run's."""
        datas = [event["payload"].get("data") or {} for event in self.events]
        return {(data["scope"], data["nodeId"]) for data in datas if data.get("reused")}


class Lab:
    """An engine over memory, and the flows of one case in versions."""

    def __init__(self, case: Mapping[str, Any], catalogue: Catalogue) -> None:
        self.journal = MemoryJournal()
        drawn = [case["flow"], *case.get("flows", {}).values()]
        self._names = {node_id(name): name for flow in drawn for name in flow["nodes"]}
        self.versions = Named(Versions({"main": case["flow"], **case.get("flows", {})}))
        self.flow_id = self.versions.ids["main"]
        self._over: dict[str, asyncio.Event] = {}
        self._engine = Engine(self.journal, TaskRuntime(), InProcessBus(), max_live=10, gone=self._gone)
        self._engine.begin()
        flows = CompiledFlows(catalogue, self.versions)
        self._start = StartExecution(self._engine, self.versions, flows)
        self.retry = RetryExecution(self._engine, self, self.versions, flows, self, _nothing_pure)  # type: ignore[arg-type]

    def _gone(self, execution_id: str) -> None:
        self._over.setdefault(execution_id, asyncio.Event()).set()

    async def run(self, inputs: Mapping[str, Any]) -> Ended:
        command = StartCommand("p", "local", self.flow_id, "1", inputs, {}, {}, None, 0, None)
        return await self._end_of((await self._start(command)).id)

    async def again(self, ran: Ended, start: str, inputs: Any = None, version: str | None = None) -> Ended:
        command = RetryCommand("p", "local", ran.record.id, start, version, inputs)
        return await self._end_of((await self.retry(command)).id)

    async def plan(self, ran: Ended, start: str, version: str | None = None) -> RerunPlan:
        return await self.retry.plan(RetryCommand("p", "local", ran.record.id, start, version))

    @property
    def names(self) -> dict[str, str]:
        """Node names by id."""
        return self._names

    async def _end_of(self, execution_id: str) -> Ended:
        async with asyncio.timeout(20):
            await self._over.setdefault(execution_id, asyncio.Event()).wait()
        record = self._record(execution_id)
        events = [json.loads(row[3]) for row in self.journal.of(Kind.EVENT) if row[0] == execution_id]
        return Ended(record, self._rows(execution_id), tuple(events))

    # ports.Reads and ports.RecoverySources, as far as a rerun asks.

    async def execution(self, project_id: str, execution_id: str) -> ExecutionRecord | None:
        return self._record(execution_id)

    async def remembered(self, execution_id: str, plan: Any = None) -> Remembered | None:
        return Remembered(self._record(execution_id), self._rows(execution_id), (), (), None)

    async def metrics_by_activation(self, execution_id: str) -> Mapping[str, Any]:
        return {}

    async def lost(self, refs: Collection[str]) -> frozenset[str]:
        return frozenset()

    async def values(self, refs: Collection[str]) -> Mapping[str, bytes]:
        assert not refs
        return {}

    def _record(self, execution_id: str) -> ExecutionRecord:
        row = next(row for row in self.journal.of(Kind.EXECUTION) if row[0] == execution_id)
        states = [state for state in self.journal.of(Kind.STATE) if state[-1] == execution_id]
        record = ExecutionRecord(*row[:11], None, json.loads(row[12]), json.loads(row[13]), *row[14:])
        if not states:
            return record
        status, outputs, error, started_at, ended_at, *_ = states[-1]
        failure = Failure.from_json(json.loads(error)) if error else None
        return replace(
            record, status=status, outputs_json=outputs, error=failure, started_at=started_at, ended_at=ended_at
        )

    def _rows(self, execution_id: str) -> tuple[JournalRow, ...]:
        return tuple(
            JournalRow(*row[1:9], Failure.from_json(json.loads(row[9])) if row[9] else None, *row[10:])
            for row in self.journal.of(Kind.JOURNAL)
            if row[0] == execution_id
        )


class Named:
    """Flows with more than one version: what `publish` adds is the next."""

    def __init__(self, first: Versions) -> None:
        self.ids = first.ids
        self._first = first
        self._more: dict[tuple[str, str], BlueprintVersion] = {}

    def publish(self, flow: str, drawn: Mapping[str, Any]) -> str:
        flow_id = self.ids[flow]
        number = next(str(n) for n in itertools.count(2) if (flow_id, str(n)) not in self._more)
        made = blueprint(flow, drawn, self.ids)
        self._more[flow_id, number] = BlueprintVersion(flow_id, flow, number, f"hash {number}", made)
        return number

    async def get_version(self, flow_id: str, version: str | None, project_id: str) -> BlueprintVersion:
        found = self._more.get((flow_id, version or "1"))
        return found or await self._first.get_version(flow_id, version, project_id)


async def _nothing_pure() -> Collection[str]:
    return ()


@asynccontextmanager
async def open_lab(case: Mapping[str, Any], *modules: str) -> AsyncIterator[Lab]:
    """The case's flows; handlers of these modules may be called."""
    catalogue = Catalogue.load(AdapterSettings(python_modules=modules))
    await catalogue.open()
    try:
        yield Lab(case, catalogue)
    finally:
        await catalogue.close()
