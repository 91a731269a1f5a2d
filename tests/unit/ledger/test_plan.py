"""What a plan knows of a blueprint, and which blueprints have none."""

import dataclasses
from typing import Any

import pytest
from triggerflow_chassis.flow_model import MISSING
from triggerflow_orchestrator.domain.compile_plan import compile_plan
from triggerflow_orchestrator.domain.plan import PlanInvalid, Slot

from .flows import blueprint, edge, node


def inputs(*keys: str) -> dict[str, Any]:
    return {"ports": {"inputs": [{"key": key, "label": "", "type": "any"} for key in keys]}}


def with_main(name: str, kind: str = "action", **members: Any) -> dict[str, Any]:
    return node(name, kind) | {"handlers": {"main": {"entrypoint": "m.f", **members}}}


def test_nodes_and_edges_keep_their_places() -> None:
    plan = compile_plan(blueprint([node("b"), node("t", "trigger"), node("a")], [edge("a.out", "b.input")]))
    assert [(one.index, one.id) for one in plan.nodes] == [(0, "b"), (1, "t"), (2, "a")]
    assert dict(plan.index) == {"b": 0, "t": 1, "a": 2}
    assert (plan.edges[0].source, plan.edges[0].target, plan.edges[0].slot) == (2, 0, 0)


def test_attempts_are_at_least_one_and_the_first_wait_is_a_second() -> None:
    retries = [None, {}, {"maxAttempts": 0}, {"maxAttempts": 1}, {"maxAttempts": 3, "backoffSeconds": 0}]
    members: list[dict[str, Any]] = [{} if one is None else {"retries": one} for one in retries]
    nodes = [with_main(str(i), **one) for i, one in enumerate(members)]
    plan = compile_plan(blueprint(nodes, []))
    assert [one.max_attempts for one in plan.nodes] == [1, 1, 1, 1, 3]
    assert [one.backoff_seconds for one in plan.nodes] == [1, 1, 1, 1, 0]


def test_a_timeout_is_whole_seconds_or_none() -> None:
    plan = compile_plan(blueprint([with_main("a"), with_main("b", timeoutSeconds=5.0)], []))
    assert [repr(one.timeout_seconds) for one in plan.nodes] == ["None", "5"]


def test_handler_and_config_are_those_of_main() -> None:
    plan = compile_plan(blueprint([with_main("a", config={"x": 1}), node("o", "output")], []))
    assert [(one.entrypoint, dict(one.config)) for one in plan.nodes] == [("m.f", {"x": 1}), (None, {})]


def test_wired_ports_stand_apart_from_those_that_are_not() -> None:
    join = node("join", ports={"inputs": [{"key": k, "label": "", "type": "any"} for k in "xyz"]})
    join["ports"]["inputs"][1]["default"] = None
    edges = [edge("t.out", "join.y"), edge("t.out", "a.input"), edge("a.error", "join.y")]
    plan = compile_plan(blueprint([node("t", "trigger"), node("a"), join], edges))
    assert plan.nodes[2].wired_inputs == (Slot(2, "y", None, (0, 2)),)
    assert [(port.key, port.default) for port in plan.nodes[2].inputs] == [("x", MISSING), ("y", None), ("z", MISSING)]
    assert [wire.edge for wire in plan.nodes[0].wires] == [0, 1]
    assert [one.error_wired for one in plan.nodes] == [False, True, False]


def test_outputs_include_error_and_what_is_declared_does_not() -> None:
    plan = compile_plan(blueprint([node("a"), node("c", "condition"), node("o", "output")], []))
    assert [one.declared_outputs for one in plan.nodes] == [("out",), ("true", "false"), ()]
    assert [set(one.outputs) for one in plan.nodes] == [{"out", "error"}, {"true", "false"}, set()]


