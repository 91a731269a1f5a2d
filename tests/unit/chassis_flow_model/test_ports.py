"""What ports a node has, as CONTRACT section 3 "Ports" says."""

from typing import Any

import pytest
from triggerflow_chassis.flow_model import (
    MISSING,
    InputPort,
    declared_outputs,
    input_ports,
    join_mode,
    output_ports,
    output_type,
    passes_single_input,
)


def node(kind: str, **members: Any) -> dict[str, Any]:
    return {"id": "n", "type": kind, "name": "n", "handlers": {}, "position": {"x": 0, "y": 0}, **members}


def port(key: str, **members: Any) -> dict[str, Any]:
    return {"key": key, "label": key, **members}


@pytest.mark.parametrize("kind", ["action", "condition", "subflow", "output"])
def test_absent_inputs_mean_one_called_input(kind: str) -> None:
    one = (InputPort("input", MISSING, "any"),)
    assert input_ports(node(kind)) == one
    assert input_ports(node(kind, ports={})) == one
    assert input_ports(node(kind, ports={"outputs": []})) == one


def test_an_approval_and_a_sub_flow_for_each_item_have_ports_of_their_own_until_they_declare_some() -> None:
    approval = {"main": {"entrypoint": "core:approval"}}
    each = {"main": {"entrypoint": "core:subflow", "config": {"mode": "forEach"}}}
    once = {"main": {"entrypoint": "core:subflow", "config": {"mode": "once"}}}
    assert declared_outputs(node("action", handlers=approval)) == ("approved", "rejected", "timeout")
    assert declared_outputs(node("action", handlers=approval, ports={"outputs": [port("out")]})) == ("out",)
    assert input_ports(node("subflow", handlers=each)) == (InputPort("items", MISSING, "any"),)
    assert declared_outputs(node("subflow", handlers=each)) == ("out", "errors")
    assert input_ports(node("subflow", handlers=each, ports={"inputs": []})) == ()
    assert input_ports(node("subflow", handlers=once)) == (InputPort("input", MISSING, "any"),)
    assert declared_outputs(node("subflow", handlers=once)) == ("out",)


def test_an_empty_list_of_inputs_means_none() -> None:
    assert input_ports(node("action", ports={"inputs": []})) == ()


def test_a_trigger_has_no_inputs() -> None:
    assert input_ports(node("trigger")) == ()
    assert input_ports(node("trigger", ports={"inputs": []})) == ()


def test_null_is_a_default_and_absence_is_none() -> None:
    ports = [port("a", type="string"), port("b", type="object", default=None), port("c", type="number", default=0)]
    assert input_ports(node("action", ports={"inputs": ports})) == (
        InputPort("a", MISSING, "string"),
        InputPort("b", None, "object"),
        InputPort("c", 0, "number"),
    )


def test_an_unknown_port_type_means_any() -> None:
    ports = {"inputs": [port("a", type="datetime")], "outputs": [port("x", type="text"), port("y", type="array")]}
    asked = node("action", ports=ports)
    assert input_ports(asked)[0].type == "any"
    assert [output_type(asked, key) for key in ("x", "y", "error", "nowhere")] == ["any", "array", "any", "any"]


@pytest.mark.parametrize(
    ("kind", "declared", "all_of_them"),
    [
        ("trigger", ("out",), ("out",)),
        ("action", ("out",), ("out", "error")),
        ("subflow", ("out",), ("out", "error")),
        ("condition", ("true", "false"), ("true", "false")),
        ("output", (), ()),
    ],
)
def test_absent_outputs_mean_what_the_type_has(
    kind: str, declared: tuple[str, ...], all_of_them: tuple[str, ...]
) -> None:
    assert declared_outputs(node(kind)) == declared
    assert output_ports(node(kind)) == all_of_them


@pytest.mark.parametrize(
    ("kind", "all_of_them"),
    [("trigger", ("b", "a")), ("action", ("b", "a", "error")), ("subflow", ("b", "a", "error"))],
)
def test_declared_outputs_replace_the_default_in_their_order(kind: str, all_of_them: tuple[str, ...]) -> None:
    asked = node(kind, ports={"outputs": [port("b"), port("a")]})
    assert declared_outputs(asked) == ("b", "a")
    assert output_ports(asked) == all_of_them


def test_an_action_may_declare_no_output_and_still_has_error() -> None:
    asked = node("action", ports={"outputs": []})
    assert (declared_outputs(asked), output_ports(asked)) == ((), ("error",))


@pytest.mark.parametrize(
    ("annotations", "mode"),
    [
        (None, "all"),
        ({}, "all"),
        ({"colour": "red"}, "all"),
        ({"join": "all"}, "all"),
        ({"join": "strict"}, "strict"),
        ({"join": "any"}, "any"),
        ({"join": "ALL"}, None),
        ({"join": "first"}, None),
        ({"join": None}, None),
        ({"join": ["all"]}, None),
        ({"join": {}}, None),
        ({"join": 1}, None),
    ],
)
def test_a_node_joins_as_annotated_or_nobody_knows_how(annotations: Any, mode: str | None) -> None:
    members = {} if annotations is None else {"annotations": annotations}
    assert join_mode(node("action", **members)) == mode


def test_only_a_node_of_exactly_one_input_passes_its_value() -> None:
    two = [port("a", type="any"), port("b", type="any")]
    assert passes_single_input(node("output"))
    assert passes_single_input(node("output", ports={"inputs": two[:1]}))
    assert not passes_single_input(node("output", ports={"inputs": two}))
    assert not passes_single_input(node("output", ports={"inputs": []}))
