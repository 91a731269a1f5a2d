"""Run the cases of tests/golden on the real engine with the installed adapters, in memory, and say what happened in
lines a person reads. The shape of a case: tests/golden/README.md."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from unittest.mock import patch

from golden_waits import Answers
from triggerflow_adapter_sdk import Catalogue
from triggerflow_adapter_sdk.expressions import pool
from triggerflow_adapter_sdk.settings import AdapterSettings
from triggerflow_chassis.bus import InProcessBus
from triggerflow_orchestrator.app.commands import StartCommand
from triggerflow_orchestrator.app.compiled import CompiledFlow, CompiledFlows
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.engine_ports import Perform
from triggerflow_orchestrator.app.start import StartExecution
from triggerflow_orchestrator.app.take_up import TakeUp
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.execution import BlueprintVersion
from triggerflow_orchestrator.domain.plan import Plan

ENTRYPOINTS = {"trigger": "core:manual", "condition": "core:condition", "subflow": "core:subflow"}


_ERROR = ("type", "message", "nodeId")


class MemoryJournal:
    """Keeps every unit, durable in the next turn of the loop; after `dies_after` of them none, and nobody is told."""

    def __init__(self, dies_after: int | None = None) -> None:
        self.rows: list[tuple[Kind, tuple[Any, ...]]] = []
        self.units = 0
        self.dies_after = dies_after
        self.died = asyncio.Event()

    def submit(self, unit: Unit) -> None:
        def commit() -> None:
            if self.units == self.dies_after:
                self.died.set()
                return
            self.units += 1
            self.rows += unit.rows
            unit.done(None)

        asyncio.get_running_loop().call_soon(commit)

    def of(self, kind: Kind) -> list[tuple[Any, ...]]:
        return [row for one, row in self.rows if one is kind]


class TaskRuntime:
    """Performs each signal as a task of its own, in the order they were sent."""

    def __init__(self) -> None:
        self.loaded = asyncio.Event()
        self.loaded.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def compile(self, plan: Plan, perform: Perform) -> TaskRuntime:
        self._perform = perform
        return self

    def open(self) -> TaskRuntime:
        return self

    def emit(self, node_number: int, activation: int) -> None:
        task: asyncio.Task[None] = asyncio.create_task(self._perform(activation))  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        pass


class Versions:
    """`ports.Blueprints` over drawn flows: each has one version, "1"."""

    def __init__(self, flows: Mapping[str, Mapping[str, Any]]) -> None:
        self.ids = {name: node_id(f"flow {name}") for name in flows}
        self._versions = {
            self.ids[name]: BlueprintVersion(self.ids[name], name, "1", "hash", blueprint(name, drawn, self.ids))
            for name, drawn in flows.items()
        }

    async def get_version(self, flow_id: str, version: str | None, project_id: str) -> BlueprintVersion:
        return self._versions[flow_id]


class Nobody:
    """A context that nobody listens to."""

    config: Any = None


async def offered(compiled: CompiledFlow) -> None:
    """Call each pure handler once: from then on it says what it can at once, and is fused."""
    for node in compiled.plan.every():
        if (bound := compiled.pure(node)) is not None:
            await asyncio.gather(bound.invoke({}, Nobody()), return_exceptions=True)


async def play(
    case: Mapping[str, Any], *, fuses: bool = True, dies_after: int | None = None, max_children: int = 10_000
) -> dict[str, Any]:
    """Run a case: `{events, status, outputs, error}` as the case writes them down, and `commits`. With `dies_after`
    the process dies when that many commits are made, and another one takes the run up.

    Whatever else the machine does: an expression has 500 ms by the clock, which a busy one takes from it.
    """
    with patch.object(pool, "TIME_LIMIT", 60.0):
        return await _play(case, fuses=fuses, dies_after=dies_after, max_children=max_children)


async def _play(case: Mapping[str, Any], *, fuses: bool, dies_after: int | None, max_children: int) -> dict[str, Any]:
    versions = Versions({"main": case["flow"], **case.get("flows", {})})
    catalogue = Catalogue.load(AdapterSettings(python_modules=("golden_handlers",)))
    await catalogue.open()
    journal = MemoryJournal(dies_after)
    gone = asyncio.Event()
    drawn = [case["flow"], *case.get("flows", {}).values()]
    names = {node_id(name): name for flow in drawn for name in flow["nodes"]}
    answers: Any = Answers(journal, case.get("answers", []), {name: id for id, name in names.items()})

    async def process() -> tuple[Engine, StartExecution, TakeUp]:
        engine = Engine(
            journal,
            TaskRuntime(),
            InProcessBus(),
            max_live=10,
            gone=lambda _: gone.set(),
            fuses=fuses,
            max_children=max_children,
        )
        engine.begin()
        flows = CompiledFlows(catalogue, versions)
        await offered(await flows.of(await versions.get_version(versions.ids["main"], "1", "p"), "p"))
        return (
            engine,
            StartExecution(engine, versions, flows),
            TakeUp(engine, answers, versions, flows, answers, answers),
        )

    engine, start, take_up = await process()
    command = StartCommand("p", "local", versions.ids["main"], "1", case.get("inputs", {}), {}, {}, None, 0, None)

    async def rested() -> None:
        """Until the run has ended, or left because it waits; the process may die before."""
        nonlocal engine, take_up
        died, left = asyncio.ensure_future(journal.died.wait()), asyncio.ensure_future(gone.wait())
        await asyncio.wait([died, left], return_when=asyncio.FIRST_COMPLETED)
        if died.done():
            journal.died.clear()
            await engine.stop(0.1)
            journal.dies_after = None
            gone.clear()
            engine, _, take_up = await process()
            assert await take_up(answers.record())
            await gone.wait()
        died.cancel()
        left.cancel()

    try:
        await start(command)
        async with asyncio.timeout(60):
            await rested()
            # A run that waits has left as one that ended has: it is taken up as after a restart.
            while (woken := answers.woken()) is not None:
                gone.clear()
                assert await take_up(woken)
                await rested()
    finally:
        await catalogue.close()
    state = journal.of(Kind.STATE)[-1]
    error = json.loads(state[2]) if state[2] else None
    told = [json.loads(row[3]) for row in journal.of(Kind.EVENT)]
    said = lines(told, names)
    return {
        "events": sorted(said) if case.get("parallel") else said,
        **published(case, journal.of(Kind.CHANNEL_VALUE), names),
        "status": state[0],
        "outputs": _readable(json.loads(state[1]), names),
        "error": error and _readable({key: error[key] for key in ("type", "message", "nodeId") if key in error}, names),
        "commits": journal.units,
    }


def published(case: Mapping[str, Any], rows: Iterable[tuple[Any, ...]], names: Mapping[str, str]) -> dict[str, Any]:
    """`{published}`, what the project's channels got, one line a value, where the case has a shared channel."""
    drawn = [case["flow"], *case.get("flows", {}).values()]
    if not any(channel.get("shared") for flow in drawn for channel in flow.get("channels", {}).values()):
        return {}
    said = [
        f"{channel}: {names[node]} = {json.dumps(_readable(json.loads(value), names), ensure_ascii=False)}"
        for _, _, channel, value, _, node, _ in rows
    ]
    return {"published": said}


