"""The edge of large values, and who may read them. CONTRACT section 1, "Large values"."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from drawing import Drawing
from problem_answer import refused
from running_product import Product

LIMIT = 64 * 1024


@pytest.fixture
def passed(run: Callable[..., Any]) -> Callable[..., Any]:
    """Run a value through a node, to an output."""

    def passed(value: Any) -> Any:
        drawing = Drawing("passed")
        drawing.trigger(outputs=["v"])
        drawing.node("action", "same", "sample_handlers.pass_on")
        drawing.node("output", "result")
        drawing.wire("start", "same", "v")
        drawing.wire("same", "result")
        return run(drawing, {"v": value})

    return passed


def shown(ran: Any) -> list[Any]:
    """The value wherever it appears."""
    return [
        ran.execution["inputs"]["v"],
        ran.execution["outputs"]["result"],
        ran.ends("same")[0]["result"],
        ran.activation("same")["ports"]["out"],
        ran.ends("result")[0]["result"],
    ]


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_64_kib_are_shown_and_a_byte_more_is_a_reference(
    passed: Callable[..., Any], client: httpx.Client, letter: str
) -> None:
    wide = len(letter.encode())
    whole = letter * ((LIMIT - 2) // wide)
    whole += "y" * (LIMIT - 2 - len(whole.encode()))
    assert len(json.dumps(whole, ensure_ascii=False).encode()) == LIMIT
    assert shown(passed(whole)) == [whole] * 5
    for reference in shown(passed(whole + "z")):
        assert set(reference) == {"$value", "bytes", "preview"}
        assert reference["bytes"] == LIMIT + 1 and isinstance(reference["preview"], str)
        fetched = client.get(f"/values/{reference['$value']}")
        assert fetched.json() == whole + "z" and len(fetched.content) == LIMIT + 1


def test_bytes_are_those_of_compact_json(passed: Callable[..., Any], client: httpx.Client) -> None:
    rows = [{"a": 1, "b": None, "ü": 2.5}] * 4_000
    compact = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
    for reference in shown(passed(rows)):
        assert reference["bytes"] == len(compact)
        assert client.get(f"/values/{reference['$value']}").content == compact


def test_a_value_of_a_few_megabytes_passes(passed: Callable[..., Any], client: httpx.Client) -> None:
    text = "x" * 7_000_000
    reference = passed(text).execution["outputs"]["result"]
    assert client.get(f"/values/{reference['$value']}").json() == text


def test_a_reference_of_nobody_is_not_found(client: httpx.Client, product: Product, passed: Callable[..., Any]) -> None:
    for ref in ("nope", "0" * 64, "..%2f..%2ftoken", "../token", "%00"):
        answer = client.get(f"/values/{ref}")
        refused(answer, 404, "NOT_FOUND")
    reference = passed("x" * 70_000).execution["outputs"]["result"]
    refused(httpx.get(f"{product.url}/values/{reference['$value']}"), 401, "UNAUTHENTICATED")


def test_an_object_with_the_key_is_a_reference_whatever_it_holds(
    passed: Callable[..., Any], client: httpx.Client
) -> None:
    mine = {"$value": "x", "bytes": 1, "preview": "mine"}
    for value in (mine, {"$value": None}, {"$value": {"$value": {"$value": 1}}}):
        for reference in shown(passed(value)):
            assert set(reference) == {"$value", "bytes", "preview"} and reference["$value"] != value["$value"]
            assert client.get(f"/values/{reference['$value']}").json() == value


def test_in_a_trace_the_inputs_of_a_node_are_shown_the_same_way(run: Callable[..., Any], client: httpx.Client) -> None:
    drawing = Drawing("traced")
    drawing.trigger(outputs=["v"])
    drawing.node("action", "same", "sample_handlers.pass_on")
    drawing.wire("start", "same", "v")
    ran = run(drawing, {"v": ["x" * 70_000]}, trace=True)
    reference = ran.activation("same")["inputs"]["input"]
    assert client.get(f"/values/{reference['$value']}").json() == ["x" * 70_000]


def test_a_result_of_several_ports_is_measured_as_a_whole(run: Callable[..., Any], client: httpx.Client) -> None:
    drawing = Drawing("two halves")
    drawing.trigger(outputs=["lit"])
    config = {"lit": {"$expr": "input"}}
    drawing.node("action", "fork", "lab_handlers.outputs", outputs=["a", "b"], config=config)
    drawing.node("output", "both", inputs=["a", "b"])
    drawing.wire("start", "fork", "lit")
    drawing.wire("fork", "both", "a", "a")
    drawing.wire("fork", "both", "b", "b")
    half = {"a": "x" * 40_000, "b": "y" * 40_000}
    ran = run(drawing, {"lit": half})
    assert ran.activation("fork")["ports"] == half
    for reference in (ran.ends("fork")[0]["result"], ran.ends("both")[0]["result"], ran.execution["outputs"]["both"]):
        assert client.get(f"/values/{reference['$value']}").json() == half


def test_an_output_may_be_called_like_a_reference(run: Callable[..., Any]) -> None:
    drawing = Drawing("called $value")
    drawing.trigger(outputs=["v"])
    drawing.node("output", "$value")
    drawing.wire("start", "$value", "v")
    assert run(drawing, {"v": 1}).execution["status"] == "succeeded"
