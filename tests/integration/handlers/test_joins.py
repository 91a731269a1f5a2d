"""Tokens and joins, as a run shows them. CONTRACT section 3, "Tokens" and "Ports"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from drawing import Drawing

L = "lab_handlers."


def fork(name: str, join: str | None, inputs: list[Any], *, delay: dict[str, float] | None = None) -> Drawing:
    """A fork that lights the ports of inputs.lit; each goes to one port of "join", then to an output."""
    drawing = Drawing(name)
    drawing.trigger(outputs=["lit"])
    ports = [port if isinstance(port, str) else port[0] for port in inputs if port != ("free", "free")]
    drawing.node("action", "fork", f"{L}outputs", outputs=ports, config={"lit": {"$expr": "input"}})
    drawing.wire("start", "fork", "lit")
    drawing.node("action", "join", f"{L}context", inputs=inputs, join=join)
    for port in ports:
        source, out = "fork", port
        if delay and port in delay:
            drawing.node(
                "action", f"delay {port}", f"{L}delay", config={"seconds": delay[port], "value": f"late {port}"}
            )
            drawing.wire("fork", f"delay {port}", port)
            source, out = f"delay {port}", "out"
        drawing.wire(source, "join", out, port)
    drawing.node("output", "result")
    drawing.wire("join", "result")
    return drawing


def joined(ran: Any) -> Any:
    assert ran.execution["status"] == "succeeded", ran.execution["error"]
    result = ran.execution["outputs"].get("result")
    return None if result is None else result["inputs"]


@pytest.mark.parametrize(
    ("join", "inputs", "lit", "got"),
    [
        (None, ["a", "b"], {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        ("all", ["a", "b"], {"a": 1}, {"a": 1}),
        ("all", ["a", ("b", "fallback")], {"a": 1}, {"a": 1, "b": "fallback"}),
        ("all", [("a", 1), ("b", 2)], {}, None),
        ("all", ["a", ("b", None)], {"a": 1}, {"a": 1, "b": None}),
        ("all", ["a", ("b", 5)], {"a": None, "b": None}, {"a": None, "b": None}),
        ("strict", ["a", "b"], {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        ("strict", ["a", "b"], {"a": 1}, None),
        ("strict", ["a", ("b", "fallback")], {"a": 1}, None),
        ("any", ["a", "b"], {"b": 2}, {"b": 2}),
        ("any", ["a", ("b", 7)], {"a": 1}, {"a": 1, "b": 7}),
        ("any", ["a", "b"], {}, None),
        ("all", ["a", ("free", "free")], {"a": 1}, {"a": 1, "free": "free"}),
        ("strict", ["a", ("free", "free")], {"a": 1}, {"a": 1, "free": "free"}),
    ],
)
def test_a_join_gets(run: Callable[..., Any], join: str | None, inputs: list[Any], lit: Any, got: Any) -> None:
    ran = run(fork(f"join {join}", join, inputs), {"lit": lit})
    assert joined(ran) == got
    if got is None:
        assert ran.activation("join")["status"] == "skipped"
        assert ran.lines().count("skip join 1") == 1


def test_any_takes_the_first_and_absorbs_the_rest(run: Callable[..., Any]) -> None:
    drawing = fork("any", "any", ["fast", ("slow", "default")], delay={"slow": 0.2})
    ran = run(drawing, {"lit": {"fast": 1, "slow": 2}})
    assert joined(ran) == {"fast": 1, "slow": "default"}
    assert ran.lines().count("chunk.started join") == 1
    assert len([each for each in ran.activations if each["nodeId"] == drawing.ids["join"]]) == 1


def test_several_edges_into_one_port_merge(run: Callable[..., Any]) -> None:
    drawing = Drawing("merge")
    drawing.trigger(outputs=["n"])
    drawing.node("condition", "large", "core:condition", config={"expression": "input > 10"})
    drawing.node("action", "yes", "core:map", config={"expression": "'large'"})
    drawing.node("action", "no", "core:map", config={"expression": "'small'"})
    drawing.node("output", "result")
    drawing.wire("start", "large", "n")
    drawing.wire("large", "yes", "true")
    drawing.wire("large", "no", "false")
    drawing.wire("yes", "result")
    drawing.wire("no", "result")
    for n, text, other in ((50, "large", "no"), (5, "small", "yes")):
        ran = run(drawing, {"n": n})
        assert ran.execution["outputs"] == {"result": text}
        assert ran.activation(other)["status"] == "skipped"


def test_a_token_that_changes_nothing_is_logged(run: Callable[..., Any]) -> None:
    drawing = Drawing("dropped")
    drawing.trigger()
    drawing.node("action", "first", f"{L}delay", config={"seconds": 0, "value": "first"})
    drawing.node("action", "second", f"{L}delay", config={"seconds": 0.2, "value": "second"})
    drawing.node("output", "result")
    for name in ("first", "second"):
        drawing.wire("start", name)
        drawing.wire(name, "result")
    ran = run(drawing)
    assert ran.execution["outputs"] == {"result": "first"}
    logs = [event["payload"] for event in ran.events if event["type"] == "log"]
    assert [(log["level"], log["nodeId"]) for log in logs] == [("debug", drawing.ids["result"])]


def test_a_node_without_a_wired_input_is_skipped_at_the_start(run: Callable[..., Any]) -> None:
    drawing = Drawing("unwired")
    drawing.trigger()
    drawing.node("action", "alone", f"{L}context", inputs=[("input", 1)])
    drawing.node("output", "after")
    drawing.node("output", "result")
    drawing.wire("alone", "after")
    drawing.wire("start", "result")
    ran = run(drawing, {"a": 1})
    assert ran.execution["outputs"] == {"result": {"a": 1}}
    for name in ("alone", "after"):
        activation = ran.activation(name)
        assert (activation["status"], activation["attempt"]) == ("skipped", 1)
        assert activation["startedAt"] == activation["endedAt"]
        assert ran.lines().count(f"skip {name} 1") == 1
    warnings = [e["payload"] for e in ran.events if e["type"] == "log" and e["payload"]["level"] == "warning"]
    assert drawing.ids["alone"] in [warning.get("nodeId") for warning in warnings]


def test_a_trigger_lights_the_ports_that_its_inputs_name(run: Callable[..., Any]) -> None:
    drawing = Drawing("ports of a trigger")
    drawing.trigger(outputs=["out", "a", "b", "c"])
    for port in ("out", "a", "b", "c"):
        drawing.node("output", f"{port}!")
        drawing.wire("start", f"{port}!", port)
    ran = run(drawing, {"a": 1, "b": None, "z": 2})
    assert ran.execution["outputs"] == {"out!": {"a": 1, "b": None, "z": 2}, "a!": 1, "b!": None}
    assert ran.activation("c!")["status"] == "skipped"
    assert ran.activation("start")["ports"] == {"out": {"a": 1, "b": None, "z": 2}, "a": 1, "b": None}


def test_an_output_with_several_inputs_keeps_the_object(run: Callable[..., Any]) -> None:
    drawing = Drawing("wide output")
    drawing.trigger(outputs=["a", "b"])
    drawing.node("output", "both", inputs=["a", ("b", 9), ("c", "free")])
    drawing.node("output", "one", inputs=["only"])
    drawing.wire("start", "both", "a", "a")
    drawing.wire("start", "both", "b", "b")
    drawing.wire("start", "one", "a", "only")
    ran = run(drawing, {"a": 1})
    assert ran.execution["outputs"] == {"both": {"a": 1, "b": 9, "c": "free"}, "one": 1}
    assert ran.ends("both")[0]["result"] == {"a": 1, "b": 9, "c": "free"}


def test_no_output_reached_gives_an_empty_object(run: Callable[..., Any]) -> None:
    drawing = Drawing("none reached")
    drawing.trigger()
    drawing.node("condition", "never", "core:condition", config={"expression": "false"})
    drawing.node("output", "result")
    drawing.wire("start", "never")
    drawing.wire("never", "result", "true")
    ran = run(drawing)
    assert (ran.execution["status"], ran.execution["outputs"]) == ("succeeded", {})


def test_a_wide_fan_out_and_join(run: Callable[..., Any]) -> None:
    drawing = Drawing("wide")
    drawing.trigger()
    drawing.node("action", "join", f"{L}context", inputs=[f"p{i}" for i in range(60)])
    drawing.node("output", "result")
    for i in range(60):
        drawing.node("action", f"n{i}", "core:map", config={"expression": f"input.n + {i}"})
        drawing.wire("start", f"n{i}")
        drawing.wire(f"n{i}", "join", "out", f"p{i}")
    drawing.wire("join", "result")
    ran = run(drawing, {"n": 1})
    assert joined(ran) == {f"p{i}": i + 1 for i in range(60)}
    order = [line.split()[1] for line in ran.lines() if line.startswith("chunk.started n")]
    assert order == [f"n{i}" for i in range(60)], "tokens of one activation arrive in the order of edges"
