"""Text to values: RFC 4180 and JSON, and what is broken is refused."""

from __future__ import annotations

from typing import Any

import pytest
from triggerflow_adapter_core.parse import parse_csv
from triggerflow_adapter_sdk import ParseFailed
from triggerflow_adapter_sdk.jsontext import parse_json


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2\n3,4\n", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
        ("a,b\r\n1,2", [{"a": "1", "b": "2"}]),
        ("\ufeffa,b\n1,", [{"a": "1", "b": ""}]),
        ("a,b\n", []),
        ("a\n1\n\n2\n", [{"a": "1"}, {"a": ""}, {"a": "2"}]),
        ("a,b\n\n1,2\n\n", [{"a": "1", "b": "2"}]),
        ('a,b\n"x, ""y""\r\nz",2\n', [{"a": 'x, "y"\r\nz', "b": "2"}]),
        ('"a","b"\n"",""', [{"a": "", "b": ""}]),
        ('a,b\n1,"2"\n', [{"a": "1", "b": "2"}]),
        ('a\n"1"', [{"a": "1"}]),
        ("städte,n\nKöln,1\n", [{"städte": "Köln", "n": "1"}]),
    ],
)
def test_csv_becomes_objects_of_text(text: str, rows: list[dict[str, str]]) -> None:
    assert parse_csv(text) == rows


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,a\n1,2",
        "a,b\n1",
        "a,b\n1,2,3",
        'a,b\n1,"2',
        'a,b\n1,2"x"',
        'a,b\n"1"x,2',
        "a,b\n1\r2,3",
        'a,b\n1,"2\n3,4\n',
    ],
)
def test_broken_csv_is_refused(text: str) -> None:
    with pytest.raises(ParseFailed):
        parse_csv(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5, null, true, "é"]}', {"a": [1, 2.5, None, True, "é"]}),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", float(2**63)),
        ("[18446744073709551615]", [float(2**64 - 1)]),
        ("123456789012345678901234567890", 1.2345678901234568e29),
    ],
)
def test_json_keeps_64_bits_and_makes_doubles_of_longer_integers(text: str, value: Any) -> None:
    for given in (text, text.encode()):
        found = parse_json(given)
        assert found == value
        assert type(found) is type(value)


@pytest.mark.parametrize("text", ["", "{", "NaN", "[Infinity]", "1e999", "{'a': 1}", '"\\ud800"', "[1,]"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ParseFailed):
        parse_json(text)
