"""Strict JSON, and that the fast reading never misses what the slow one finds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from triggerflow_chassis import jsontext
from triggerflow_chassis.errors import BadJson, Invalid

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
@settings(deadline=None)
def test_what_is_json_is_read_as_it_is(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert jsontext.parse(text.encode()) == value
    assert jsontext.parse(jsontext.dumps(value)) == value


@given(st.lists(st.tuples(st.sampled_from(["a", "b", ":", "a:", "\\u003a", "\\u0061", "c"]), VALUES), max_size=6))
@settings(deadline=None)
def test_a_repeated_key_is_always_found(pairs: list[tuple[str, Any]]) -> None:
    text = "[{" + ",".join(f'"{key}":{json.dumps(value)}' for key, value in pairs) + "}]"
    keys = [json.loads(f'"{key}"') for key, _ in pairs]
    if len(set(keys)) == len(keys):
        assert jsontext.parse(text) == json.loads(text)
    else:
        with pytest.raises(BadJson, match="twice"):
            jsontext.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "{", "nul", "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "[1e400]", '"\\ud800"', '"\\udc00x"',
        "{'a': 1}", "[1,]", "01", '{"a":1}x', "[" * 101 + "]" * 101, '{"a":' * 101 + "1" + "}" * 101,
        "[" * 5_000 + "]" * 5_000, "\ufeff{}",
    ],
)  # fmt: skip
def test_what_is_not_json_is_bad_json(text: str) -> None:
    with pytest.raises(BadJson):
        jsontext.parse(text.encode())


def test_bytes_that_are_not_utf_8_are_bad_json() -> None:
    with pytest.raises(BadJson):
        jsontext.parse(b'"\xff"')
    with pytest.raises(BadJson):
        jsontext.parse(b'"\xed\xa0\x80"')


def test_a_hundred_levels_are_allowed() -> None:
    assert jsontext.parse("[" * 100 + "]" * 100)


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ("9223372036854775808", [""]),
        ("-9223372036854775809", [""]),
        ("1" * 400, [""]),
        ('{"a":[1,{"b/c~":18446744073709551616}],"d":-9223372036854775809}', ["/a/1/b~1c~0", "/d"]),
        ('{"a":"x\\u0000","b":["\\u0000"]}', ["/a", "/b/0"]),
    ],
)
def test_what_no_store_can_hold_is_invalid_with_its_pointer(text: str, pointers: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        jsontext.parse(text.encode())
    assert [found.pointer for found in refused.value.violations] == pointers


def test_the_largest_numbers_are_kept() -> None:
    text = "[9223372036854775807,-9223372036854775808,1.7976931348623157e308,5e-324,123456789012345678901234.5]"
    assert jsontext.parse(text) == json.loads(text)


def test_text_that_only_looks_like_trouble_is_fine() -> None:
    text = '{"a":"\\\\u0000","b":"12345678901234567890","c":"x:y:z","d":"\\u003a"}'
    assert jsontext.parse(text) == json.loads(text)


def test_equal_values_have_equal_canonical_bytes() -> None:
    assert jsontext.canonical({"b": 1, "a": [{"d": 1, "c": 2}]}) == jsontext.canonical(
        {"a": [{"c": 2, "d": 1}], "b": 1}
    )
