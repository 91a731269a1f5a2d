"""Handlers that yield and print: docs/contract.md section 3, "Handlers"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawing import Drawing
from running_product import wait_for

L = "stream_handlers."


def streamed(entrypoint: str, *, declared: list[str] | None = None, **handler: Any) -> Drawing:
    """A trigger, the handler, and an output at its first port."""
    drawing = Drawing(f"stream {entrypoint}")
    drawing.trigger()
    drawing.node("action", "node", f"{L}{entrypoint}", outputs=declared, **handler)
    drawing.node("output", "result")
    drawing.wire("start", "node")
    drawing.wire("node", "result", (declared or ["out"])[-1])
    return drawing


def rows(ran: Any, stream: str = "custom") -> list[dict[str, Any]]:
    """What the handler said in this stream."""
    payloads = [event["payload"] for event in ran.events if event["type"] == "runtime.output"]
    found = [payload for payload in payloads if payload["stream"] == stream]
    return [row for row in found if stream != "custom" or row["data"]["kind"] == "token"]


@pytest.mark.parametrize("handler", ["words", "words_in_a_thread"])
def test_a_generator_streams_its_text_in_order_and_gives_it_whole(run: Callable[..., Any], handler: str) -> None:
    ran = run(streamed(handler, config={"count": 5_000}))
    whole = "".join(f"{number} " for number in range(5_000))
    assert ran.execution["outputs"] == {"result": whole}
    said = rows(ran)
    assert "".join(row["data"]["text"] for row in said) == whole
    assert 2 <= len(said) <= 40  # many words a row
    assert [row["sequence"] for row in said] == list(range(len(said)))
    assert {row["data"]["activationId"] for row in said} == {ran.activation("node")["id"]}
    kinds = [line.split()[0] for line in ran.lines() if line.split()[1:2] == ["node"]]
    assert kinds == ["chunk.started", *["token"] * len(said), "chunk.completed"]


def test_outputs_yielded_last_name_the_ports(run: Callable[..., Any]) -> None:
    ran = run(streamed("with_ports", declared=["left", "right"]))
    assert ran.execution["outputs"] == {"result": "right"}
    assert [row["data"]["text"] for row in rows(ran)] == ["left or right?"]


def test_what_a_plain_generator_returns_is_its_result(run: Callable[..., Any]) -> None:
    ran = run(streamed("with_return"))
    assert ran.execution["outputs"] == {"result": 3}
    assert [row["data"]["text"] for row in rows(ran)] == ["counting"]


def test_what_is_not_text_comes_as_values(run: Callable[..., Any], client: httpx.Client) -> None:
    ran = run(streamed("objects"))
    values = [value for row in rows(ran) for value in row["data"].get("values", [row["data"].get("text")])]
    assert (values[0], values[2]) == ({"step": 1}, "done")
    # A key of this name is always a reference.
    assert client.get(f"/values/{values[1]['$value']}").json() == {"$value": "mine"}
    assert ran.execution["outputs"]["result"][0] == {"step": 1}


def test_a_later_attempt_goes_on_counting_after_its_retry(run: Callable[..., Any]) -> None:
    ran = run(streamed("raises", retries={"maxAttempts": 2, "backoffSeconds": 0}))
    assert ran.execution["outputs"] == {"result": "attempt 2 went well"}
    kinds = [line for line in ran.lines() if line.startswith(("token", "retry"))]
    assert kinds == ["token node 1", "retry node 2", "token node 2"]
    sequences = [e["payload"]["sequence"] for e in ran.events if e["type"] == "runtime.output"]
    assert sequences == [0, 1, 2, 3]  # the detail of the end is the last


def test_what_is_not_json_fails_the_node(run: Callable[..., Any]) -> None:
    assert run(streamed("not_json")).execution["error"]["type"] == "NotJson"


@pytest.mark.parametrize("handler", ["endless", "endless_in_a_thread"])
def test_an_endless_generator_is_held_back_and_stopped_by_the_time_limit(
    run: Callable[..., Any], tmp_path: Path, handler: str
) -> None:
    told = tmp_path / "told"
    ran = run(streamed(handler, timeoutSeconds=1, config={"told": str(told)}))
    assert ran.execution["error"]["type"] == "TimedOut"
    said = rows(ran)
    assert len(said) <= 21  # a second, and the rest
    # Each row and one more may be ahead of the journal.
    assert sum(len(row["data"]["text"]) for row in said) <= 1_024 * 21
    if handler == "endless_in_a_thread":
        wait_for(told.exists, seconds=5, what="the generator to be closed")


def test_what_a_handler_prints_is_in_its_events(run: Callable[..., Any]) -> None:
    ran = run(streamed("prints"))
    assert [line for row in rows(ran, "stdout") for line in row["data"]["text"].split("\n")] == ["one", "two", "four"]
    (line,) = rows(ran, "stderr")
    node = ran.activation("node")
    assert line == {
        "stream": "stderr",
        "data": {"nodeId": node["nodeId"], "activationId": node["id"], "scope": "", "attempt": 1, "text": "three"},
        "sequence": 0,
    }


def test_what_is_printed_past_64_kib_is_cut_with_a_word(run: Callable[..., Any]) -> None:
    ran = run(streamed("prints_much"))
    assert ran.execution["outputs"] == {"result": "done"}
    lines = [line for row in rows(ran, "stdout") for line in row["data"]["text"].split("\n")]
    assert lines[-1] == "output cut: one activation may print 65536 bytes"
    assert lines[:-1] == ["x" * 63] * 1_024


@pytest.mark.parametrize("kind", ["text", "object"])
def test_what_alone_is_more_than_a_handler_may_yield_fails_before_it_is_told(
    run: Callable[..., Any], kind: str
) -> None:
    ran = run(streamed("yields_too_much", config={"kind": kind}))
    assert ran.execution["error"]["type"] == "ValueTooLarge"
    assert [row["data"]["text"] for row in rows(ran)] == ["small"]