def _readable(value: Any, names: Mapping[str, str]) -> Any:
    """Names for ids, and no stack: it has places of this machine."""
    if isinstance(value, dict):
        return {key: "…" if key == "stack" else _readable(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [_readable(member, names) for member in value]
    return names.get(value, value) if isinstance(value, str) else value


def lines(events: list[dict[str, Any]], names: Mapping[str, str]) -> list[str]:
    """One line an event. A `detail` is no line of its own: it gives the event it explains its scope and attempt."""
    details = {
        event["payload"]["data"]["eventId"]: event["payload"]["data"]
        for event in events
        if event["type"] == "runtime.output" and event["payload"]["data"].get("kind") == "detail"
    }
    told = []
    for event, following in zip(events, [*events[1:], None], strict=True):
        kind, payload = event["type"], event["payload"]
        node = names.get(payload.get("nodeId", ""), "")
        if kind.startswith("execution."):
            told.append(f"{kind} {payload['message']}" if "message" in payload else kind)
        elif kind.startswith("chunk."):
            detail = details.get(event["id"])
            # It stands right behind the event it explains.
            assert detail is None or (following and following["payload"].get("data") == detail), event
            line = f"{kind} {node}{_place(detail, names)}"
            if "result" in payload:
                line += f" = {json.dumps(_readable(payload['result'], names), ensure_ascii=False)}"
            if "error" in payload:
                line += f" ! {payload['error']['type']}"
            told.append(line)
        elif kind == "metric":
            detail = details[event["id"]]
            # How long it took is no two times the same.
            value = "…" if payload["name"] == "seconds" else payload["value"]
            unit = f" {payload['unit']}" if "unit" in payload else ""
            told.append(f"metric {names[detail['nodeId']]}{_place(detail, names)}: {payload['name']} {value}{unit}")
        elif kind == "log":
            told.append(f"log {payload['level']} {node}: {payload['message']}")
        else:
            data = payload["data"]
            said = data.get("kind", payload["stream"])
            if said != "detail":
                given = data.get("text", data.get("values"))
                more = "" if given is None else f" = {json.dumps(given, ensure_ascii=False)}"
                told.append(f"{said} {names[data['nodeId']]}{_place(data, names)}{more}")
    return told


def _place(detail: Mapping[str, Any] | None, names: Mapping[str, str]) -> str:
    if detail is None:
        return ""
    segments = [segment.rpartition(":") for segment in detail["scope"].split("/") if segment]
    scope = "/".join(f"{names[node]}:{number}" for node, _, number in segments)
    attempt = f" attempt {detail['attempt']}" if detail["attempt"] > 1 else ""
    reused = " reused" if detail.get("reused") else ""
    return f" in {scope}{attempt}{reused}" if scope else f"{attempt}{reused}"


def blueprint(name: str, drawn: Mapping[str, Any], flows: Mapping[str, str]) -> dict[str, Any]:
    """A flow as a case draws it, as it is published."""
    nodes = [_node(name, said, flows) for name, said in drawn["nodes"].items()]
    edges = [_edge(said) for said in drawn["edges"]]
    channels = [_channel(name, said) for name, said in drawn.get("channels", {}).items()]
    return {"name": name, "description": "", "nodes": nodes, "edges": edges, "channels": channels, "settings": {}}


def _node(name: str, said: Mapping[str, Any], flows: Mapping[str, str]) -> dict[str, Any]:
    kind = said.get("type", "action")
    config: dict[str, Any] = dict(said.get("config", {}))
    entrypoint = said.get("entrypoint") or ENTRYPOINTS.get(kind, "core:map")
    if "map" in said:
        config["expression"] = said["map"]
    if "when" in said:
        config["expression"] = said["when"]
    if kind == "subflow":
        config = {"flowId": flows[said["flow"]], "version": "1", **config}
    limit = {key: said[key] for key in ("timeoutSeconds", "retries") if key in said}
    handlers = {} if kind == "output" else {"main": {"entrypoint": entrypoint, "config": config, **limit}}
    if "onError" in said:
        handlers["onError"] = said["onError"]
    ports = {side: [_port(one) for one in said[side]] for side in ("inputs", "outputs") if side in said}
    annotations = {"join": said["join"]} if "join" in said else {}
    members = {"position": {"x": 0, "y": 0}, "handlers": handlers, "ports": ports, "annotations": annotations}
    return {"id": node_id(name), "type": kind, "name": name, **members}


def _port(said: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"label": "", "type": "any", **({"key": said} if isinstance(said, str) else said)}


def _edge(said: str | Mapping[str, Any]) -> dict[str, Any]:
    drawn = {"edge": said} if isinstance(said, str) else said
    source, target = drawn["edge"].split(" -> ")
    ends = {"source": _end(source), "target": _end(target)}
    loop = {"loop": drawn["loop"]} if "loop" in drawn else {}
    return {"id": node_id(drawn["edge"]), **ends, **loop}


def _channel(name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    sides = {side: [_end(end) for end in said[side]] for side in ("publishers", "subscribers")}
    shared = {"shared": said["shared"]} if "shared" in said else {}
    return {"id": node_id(f"channel {name}"), "name": name, **sides, **shared}


def _end(said: str) -> dict[str, str]:
    node, _, port = said.rpartition(".")
    return {"nodeId": node_id(node), "port": port}


def node_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))
