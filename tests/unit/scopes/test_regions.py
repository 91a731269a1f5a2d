"""What a plan knows of loops and sub-flows: composites in the region around, bodies as regions of their own."""

from __future__ import annotations

from typing import Any

from triggerflow_orchestrator.domain.compile_plan import compile_plan
from triggerflow_orchestrator.domain.plan import COMPOSITE, Leaving, PlanRef


def node(name: str, kind: str = "action", **members: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "name": name, "handlers": {}, "position": {"x": 0, "y": 0}, **members}


def edge(source: str, target: str, **more: Any) -> dict[str, Any]:
    (source_id, out), (target_id, into) = source.split("."), target.split(".")
    ends = {"source": {"nodeId": source_id, "port": out}, "target": {"nodeId": target_id, "port": into}}
    return {"id": f"{source}>{target}", **ends, **more}


def looped() -> dict[str, Any]:
    """t → a → b → result, b back to a; c hangs on b inside nothing."""
    nodes = [node("t", "trigger"), node("a"), node("b"), node("result", "output"), node("c")]
    loop = {"maxIterations": 4, "while": "input > 1"}
    edges = [
        edge("t.out", "a.input"),
        edge("a.out", "b.input"),
        edge("b.out", "a.input", loop=loop),
        edge("b.out", "result.input"),
        edge("b.error", "c.input"),
    ]
    return {"name": "looped", "nodes": nodes, "edges": edges}


def test_a_loop_is_one_node_in_the_region_around_it() -> None:
    plan = compile_plan(looped())
    assert [(one.id, one.type) for one in plan.nodes] == [
        ("t", "trigger"),
        ("a", COMPOSITE),
        ("result", "output"),
        ("c", "action"),
    ]
    # Each edge that leaves the body is a port of its own.
    assert plan.nodes[1].outputs == {"3", "4"}
    assert [(one.source, one.source_port, one.target) for one in plan.edges] == [
        (0, "out", 1),
        (1, "3", 2),
        (1, "4", 3),
    ]
    assert plan.unwired == ()


def test_the_body_begins_at_the_header_and_knows_what_leaves_it() -> None:
    loop = compile_plan(looped()).nodes[1].loop
    assert loop is not None
    assert [one.id for one in loop.body.nodes] == ["a", "b"]
    assert (loop.body.header, loop.max_iterations, loop.fed) == (0, 4, {"input"})
    assert loop.body.unwired == ()
    b = loop.body.nodes[1]
    assert b.leaving == (Leaving("out", 2, "input"), Leaving("out", 3, None), Leaving("error", 4, None))
    assert [(one.port, one.edge, one.header, one.others) for one in b.whiles] == [("out", 2, "a", {3})]
    assert b.error_wired


def test_numbers_count_through_the_whole_tree_and_without_loops_are_places() -> None:
    flat = compile_plan({"name": "", "nodes": [node("t", "trigger"), node("a")], "edges": [edge("t.out", "a.input")]})
    assert [one.number for one in flat.nodes] == [one.index for one in flat.nodes] == [0, 1]
    assert [one.id for one in compile_plan(looped()).every()] == ["t", "a", "b", "result", "c"]


def test_two_nodes_that_run_one_version_share_its_plan_and_a_flow_may_be_its_own() -> None:
    config = {"flowId": "child", "version": "1"}
    main = {"main": {"entrypoint": "core:subflow", "config": config}}
    nodes = [node("t", "trigger"), node("x", "subflow", handlers=main), node("y", "subflow", handlers=main)]
    edges = [edge("t.out", "x.input"), edge("t.out", "y.input")]
    ref = PlanRef()
    plan = ref.plan = compile_plan({"name": "child", "nodes": nodes, "edges": edges}, child=lambda *_: ref)
    assert [one.subflow.plan if one.subflow else None for one in plan.nodes] == [None, plan, plan]
    assert [one.number for one in plan.every()] == [0, 1, 2]
