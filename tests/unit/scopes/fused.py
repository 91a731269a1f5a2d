"""Run random flows of real nodes on the engine with pure nodes fused, then step by step, unfused, in the order in which
their activations ended; and go on from what a crash left of them."""

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from golden_runs import MemoryJournal, Nobody, TaskRuntime, offered
from recalled_rows import recalled
from triggerflow_adapter_sdk import Catalogue
from triggerflow_chassis.bus import InProcessBus
from triggerflow_orchestrator.app.attempt import failure_of, plain_inputs
from triggerflow_orchestrator.app.commands import StartCommand
from triggerflow_orchestrator.app.compiled import CompiledFlow, CompiledFlows
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.app.start import StartExecution
from triggerflow_orchestrator.app.take_up import TakeUp
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.execution import (
    BlueprintVersion,
    ExecutionRecord,
    Failure,
    JournalRow,
    Remembered,
    StartRow,
    StoredEvent,
)
from triggerflow_orchestrator.domain.value import encode

from .flows import drawn

Row = tuple[Kind, tuple[Any, ...]]

MAPS = ("1", '{"n": 2}', *["[0, 1, 2]", "[0, 4, 1]"] * 3, "[3, 1]")
# The last one fails where i0 is no object, and $string takes a child process.
CONDITIONS = (*["'n' in inputs", "size(inputs) > 1", "'i0' in inputs && inputs.i0 == 1", "true"] * 4, "inputs.i0.n > 1")


class Journal(MemoryJournal):
    """Keeps each unit's rows together. After `most` units nothing is durable any more, as after a crash."""

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self.units: list[list[Row]] = []
        self.crashed = asyncio.Event()
        self._most = most

    def submit(self, unit: Unit) -> None:
        def commit() -> None:
            if self._most is not None and len(self.units) >= self._most:
                self.crashed.set()
                return
            self.units.append(unit.rows)
            self.rows += unit.rows
            unit.done(None)

        asyncio.get_running_loop().call_soon(commit)


class Flows:
    """The flows of a seed: `ports.Blueprints`."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self._drawn = [_real(rng, blueprint) for blueprint in drawn(rng)]
        self.inputs = {"items": rng.choice([[0, 1, 3], [1], []]), "n": rng.randint(0, 3)}

    async def get_version(self, flow_id: str, version: str | None, project_id: str) -> BlueprintVersion:
        return BlueprintVersion(flow_id, f"flow {flow_id}", "1", "hash", self._drawn[int(flow_id)])


def _real(rng: random.Random, blueprint: dict[str, Any]) -> dict[str, Any]:
    """With handlers, most of them pure."""
    for node in blueprint["nodes"]:
        keys = [port["key"] for port in node.get("ports", {}).get("inputs", [])]
        if node["type"] == "action" and rng.random() < 0.15:
            node["handlers"] = {"main": {"entrypoint": "golden_handlers.passes_later"}}
            if rng.random() < 0.9:  # else it fails, for want of the port it reads
                node["handlers"]["main"]["entrypoint"] = "golden_handlers.passes_soon"
        elif node["type"] == "action":
            expression = rng.choice([*MAPS, *keys, *keys]) if rng.random() < 0.98 else "$string(1)"
            node["handlers"] = {"main": {"entrypoint": "core:map", "config": {"expression": expression}}}
        elif node["type"] == "condition":
            config = {"expression": rng.choice(CONDITIONS)}
            node["handlers"] = {"main": {"entrypoint": "core:condition", "config": config}}
        elif node["type"] == "subflow":
            node["handlers"]["main"]["config"]["while"] = rng.choice(CONDITIONS).replace("i0", "item")
    kinds = {node["id"]: node for node in blueprint["nodes"]}
    for edge in blueprint["edges"]:
        source, target = kinds[edge["source"]["nodeId"]], kinds[edge["target"]["nodeId"]]
        if edge["target"]["port"] == "items" and rng.random() < 0.9:  # mostly a list
            if source["handlers"]["main"]["entrypoint"] == "core:map":
                source["handlers"]["main"]["config"]["expression"] = rng.choice(["[0, 1, 2]", "[4, 0, 1, 2, 5]"])
            else:
                target["handlers"]["main"]["config"]["mode"] = "once"
        if "while" in edge.get("loop", {}):
            edge["loop"]["while"] = rng.choice(CONDITIONS)
    return blueprint


class Played:
    """One run: what it wrote."""

    def __init__(self, journal: Journal, compiled: CompiledFlow, inputs: dict[str, Any]) -> None:
        self.journal = journal
        self.compiled = compiled
        self.inputs = inputs


async def play(flows: Flows, catalogue: Catalogue, *, fuses: bool, most: int | None = None) -> Played:
    """Run the first flow to its end, or to the crash."""
    ended = asyncio.Event()
    compiler = CompiledFlows(catalogue, flows)
    compiled = await compiler.of(await flows.get_version("0", "1", "p"), "p")
    await offered(compiled)
    journal = Journal(most)
    engine = Engine(journal, TaskRuntime(), InProcessBus(), max_live=10, gone=lambda _: ended.set(), fuses=fuses)
    engine.begin()
    command = StartCommand("p", "local", "0", "1", flows.inputs, {}, {}, None, 0, None)
    start = asyncio.create_task(StartExecution(engine, flows, compiler)(command))
    try:
        async with asyncio.timeout(60):
            over = [asyncio.create_task(event.wait()) for event in (ended, journal.crashed)]
            await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*over, start):
            task.cancel()
    return Played(journal, compiled, flows.inputs)


async def unfused(played: Played) -> list[Row]:
    """What the run writes where each activation ends in a unit of its own, in the same order."""
    compiled, rows = played.compiled, played.journal.rows
    left = _Left([row for row in rows if row[0] is Kind.EXECUTION]).record
    record = replace(left, status="queued", outputs_json="{}", started_at=None, ended_at=None)
    run = Run(record, compiled.plan, itertools.count(1), compiled)
    move = run.begin(Unit(), 1, compiled.fire(compiled.plan.manual_triggers, played.inputs))
    written: list[Row] = [*move.unit.rows]
    for scope, node_id in outcomes(rows, compiled):
        activation = next(one for one in run.inflight.values() if (one.scope.name, one.node.id) == (scope, node_id))
        try:
            lit = await compiled.bound(activation.node).invoke(plain_inputs(activation.inputs), Nobody())
        except Exception as error:
            move = run.fail(activation, 1, failure_of(error))
        else:
            move = run.succeed(activation, 1, {port: encode(value) for port, value in lit.items()})
        written += move.unit.rows
    return written


def outcomes(rows: list[Row], compiled: CompiledFlow) -> list[tuple[str, str]]:
    """Scope and node of what a handler ended, in the order written."""
    by_id = {node.id: node for node in compiled.plan.every()}
    return [
        (row[5], row[4])
        for kind, row in rows
        if kind is Kind.JOURNAL
        and row[7] in ("succeeded", "failed")
        and by_id[row[4]].subflow is None
        and not by_id[row[4]].is_trigger
        and by_id[row[4]].type != "output"
    ]


def told(rows: list[Row]) -> list[Any]:
    """What the run's reader sees: events in order, outcomes in order, its end; without clocks, ids and stacks."""
    names: dict[str, str] = {}
    clocks = ("timestamp", "stack", "id", "executionId")

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: names.setdefault(member, f"#{len(names)}") if key in ("eventId", "activationId") else plain(member)
                for key, member in value.items()
                if key not in clocks
            }
        return [plain(member) for member in value] if isinstance(value, list) else value

    found: list[Any] = []
    for kind, row in rows:
        if kind is Kind.EVENT:
            found.append(plain(json.loads(row[3])))
        elif kind is Kind.JOURNAL:
            error = json.loads(row[9]) if row[9] else None
            found.append((row[1], *row[4:8], plain(json.loads(row[8])), plain(error)))
    status, outputs, failure = [row for kind, row in rows if kind is Kind.STATE][-1][:3]
    return [*found, (status, plain(json.loads(outputs)), plain(json.loads(failure)) if failure else None)]


