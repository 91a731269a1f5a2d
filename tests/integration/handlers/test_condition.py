"""core:condition is CEL and lights exactly one port. CONTRACT section 3."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from drawing import Drawing

GIVEN = {
    "n": 3,
    "half": 0.5,
    "whole": 3.0,
    "text": "Zoë",
    "list": [1, 2, 3],
    "none": None,
    "flag": True,
    "largest": 9223372036854775807,
    "nested": {"a b": {"c": [{"d": 1}]}},
}


@pytest.fixture
def when(try_node: Callable[..., Any]) -> Callable[..., Any]:
    """Run one condition on GIVEN."""

    def when(expression: str, given: Any = None) -> Any:
        config = {"expression": expression}
        given = GIVEN if given is None else given
        return try_node("core:condition", given, kind="condition", config=config, ports=["true", "false"])

    return when


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        ("true", True),
        ("false", False),
        ("input.n == 3", True),
        ("input.n == 3.0", True),
        ("input.n > 2.5", True),
        ("input.n < 2.5", False),
        ("input.half < input.n", True),
        ("input.whole == 3", True),
        ("input.half == 0", False),
        ("input.n in [1, 2, 3]", True),
        ("input.n + 1 == 4", True),
        ("input.n / 2 == 1", True),
        ("input.half * 2.0 == 1.0", True),
        ("input.largest == 9223372036854775807", True),
        ("input.largest > 9223372036854775806", True),
        ("input.text == 'Zoë'", True),
        ("size(input.text) == 3", True),
        ("input.text.startsWith('Zo')", True),
        ("input.text.contains('x')", False),
        ("input.text.matches('^Z.+$')", True),
        ("input.none == null", True),
        ("input.n == null", False),
        ("input.flag", True),
        ("!input.flag", False),
        ("input.flag && input.n > 1 || false", True),
        ("has(input.n)", True),
        ("has(input.missing)", False),
        ("has(inputs.input)", True),
        ("has(inputs.missing)", False),
        ("inputs.input.n == 3", True),
        ("input['nested']['a b'].c[0].d == 1", True),
        ("size(input.list) == 3", True),
        ("input.list.all(x, x > 0)", True),
        ("input.list.exists(x, x == 2)", True),
        ("input.list.filter(x, x > 1).size() == 2", True),
        ("input.list.map(x, x * 2) == [2, 4, 6]", True),
        ("input.n > 1 ? true : false", True),
        ("type(input.n) == int", True),
        ("type(input.whole) == double", True),
        ("timestamp('2026-01-01T00:00:00Z') < timestamp('2027-01-01T00:00:00Z')", True),
        ("input.missing == 1 || true", True),
        ("input == inputs.input", True),
    ],
)
def test_an_expression_lights_one_port_with_the_input(when: Callable[..., Any], expression: str, truth: bool) -> None:
    came = when(expression)
    assert came.run["status"] == "succeeded", came.run["error"]
    assert came.ports == {str(truth).lower(): GIVEN}


@pytest.mark.parametrize("expression", ["input.n", "input.text", "null", "input.none", "[true]", "'true'", "1"])
def test_what_is_not_boolean_fails(when: Callable[..., Any], expression: str) -> None:
    run = when(expression).run
    assert (run["status"], run["error"]["type"]) == ("failed", "NotBoolean")


@pytest.mark.parametrize(
    "expression",
    [
        "input.missing == 1",
        "input.n / 0 == 1",
        "input.largest + 1 > 0",
        "input.text > 1",
        "input.list[10] == 1",
        "input.n.size() == 1",
        "inputs.missing == 1",
    ],
)
def test_an_expression_that_fails_says_so(when: Callable[..., Any], expression: str) -> None:
    run = when(expression).run
    assert (run["status"], run["error"]["type"]) == ("failed", "ExpressionFailed"), run["error"]


def test_a_runaway_condition_fails_soon(when: Callable[..., Any], client: httpx.Client) -> None:
    ten = list(range(10))
    nested = "true"
    for name in "abcdefgh":
        nested = f"input.all({name}, {nested})"
    began = time.monotonic()
    run = when(nested, ten).run
    assert (run["status"], run["error"]["type"]) == ("failed", "ExpressionFailed")
    assert time.monotonic() - began < 2
    run = when("input.matches('^(a+)+$')", "a" * 5_000 + "!").run
    assert run["status"] in ("succeeded", "failed")


def test_the_first_case_that_is_true_is_lit(try_node: Callable[..., Any]) -> None:
    cases = [
        {"port": "small", "when": "input < 10"},
        {"port": "medium", "when": "input < 100.5"},
        {"port": "odd", "when": "input % 2 == 1"},
    ]

    def lit(value: int) -> dict[str, Any]:
        ports = ["small", "medium", "odd", "default"]
        found: dict[str, Any] = try_node(
            "core:condition", value, kind="condition", config={"cases": cases}, ports=ports
        ).ports
        return found

    assert [lit(n) for n in (1, 50, 101, 102)] == [{"small": 1}, {"medium": 50}, {"odd": 101}, {"default": 102}]


def test_a_case_that_is_not_boolean_fails_and_a_later_one_is_not_asked(try_node: Callable[..., Any]) -> None:
    def run(*whens: str) -> Any:
        cases = [{"port": f"p{i}", "when": when} for i, when in enumerate(whens)]
        config = {"cases": cases}
        return try_node("core:condition", 1, kind="condition", config=config, ports=["p0", "default"]).run

    assert run("1", "true")["error"]["type"] == "NotBoolean"
    assert run("true", "1")["outputs"] == {"p0": 1}


def test_with_several_inputs_the_object_is_passed_on(try_node: Callable[..., Any]) -> None:
    came = try_node(
        "core:condition",
        {"a": 1, "b": {"c": 2}},
        kind="condition",
        takes=["a", "b", ("unwired_default", 5)][:2],
        config={"expression": "a == 1 && inputs.b.c == 2"},
        ports=["true", "false"],
    )
    assert came.ports == {"true": {"a": 1, "b": {"c": 2}}}


def test_a_port_without_a_token_is_asked_for_with_has(run: Callable[..., Any]) -> None:
    drawing = Drawing("has")
    drawing.trigger(outputs=["a", "b"])
    drawing.node(
        "condition",
        "both",
        "core:condition",
        inputs=["a", "b"],
        config={"expression": "has(inputs.a) && !has(inputs.b)"},
    )
    drawing.node("output", "yes")
    drawing.wire("start", "both", "a", "a")
    drawing.wire("start", "both", "b", "b")
    drawing.wire("both", "yes", "true")
    ran = run(drawing, {"a": None})
    assert ran.execution["outputs"] == {"yes": {"a": None}}
    assert ran.ends("both")[0]["result"] == {"true": {"a": None}}


def test_true_and_false_may_be_declared(try_node: Callable[..., Any]) -> None:
    came = try_node(
        "core:condition", 1, kind="condition", declared=["true", "false"], config={"expression": "input == 1"}
    )
    assert came.ports == {"true": 1}
