"""A condition's ports follow its cases, and while those are not valid only `default` exists."""

from typing import Any

import pytest
from triggerflow_chassis.flow_model import Case, declared_outputs, has_cases, output_ports, valid_cases


def condition(
    config: dict[str, Any], outputs: list[str] | None = None, entrypoint: str = "core:condition"
) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if outputs is not None:
        members["ports"] = {"outputs": [{"key": key, "label": key} for key in outputs]}
    handlers = {"main": {"entrypoint": entrypoint, "config": config}}
    return {"type": "condition", "name": "c", "handlers": handlers, **members}


def case(port: Any, when: Any = "true") -> dict[str, Any]:
    return {"port": port, "when": when}


def test_an_expression_lights_true_or_false() -> None:
    asked = condition({"expression": "input > 1"})
    assert not has_cases(asked)
    assert output_ports(asked) == ("true", "false")


def test_cases_are_the_ports_then_default() -> None:
    asked = condition({"cases": [case("big", "input > 9"), case("small", "input < 1")]})
    assert valid_cases(asked) == (Case("big", "input > 9"), Case("small", "input < 1"))
    assert declared_outputs(asked) == output_ports(asked) == ("big", "small", "default")


def test_cases_may_be_called_true_and_false() -> None:
    assert output_ports(condition({"cases": [case("true"), case("false")]})) == ("true", "false", "default")


def test_declared_outputs_give_the_order_where_they_name_exactly_the_cases() -> None:
    asked = condition({"cases": [case("a"), case("b")]}, outputs=["default", "b", "a"])
    assert output_ports(asked) == ("default", "b", "a")


@pytest.mark.parametrize(
    "cases",
    [
        None,
        [],
        "a",
        {"port": "a", "when": "true"},
        {"$expr": "x"},
        ["a"],
        [None],
        [{"port": "a"}],
        [{"when": "true"}],
        [{**case("a"), "label": "A"}],
        [case(1)],
        [case("a", True)],
        [case({"$expr": "x"})],
        [case("A")],
        [case("1a")],
        [case("")],
        [case("a b")],
        [case("a\n")],
        [case("for")],
        [case("inputs")],
        [case("default")],
        [case("a"), case("a")],
    ],
)
def test_while_cases_are_not_valid_only_default_exists(cases: Any) -> None:
    asked = condition({"cases": cases})
    assert has_cases(asked)
    assert valid_cases(asked) is None
    assert output_ports(asked) == ("default",)


@pytest.mark.parametrize(
    "outputs", [[], ["a"], ["default"], ["a", "b", "default"], ["a", "a", "default"], ["b", "default"]]
)
def test_cases_that_the_declared_outputs_do_not_name_exactly_are_not_valid(outputs: list[str]) -> None:
    asked = condition({"cases": [case("a")]}, outputs=outputs)
    assert valid_cases(asked) is None
    assert output_ports(asked) == ("default",)


def test_the_free_config_of_another_handler_has_no_cases() -> None:
    asked = condition({"cases": "whatever"}, entrypoint="shop.rules.decide")
    assert output_ports(asked) == ("true", "false")
    asked = condition({"cases": "whatever"}, outputs=["yes", "no"], entrypoint="shop.rules.decide")
    assert output_ports(asked) == ("yes", "no")


def test_a_condition_without_handler_has_true_and_false() -> None:
    assert output_ports({"type": "condition", "name": "c", "handlers": {}}) == ("true", "false")
