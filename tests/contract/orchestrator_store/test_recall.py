"""With its plan, a run is remembered as far as it matters: the newest round of a loop, and what is not ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from recalled_rows import recalled
from triggerflow_orchestrator.domain.compile_plan import compile_plan
from triggerflow_orchestrator.domain.execution import AttemptRow, Remembered
from triggerflow_orchestrator.domain.plan import Plan, PlanRef


def _node(name: str, kind: str, **members: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "name": name, "handlers": {}, "position": {"x": 0, "y": 0}, **members}


def _edge(source: str, target: str, **more: Any) -> dict[str, Any]:
    (source_id, out), (target_id, into) = source.split("."), target.split(".")
    ends = {"source": {"nodeId": source_id, "port": out}, "target": {"nodeId": target_id, "port": into}}
    return {"id": f"{source}>{target}", **ends, **more}


def plan() -> Plan:
    """t → a → b → result, b back to a; t → each, a for-each; t → once, which has ended."""
    child = PlanRef()
    child.plan = compile_plan({"name": "child", "nodes": [_node("c", "action")], "edges": []})

    def runs(mode: str) -> dict[str, Any]:
        config = {"flowId": "child", "version": "1", "mode": mode}
        return {"handlers": {"main": {"entrypoint": "core:subflow", "config": config}}}

    nodes = [_node("t", "trigger"), _node("a", "action"), _node("b", "action"), _node("result", "output")]
    nodes += [_node("each", "subflow", **runs("forEach")), _node("once", "subflow", **runs("once"))]
    edges = [_edge("t.out", "a.input"), _edge("a.out", "b.input"), _edge("b.out", "result.input")]
    edges += [_edge("b.error", "a.input", loop={"maxIterations": 100_000}), _edge("t.out", "once.input")]
    edges += [_edge("t.out", "each.items")]
    return compile_plan({"name": "main", "nodes": nodes, "edges": edges}, child=lambda *_: child)


@pytest.mark.parametrize("rounds", [0, 1, 2, 3, 64, 65, 128, 200, 333])
async def test_only_what_matters_is_read_however_many_rounds_there_were(world: Any, sample: Any, rounds: int) -> None:
    run = str(sample.id(1))
    world.add_execution(sample.execution(1))
    places = [("", "t", "succeeded"), ("", "once", "succeeded"), ("once:0", "c", "succeeded")]
    places += [(f"a:{number}", node, "succeeded") for number in range(rounds) for node in "ab"]
    # The one after it was cut before its header had ended; and of the for-each all matters.
    places += [(f"a:{rounds}", "a", "cancelled"), ("each:0", "c", "succeeded"), ("each:11", "c", "succeeded")]
    places += [("each2:0", "c", "succeeded")]
    for seq, (scope, node_id, status) in enumerate(places, 1):
        row = replace(sample.outcome(100 + seq, seq, at=seq), scope=scope, node_id=node_id, status=status)
        world.add_outcome(run, row)
    begun = replace(sample.start(9_001, at=5), scope=f"a:{max(rounds - 1, 0)}")
    for start in (begun, replace(sample.start(9_002, at=6), scope="each:12"), sample.start(9_003, at=7)):
        world.add_start(run, start)
    world.add_start(run, replace(sample.start(9_004, at=8), scope="once:0"))
    world.add_attempt(run, AttemptRow(sample.id(9_001), 2, "TimedOut", 77))
    world.add_attempt(run, AttemptRow(sample.id(9_004), 2, "TimedOut", 77))

    whole: Remembered = await world.reads.remembered(run)
    found: Remembered = await world.reads.remembered(run, plan())
    if found.last_seq == 0:
        return  # it may give more than it need
    expected = await recalled(whole, plan())
    assert found.journal == expected.journal
    assert found.starts == expected.starts
    assert found.last_seq == len(places)
    assert len(found.journal) <= 7
    assert [row.activation_id for row in found.attempts] == [sample.id(9_001)]
