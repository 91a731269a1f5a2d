"""Expressions that run in this process mean what the engine means, or are left to it."""

from __future__ import annotations

import json
import math
from typing import Any

import jsonatapy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from triggerflow_adapter_sdk.expressions.simple import NotSimple, compile_simple
from triggerflow_adapter_sdk.expressions.simple_values import UNDEFINED, NeedsEngine

NAMES = st.sampled_from(["a", "b", "c", "input", "x1"])
LITERALS = st.one_of(
    st.integers(0, 30).map(str),
    st.sampled_from(["1.5", "0.25", "2e2", "true", "false", "null"]),
    st.text("ab é'\\\n", max_size=4).map(json.dumps),
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(".".join) | st.just("$")
BINARY = st.sampled_from(["+", "-", "*", "/", "%", "&", "=", "!=", "<", "<=", ">", ">=", " and ", " or "])


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, BINARY, inner).map("".join),
        st.tuples(inner, inner, inner).map(lambda t: f"{t[0]} ? {t[1]} : {t[2]}"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(NAMES, inner, max_size=3).map(
            lambda members: "{" + ", ".join(f'"{key}": {value}' for key, value in members.items()) + "}"
        ),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"-{text}"),
    )


EXPRESSIONS = st.recursive(PATHS | LITERALS, compound, max_leaves=8)
# Integers that a double holds: beyond them the engine is the one that is wrong.
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.sampled_from([0.5, -1.25, 3.0]))
VALUES = st.recursive(
    SCALARS | st.text("ab é", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
INPUTS = st.dictionaries(NAMES, VALUES, max_size=5)


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, float) and isinstance(theirs, (int, float)):
        return math.isclose(ours, theirs, rel_tol=0, abs_tol=0)
    return bool(ours == theirs)


@settings(max_examples=500, deadline=None)
@given(EXPRESSIONS, INPUTS)
def test_what_runs_here_gives_what_the_engine_gives(text: str, inputs: dict[str, Any]) -> None:
    try:
        evaluate = compile_simple(text)
        ours = evaluate(inputs)
    except (NotSimple, NeedsEngine):
        assume(False)
        return
    theirs = jsonatapy.compile(text).evaluate(inputs)
    assert same(None if ours is UNDEFINED else ours, theirs), f"{ours!r} here, {theirs!r} there"


@pytest.mark.parametrize(
    "text",
    [
        "$sum(a)", "a[0]", "a.*", "a.**.b", "a^(b)", "a ~> $f", "a.{'x': b}", "a.[b]", "function($x){$x}", "$x := 1",
        "(a; b)", "a.%", "a@$x", "a#$i", "/a/", "[1..9]", "$$.a[b=1]", "a{b: c}", "a.(b)", '"a".b', "a in b", "a ?: b",
        "a ?? b", "/* note */ a", "a.`b", "a..b", "1a", "a b", "{a: 1}", '{"a": 1, "a": 2}', "$now()", "a.$",
        "", "(", "[1", '{"a" 1}',
    ],
)  # fmt: skip
def test_what_is_not_understood_is_left_to_the_engine(text: str) -> None:
    with pytest.raises(NotSimple):
        compile_simple(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("input", 2**53 + 1),
        ("[input, big]", [2**53 + 1, 2**63 - 1]),
        ('{"v": least}', {"v": -(2**63)}),
        ("rows.id", [2**53 + 1, 2**53 + 3]),
        ("input + 0", 2**53),
        ("9007199254740993", 2**53),
        ("9223372036854775807", 2.0**63),
        ("0.1 + 0.2", 0.30000000000000004),
    ],
)
def test_integers_passed_on_keep_their_value_and_arithmetic_is_in_doubles(text: str, value: Any) -> None:
    inputs = {
        "input": 2**53 + 1,
        "big": 2**63 - 1,
        "least": -(2**63),
        "rows": [{"id": 2**53 + 1}, {"id": 2**53 + 3}],
    }
    found = compile_simple(text)(inputs)
    assert found == value
    assert type(found) is type(value)


def test_a_deep_or_long_expression_is_left_to_the_engine() -> None:
    for text in ("(" * 500 + "a" + ")" * 500, "-" * 5_000 + "a", "a+" * 5_000 + "a"):
        with pytest.raises(NotSimple):
            compile_simple(text)
