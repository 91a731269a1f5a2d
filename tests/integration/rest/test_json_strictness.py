"""What the server reads as JSON, and what it gives back of it. CONTRACT section 1, "Forms"."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from problem_answer import refused

# Where a value stands in the body of a flow: inside flow, nodes, node, annotations.
LEVELS_ABOVE = 4


def flow_with(value: str) -> bytes:
    """A flow whose only node carries the JSON text in its annotations."""
    node_id = "4b8f9a3e-7f50-4c7b-9f43-0f0e6c9b0d11"
    node = f'{{"id":"{node_id}","type":"output","name":"o","handlers":{{}},"position":{{"x":0,"y":0}},'
    return f'{{"name":"strict","nodes":[{node}"annotations":{{"v":{value}}}}}]}}'.encode()


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-1",
        str(2**53 + 1),
        str(2**63 - 1),
        str(-(2**63)),
        "0.1",
        "1.7976931348623157e308",
        "5e-324",
        "2.2250738585072014e-308",
        "1e300",
        "-1.5e-7",
        "123456789.123456789",
        '"é 😀 \\u2028 \\u007f"',
        '"\\ud83d\\ude00"',
        "[]",
        "{}",
        '{"": {"": null}}',
        '{"a.b/c~d": true, "__proto__": 1}',
    ],
)
def test_a_value_survives_saving(send: Callable[..., httpx.Response], client: httpx.Client, text: str) -> None:
    made = send("/flows", flow_with(text))
    assert made.status_code == 201, made.text
    for flow in (made.text, client.get(f"/flows/{made.json()['id']}").text):
        value = json.loads(flow)["nodes"][0]["annotations"]["v"]
        assert value == json.loads(text)
        assert type(value) is type(json.loads(text)) or isinstance(value, int | float)


def test_an_integer_is_not_written_as_a_float(send: Callable[..., httpx.Response]) -> None:
    made = send("/flows", flow_with("[9007199254740993, 3, -9223372036854775808]"))
    assert [type(each) for each in made.json()["nodes"][0]["annotations"]["v"]] == [int, int, int]


@pytest.mark.parametrize("text", [str(2**63), str(-(2**63) - 1), "1" + "0" * 30, "18446744073709551615", "1" * 5000])
def test_an_integer_beyond_64_bits_is_refused_where_it_stands(send: Callable[..., httpx.Response], text: str) -> None:
    refused(send("/flows", flow_with(text)), 422, "INVALID", "/nodes/0/annotations/v")


@pytest.mark.parametrize("text", ['"a\\u0000b"', '"\\u0000"'])
def test_a_null_character_is_refused_where_it_stands(send: Callable[..., httpx.Response], text: str) -> None:
    refused(send("/flows", flow_with(text)), 422, "INVALID", "/nodes/0/annotations/v")
    refused(send("/flows", f'{{"name": {text}}}'.encode()), 422, "INVALID", "/name")


def test_a_null_character_in_a_key_is_refused(send: Callable[..., httpx.Response]) -> None:
    refused(send("/flows", flow_with('{"a\\u0000b": 1}')), 422, "INVALID")


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1E999",
        "1" + "0" * 400 + ".0",
        '"\\ud800"',
        '"\\udc00 x"',
        '"\\ud800\\ud800"',
        '{"\\udfff": 1}',
        '{"a": 1, "a": 1}',
        '{"a": 1, "\\u0061": 2}',
        '[{"x": {"b": 1, "c": 2, "b": 3}}]',
        "01",
        "+1",
        ".5",
        "1.",
        "0x10",
        "'a'",
        "[1,]",
        '{"a": 1,}',
        "undefined",
        "True",
        '"\t"',
        '"\\x41"',
        "/* c */ 1",
        "1 2",
        "",
    ],
)
def test_what_is_not_json_is_refused(send: Callable[..., httpx.Response], text: str) -> None:
    refused(send("/flows", flow_with(text)), 400, "BAD_JSON")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{} {}",
        b'{"name": "x"',
        b"nonsense",
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "a", "name": "b"}',
        b'{"name": "raw \x00 null"}',
        '{"name": "x"}'.encode("utf-16"),
    ],
)
def test_a_body_that_is_not_json_is_refused(send: Callable[..., httpx.Response], body: bytes) -> None:
    refused(send("/flows", body), 400, "BAD_JSON")
    refused(send("/executions", body), 400, "BAD_JSON")


@pytest.mark.parametrize("body", [b"null", b"[]", b"1", b'"text"', b"true"])
def test_a_body_that_is_no_object_is_refused_at_its_root(send: Callable[..., httpx.Response], body: bytes) -> None:
    for path in ("/flows", "/executions"):
        refused(send(path, body), 422, "INVALID", "")


@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}")])
def test_100_levels_are_read_and_101_are_not(
    send: Callable[..., httpx.Response], client: httpx.Client, left: str, right: str
) -> None:
    def body(levels: int) -> bytes:
        inner = levels - LEVELS_ABOVE
        return flow_with(left * inner + "1" + right * inner)

    made = send("/flows", body(100))
    assert made.status_code == 201, made.text
    shown = client.get(f"/flows/{made.json()['id']}")
    assert shown.json()["nodes"] == made.json()["nodes"]
    again = {key: shown.json()[key] for key in ("name", "nodes")}
    assert client.put(f"/flows/{made.json()['id']}", json=again, headers={"If-Match": "*"}).status_code == 200
    refused(send("/flows", body(101)), 400, "BAD_JSON")


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_a_hundred_thousand_open_lists_harm_nobody(send: Callable[..., httpx.Response], opening: bytes) -> None:
    refused(send("/flows", opening * 100_000), 400, "BAD_JSON")
    refused(send("/executions", b'{"flowId": "x", "inputs": ' + opening * 100_000), 400, "BAD_JSON")


def test_brackets_inside_text_are_not_depth(send: Callable[..., httpx.Response]) -> None:
    assert send("/flows", flow_with('"' + "[{" * 1000 + '\\"[[["')).status_code == 201


def test_inputs_of_100_levels_reach_the_result(
    send: Callable[..., httpx.Response], client: httpx.Client, runnable: Callable[..., str]
) -> None:
    flow_id = runnable()
    value: Any = "deep"
    for _ in range(98):
        value = [value]
    body = json.dumps({"flowId": flow_id, "inputs": {"v": value}, "executionOptions": {"async": False}})
    ran = send("/executions", body.encode())
    assert ran.status_code == 200, ran.text
    assert (ran.json()["status"], ran.json()["error"]) == ("succeeded", None)
    assert ran.json()["outputs"] == {"result": {"v": value}}
    assert client.get(f"/executions/{ran.json()['id']}").json()["inputs"] == {"v": value}
    page = client.get(f"/executions/{ran.json()['id']}/events", headers={"Accept": "application/json"})
    assert page.status_code == 200
    too_deep = json.dumps({"flowId": flow_id, "inputs": {"v": [value]}}).encode()
    refused(send("/executions", too_deep), 400, "BAD_JSON")


def test_numbers_survive_a_run(
    send: Callable[..., httpx.Response], client: httpx.Client, runnable: Callable[..., str]
) -> None:
    numbers = [2**63 - 1, -(2**63), 2**53 + 1, 0.1, 5e-324, 1.7976931348623157e308, 1e300, -0.5]
    body = {"flowId": runnable(), "inputs": {"n": numbers}, "executionOptions": {"async": False}}
    ran = send("/executions", json.dumps(body).encode()).json()
    events = client.get(f"/executions/{ran['id']}/events", headers={"Accept": "application/json"}).json()["items"]
    result = next(e["payload"]["result"] for e in events if e["type"] == "chunk.completed")
    activations = client.get(f"/executions/{ran['id']}/activations").json()["items"]
    for shown in (ran["inputs"], ran["outputs"]["result"], result, activations[1]["ports"]["out"]):
        assert shown["n"] == numbers
        assert [type(each) for each in shown["n"]] == [type(each) for each in numbers]
