"""Fused or not, a run tells the same: random flows of pure nodes with branches, joins, loops and for-each."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from golden_runs import MemoryJournal, TaskRuntime, Versions, lines, node_id
from triggerflow_adapter_sdk import Catalogue
from triggerflow_adapter_sdk.settings import AdapterSettings
from triggerflow_chassis.bus import InProcessBus
from triggerflow_orchestrator.app.commands import StartCommand
from triggerflow_orchestrator.app.compiled import CompiledFlows
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.start import StartExecution
from triggerflow_orchestrator.app.units import Kind, Unit

GRAPHS = int(os.environ.get("FUSION_GRAPHS", "150"))
CHILD = {
    "nodes": {"in": {"type": "trigger"}, "up": {"map": '{"n": input.item + 1}'}, "up_out": {"type": "output"}},
    "edges": ["in.out -> up.input", "up.out -> up_out.input"],
}


@pytest.fixture
async def catalogue() -> AsyncIterator[Catalogue]:
    made = Catalogue.load(AdapterSettings())
    await made.open()
    yield made
    await made.close()


class Counting(MemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        self.commits = 0

    def submit(self, unit: Unit) -> None:
        self.commits += 1
        super().submit(unit)


async def told(case: Mapping[str, Any], catalogue: Catalogue, fuses: bool) -> tuple[list[str], Any, int]:
    """The lines of a run, how it ended, and its commits. It is the second one: the first one binds the handlers."""
    versions = Versions({"main": case["flow"], **case["flows"]})
    flows = CompiledFlows(catalogue, versions)
    command = StartCommand("p", "local", versions.ids["main"], "1", case["inputs"], {}, {}, None, 0, None)
    journal, ended = Counting(), asyncio.Event()
    engine = Engine(journal, TaskRuntime(), InProcessBus(), max_live=10, gone=lambda _: ended.set(), fuses=fuses)
    engine.begin()
    for _ in range(2):
        ended.clear()
        journal.rows.clear()
        journal.commits = 0
        await StartExecution(engine, versions, flows)(command)
        async with asyncio.timeout(20):
            await ended.wait()
    names = {node_id(name): name for flow in [case["flow"], *case["flows"].values()] for name in flow["nodes"]}
    state = journal.of(Kind.STATE)[-1]
    events = [json.loads(row[3]) for row in journal.of(Kind.EVENT)]
    ids = [event["id"] for event in events]
    assert ids == sorted(set(ids))
    return lines(events, names), (state[0], json.loads(state[1]), state[2]), journal.commits


def drawn(seed: int) -> dict[str, Any]:
    """A flow in which no token races another: every port has one edge, or two of which one is dead."""
    rng = random.Random(seed)
    nodes: dict[str, Any] = {"start": {"type": "trigger", "outputs": ["n", "items"]}}
    edges: list[Any] = []
    nodes["first"] = {"map": '{"n": input}'}
    edges.append("start.n -> first.input")
    open_ = ["first.out"]
    for place in range(rng.randint(2, 9)):
        name, source = f"x{place}", rng.choice(open_)
        kind = rng.choice(["map", "map", "condition", "join", "loop", "each"])
        if kind == "condition":
            nodes[name] = {"type": "condition", "when": f"input.n > {rng.randint(0, 6)}"}
            edges.append(f"{source} -> {name}.input")
            open_ += [f"{name}.true", f"{name}.false"]
        elif kind == "join":
            join = {"map": '{"n": a.n + b.n}', "inputs": ["a", "b"], "join": "strict"}
            nodes[name] = join
            edges += [f"{source} -> {name}.a", f"{rng.choice(open_)} -> {name}.b"]
            open_.append(f"{name}.out")
        elif kind == "each":
            config = {"mode": "forEach", "concurrency": rng.randint(1, 4)}
            nodes[name] = {"type": "subflow", "flow": "child", "inputs": ["items", "go"], "config": config}
            edges += [f"start.items -> {name}.items", f"{source} -> {name}.go"]
            nodes[f"{name}_out"] = {"type": "output"}
            edges.append(f"{name}.out -> {name}_out.input")
        else:
            nodes[name] = {"map": f'{{"n": input.n + {rng.randint(1, 3)}}}'}
            edges.append(f"{source} -> {name}.input")
            open_.append(f"{name}.out")
            if kind == "loop":
                loop = {"maxIterations": 20, "while": f"input.n < {rng.randint(1, 15)}"}
                edges.append({"edge": f"{name}.out -> {name}.input", "loop": loop})
    for place, port in enumerate(open_):
        nodes[f"o{place}"] = {"type": "output"}
        edges.append(f"{port} -> o{place}.input")
    items = list(range(rng.randint(0, 5)))
    return {
        "flow": {"nodes": nodes, "edges": edges},
        "flows": {"child": CHILD},
        "inputs": {"n": rng.randint(0, 4), "items": items},
    }


async def test_fused_runs_tell_what_unfused_ones_do_in_fewer_commits(catalogue: Catalogue) -> None:
    commits = {True: 0, False: 0}
    for seed in range(GRAPHS):
        case = drawn(seed)
        fused, unfused = await told(case, catalogue, True), await told(case, catalogue, False)
        # Side by side, order may differ; each node's own events do not.
        assert sorted(fused[0]) == sorted(unfused[0]), f"seed {seed}"
        assert fused[1] == unfused[1], f"seed {seed}"
        commits[True] += fused[2]
        commits[False] += unfused[2]
    assert commits[True] < commits[False] / 2


async def test_a_row_of_pure_nodes_is_one_commit_after_the_first(catalogue: Catalogue) -> None:
    names = [f"m{place}" for place in range(10)]
    nodes: dict[str, Any] = {"start": {"type": "trigger"}, **{name: {"map": "input"} for name in names}}
    edges = ["start.out -> m0.input", *(f"{a}.out -> {b}.input" for a, b in itertools.pairwise(names))]
    case = {"flow": {"nodes": nodes, "edges": edges}, "flows": {}, "inputs": {}}
    assert (await told(case, catalogue, True))[2] == 2
    assert (await told(case, catalogue, False))[2] == 11


async def test_a_failure_among_fused_nodes_is_the_nodes_own(catalogue: Catalogue) -> None:
    nodes = {
        "start": {"type": "trigger"},
        "a": {"map": "input"},
        "b": {"type": "condition", "when": "input.missing"},
        "failed": {"type": "output"},
    }
    edges = ["start.out -> a.input", "a.out -> b.input", "b.true -> failed.input"]
    case = {"flow": {"nodes": nodes, "edges": edges}, "flows": {}, "inputs": {"n": 1}}
    assert (await told(case, catalogue, True))[:1] == (await told(case, catalogue, False))[:1]
