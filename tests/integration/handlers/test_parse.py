"""core:parse turns text into a value. CONTRACT section 3; RFC 4180."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def parse(try_node: Callable[..., Any]) -> Callable[..., Any]:
    return lambda text, form="csv": try_node("core:parse", text, config={"format": form})


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\r\n1,2\r\n3,4\r\n", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
        ("a,b\r\n1,2", [{"a": "1", "b": "2"}]),
        ("a,b\n1,2\n", [{"a": "1", "b": "2"}]),
        ("a,b\r\n", []),
        ("a,b", []),
        ("a\r\n1\r\n", [{"a": "1"}]),
        ("a,b\r\n,\r\n", [{"a": "", "b": ""}]),
        ('a,b\r\n"1,5","x ""y"" z"\r\n', [{"a": "1,5", "b": 'x "y" z'}]),
        ('a,b\r\n"line\r\nbreak","l\nf"\r\n', [{"a": "line\r\nbreak", "b": "l\nf"}]),
        ('"a","b c"\r\n1,2\r\n', [{"a": "1", "b c": "2"}]),
        ('a\r\n""\r\n', [{"a": ""}]),
        ("a,b\r\n 1 , 2\r\n", [{"a": " 1 ", "b": " 2"}]),
        ("ä,😀\r\nü,é\r\n", [{"ä": "ü", "😀": "é"}]),
        ("a;b\r\n1;2\r\n", [{"a;b": "1;2"}]),
        ("a\tb\r\n1\t2\r\n", [{"a\tb": "1\t2"}]),
        ("a,b\r\ntrue,null\r\n1e5,007\r\n", [{"a": "true", "b": "null"}, {"a": "1e5", "b": "007"}]),
        ("a,b\r\n'1,2'\r\n", [{"a": "'1", "b": "2'"}]),
        ('a,b\r\n"",""""\r\n', [{"a": "", "b": '"'}]),
    ],
)
def test_csv_is_read_as_rfc_4180_says(parse: Callable[..., Any], text: str, rows: Any) -> None:
    assert parse(text).value == rows


@pytest.mark.parametrize(
    "text",
    [
        "a,b\r\n1\r\n",
        "a,b\r\n1,2,3\r\n",
        'a,b\r\n"1,2\r\n',
        'a,b\r\n"1"x,2\r\n',
        'a,b\r\n1"x,2\r\n',
        'a,b\r\nx"1",2\r\n',
        'a,b\r\n1,"',
    ],
)
def test_broken_csv_fails(parse: Callable[..., Any], text: str) -> None:
    assert parse(text).error["type"] == "ParseFailed"


@pytest.mark.parametrize("value", [1, None, ["a"], {"a": "b"}, True])
@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_is_no_text_fails(parse: Callable[..., Any], value: Any, form: str) -> None:
    assert parse(value, form).error["type"] == "ParseFailed"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5, null, true, "é"]}', {"a": [1, 2.5, None, True, "é"]}),
        ("null", None),
        (' "x" ', "x"),
        ("9223372036854775807", 9223372036854775807),
        ("9007199254740993", 9007199254740993),
        ('"\\ud83d\\ude00"', "😀"),
        ("[]", []),
    ],
)
def test_json_is_read(parse: Callable[..., Any], text: str, value: Any) -> None:
    came = parse(text, "json").value
    assert came == value and type(came) is type(value)


@pytest.mark.parametrize(
    "text", ["", "{", "nonsense", "[1,]", "NaN", "1e999", '"\\ud800"', "{'a': 1}", "1 2", "\ufeff{"]
)
def test_broken_json_fails(parse: Callable[..., Any], text: str) -> None:
    error = parse(text, "json").error
    assert error["type"] == "ParseFailed" and error["message"]


def test_broken_text_is_not_tried_again(try_node: Callable[..., Any]) -> None:
    retries = {"maxAttempts": 4, "backoffSeconds": 5}
    assert try_node("core:parse", "{", config={"format": "json"}, retries=retries).error["attempt"] == 1


def test_its_only_input_may_have_any_name(try_node: Callable[..., Any]) -> None:
    came = try_node("core:parse", {"body": "[1]"}, takes=["body"], config={"format": "json"})
    assert came.value == [1]


def test_a_table_of_many_rows_is_read(parse: Callable[..., Any]) -> None:
    text = "n,square\r\n" + "".join(f"{n},{n * n}\r\n" for n in range(3_000))
    came = parse(text)
    assert set(came.ports["out"]) == {"$value", "bytes", "preview"}