def test_triggers_outputs_and_what_can_never_run_are_known() -> None:
    hook = node("hook", "trigger") | {"handlers": {"main": {"entrypoint": "core:webhook"}}}
    nodes = [node("alone"), node("t", "trigger"), hook, node("o", "output"), node("none", **inputs())]
    plan = compile_plan(blueprint(nodes, [edge("t.out", "o.input")]))
    assert (plan.triggers, plan.manual_triggers) == ((1, 2), (1,))
    assert (plan.output_nodes, plan.unwired) == ((3,), (0, 4))


def test_a_node_of_one_input_passes_its_value_and_of_several_the_object() -> None:
    plan = compile_plan(blueprint([node("o", "output"), node("p", "output", **inputs("a", "b"))], []))
    assert plan.nodes[0].passed_on({"input": 1}) == 1
    assert plan.nodes[1].passed_on({"b": 1}) == {"b": 1}


def test_settings_are_optional() -> None:
    bare = compile_plan({"nodes": [], "edges": []})
    full = compile_plan(blueprint([], []) | {"settings": {"timeoutSeconds": 9, "labels": ["a"]}})
    assert (bare.timeout_seconds, bare.labels) == (None, ())
    assert (full.timeout_seconds, full.labels) == (9, ("a",))


def test_a_plan_names_its_scope() -> None:
    assert compile_plan(blueprint([], [])).scope == ""
    assert compile_plan(blueprint([], []), scope="loop/3").scope == "loop/3"


def test_a_plan_cannot_be_changed() -> None:
    plan = compile_plan(blueprint([node("a")], []))
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        plan.index["a"] = 7  # type: ignore[index]


LOOP = {"loop": {"maxIterations": 2}}

BAD: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str]] = {
    "an id used twice": ([node("a"), node("a")], [], "/nodes/1/id"),
    "an unknown join": ([node("a", annotations={"join": "first"})], [], "/nodes/0/annotations/join"),
    "a port used twice": ([node("a", **inputs("x", "x"))], [], "/nodes/0/ports/inputs/1/key"),
    "an edge from nowhere": ([node("a")], [edge("x.out", "a.input")], "/edges/0/source/nodeId"),
    "an edge to nowhere": ([node("a")], [edge("a.out", "x.input")], "/edges/0/target/nodeId"),
    "an unknown output": ([node("a"), node("b")], [edge("a.no", "b.input")], "/edges/0/source/port"),
    "an unknown input": ([node("a"), node("b")], [edge("a.out", "b.no")], "/edges/0/target/port"),
    "an edge to a trigger": ([node("a"), node("t", "trigger")], [edge("a.out", "t.input")], "/edges/0/target/port"),
    "an edge from an output": ([node("o", "output"), node("b")], [edge("o.out", "b.input")], "/edges/0/source/port"),
    "a loop that is none": ([node("a"), node("b")], [edge("a.out", "b.input") | LOOP], "/edges/0"),
    "a loop without a bound": ([node("a")], [edge("a.out", "a.input") | {"loop": {}}], "/edges/0/loop/maxIterations"),
    "a loop with two entries": (
        [node("t", "trigger"), node("a", **inputs("x", "y")), node("b", **inputs("x", "y"))],
        [edge("t.out", "a.x"), edge("a.out", "b.x"), edge("b.out", "a.y") | LOOP, edge("t.out", "b.y")],
        "/edges/3",
    ),
    "a cycle inside a loop": (
        [node("t", "trigger"), node("a", **inputs("x", "y", "z")), node("b")],
        [edge("t.out", "a.x"), edge("a.out", "b.input"), edge("b.out", "a.y") | LOOP, edge("b.out", "a.z")],
        "/nodes/1",
    ),
    "an edge to itself": ([node("a")], [edge("a.out", "a.input")], "/nodes/0"),
    "a cycle": (
        [node("t", "trigger"), node("a", **inputs("x", "y")), node("b")],
        [edge("t.out", "a.x"), edge("a.out", "b.input"), edge("b.error", "a.y")],
        "/nodes/1",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_run_has_no_plan(what: str) -> None:
    nodes, edges, pointer = BAD[what]
    with pytest.raises(PlanInvalid) as caught:
        compile_plan(blueprint(nodes, edges))
    assert [violation.pointer for violation in caught.value.violations] == [pointer]