async def go_on(flows: Flows, catalogue: Catalogue, crashed: Played) -> list[Row]:
    """Take up what a crash left, and run it to its end: all that both wrote."""
    ended = asyncio.Event()
    journal = Journal()
    engine = Engine(journal, TaskRuntime(), InProcessBus(), max_live=10, gone=lambda _: ended.set())
    engine.begin()
    left = _Left(crashed.journal.rows)
    take_up = TakeUp(engine, left, flows, CompiledFlows(catalogue, flows), left, None)  # type: ignore[arg-type]
    assert await take_up(left.record)
    async with asyncio.timeout(60):
        await ended.wait()
    return [*crashed.journal.rows, *journal.rows]


class _Left:
    """`ports.Reads` and `ports.RecoverySources` over rows, as far as taking up asks."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        row = self._of(Kind.EXECUTION)[0]
        record = ExecutionRecord(*row[:11], None, *map(json.loads, row[12:14]), *row[14:])
        for status, outputs, _, started_at, ended_at, deadline_at, _, _ in self._of(Kind.STATE):
            times = {"started_at": started_at, "ended_at": ended_at, "deadline_at": deadline_at}
            record = replace(record, status=status, outputs_json=outputs, **times)
        self.record = record

    def _of(self, wanted: Kind) -> list[tuple[Any, ...]]:
        return [row for kind, row in self._rows if kind is wanted]

    async def remembered(self, execution_id: str, plan: Any = None) -> Remembered:
        journal = tuple(
            JournalRow(*row[1:9], Failure.from_json(json.loads(row[9])) if row[9] else None, *row[10:])
            for row in self._of(Kind.JOURNAL)
        )
        starts = tuple(StartRow(row[0], row[2], row[3], row[4], row[5]) for row in self._of(Kind.START))
        last = self._of(Kind.EVENT)[-1]
        known = Remembered(self.record, journal, starts, (), StoredEvent(*last[1:]))
        return known if plan is None else await recalled(known, plan)

    async def custom_counts(self, execution_id: str, ids: list[str]) -> Mapping[str, int]:
        return {}

    async def interventions(self, execution_id: str) -> list[Any]:
        return []

    async def printed_counts(self, execution_id: str, ids: list[str]) -> Mapping[str, Any]:
        return {}


def law_of_the_end(rows: list[Row]) -> None:
    """One outcome an activation and a place, one order of events without gaps, and an end."""
    places = Counter((row[5], row[4]) for kind, row in rows if kind is Kind.JOURNAL)
    assert set(places.values()) <= {1}, [place for place, times in places.items() if times > 1]
    events = [row for kind, row in rows if kind is Kind.EVENT]
    assert [row[2] for row in events] == list(range(1, len(events) + 1))
    assert [row[1] for row in events] == sorted({row[1] for row in events})
    bodies = [json.loads(row[3]) for row in events]
    assert bodies[-1]["type"] in ("execution.completed", "execution.failed")
    started = Counter(body["payload"]["nodeId"] for body in bodies if body["type"] == "chunk.started")
    ended = Counter(body["payload"]["nodeId"] for body in bodies if body["type"] in ("chunk.completed", "chunk.failed"))
    assert started == ended


def fused_units(played: Played) -> int:
    """How many units have the end of more than one handler."""
    return sum(len(outcomes(unit, played.compiled)) > 1 for unit in played.journal.units)
