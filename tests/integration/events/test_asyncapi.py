"""Every frame that the product sends is what its own AsyncAPI document says. Real sockets and streams."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from drawing import Drawing
from published_live import PublishedLive
from running_product import Product, wait_for

Json = dict[str, Any]
SSE = {"Accept": "text/event-stream"}


@pytest.fixture
def live(client: httpx.Client) -> PublishedLive:
    return PublishedLive(client.get("/asyncapi.json").json())


@pytest.fixture
def telling(start: Callable[..., str]) -> str:
    """A run that says something of every kind: lines, a retry, a failure that is data, skips, large values, an end."""
    drawing = Drawing("tells much")
    drawing.trigger()
    drawing.node("action", "lines", "lab_handlers.steady", config={"lines": 20, "pause": 0.005})
    drawing.node(
        "action",
        "again",
        "lab_handlers.times",
        config={"attempts": 2},
        retries={"maxAttempts": 2, "backoffSeconds": 0},
    )
    drawing.node("action", "fails", "lab_handlers.not_again")
    drawing.node("action", "large", "sample_handlers.large")
    for source in ("lines", "again", "fails", "large"):
        drawing.wire("start", source)
        drawing.node("output", f"{source} out")
        drawing.wire(source, f"{source} out", "error" if source == "fails" else "out")
    drawing.node("output", "never")
    drawing.wire("fails", "never")
    return start(drawing, trace=True)


def test_each_frame_of_a_websocket_is_an_event(live: PublishedLive, telling: str, socket: Any, frames: Any) -> None:
    found, code = frames(socket(telling))
    assert len(found) > 20
    for frame in found:
        assert live.wrong("executionEvents", "event", frame) == []
    kinds = {frame["type"] for frame in found}
    assert kinds >= {"log", "chunk.failed", "chunk.completed", "runtime.output", "execution.completed"}
    assert any("$value" in (frame["payload"].get("result") or ()) for frame in found)
    assert str(code) in live.channel("executionEvents")["x-close-codes"]


def test_each_frame_of_the_batched_subprotocol_is_a_batch(
    live: PublishedLive, telling: str, socket: Any, frames: Any
) -> None:
    binding = live.channel("executionEvents")["bindings"]["ws"]
    (subprotocol,) = binding["headers"]["properties"]["Sec-WebSocket-Protocol"]["enum"]
    connection = socket(telling, subprotocols=[subprotocol])
    assert connection.subprotocol == subprotocol
    found, code = frames(connection)
    assert sum(map(len, found)) > 20
    for frame in found:
        assert live.wrong("executionEvents", "batch", frame) == []
        assert live.wrong("executionEvents", "event", frame) != []
    assert str(code) in live.channel("executionEvents")["x-close-codes"]


@pytest.mark.parametrize(
    ("query", "of"), [("?after=x", None), ("", "01900000-0000-7000-8000-00000000dead"), ("", "no-uuid")]
)
def test_a_refused_websocket_closes_with_a_documented_code(
    live: PublishedLive, telling: str, socket: Any, frames: Any, query: str, of: str | None
) -> None:
    found, code = frames(socket(of or telling, query))
    assert found == []
    assert str(code) in live.channel("executionEvents")["x-close-codes"]
    assert code >= 4400


def test_a_stream_of_a_run_is_framed_and_filled_as_described(
    live: PublishedLive, telling: str, client: httpx.Client, sse: Any
) -> None:
    channel = live.channel("executionEventStream")
    with client.stream("GET", channel["address"].format(executionId=telling), headers=SSE) as answer:
        stream = sse(answer)
        found = list(stream.events())
    assert len(found) > 20
    for event_id, event in found:
        assert live.wrong("executionEventStream", "event", event) == []
        assert event_id == event["id"]
    assert stream.comments[0] == ":"
    assert stream.fields <= set(channel["x-sse"])
    assert channel["x-sse"]["event"] == "Never sent."
    assert "event" not in stream.fields


def test_a_stream_of_the_project_is_framed_and_filled_as_described(
    live: PublishedLive, client: httpx.Client, product: Product, sse: Any, run: Any, chain: Callable[..., Drawing]
) -> None:
    address = live.channel("projectEventStream")["address"]
    found: list[tuple[str, Json]] = []
    standing = threading.Event()

    def follow() -> None:
        with product.client() as own, own.stream("GET", address, headers=SSE) as answer:
            stream = sse(answer)
            standing.set()
            for each in stream.events():
                found.append(each)
                if each[1]["type"] == "execution.completed":
                    return

    thread = threading.Thread(target=follow)
    thread.start()
    assert standing.wait(20)
    run(chain())
    thread.join(20)
    wait_for(lambda: not thread.is_alive(), what="the end of the run in the project's stream")
    assert {event["type"] for _, event in found} >= {"flow.updated", "flow.published", "execution.started"}
    for event_id, event in found:
        assert live.wrong("projectEventStream", "event", event) == []
        assert event_id == event["id"]


def test_a_frame_with_a_member_too_many_would_be_told(live: PublishedLive, telling: str, client: httpx.Client) -> None:
    def items() -> list[Any]:
        page = client.get(f"/executions/{telling}/events", headers={"Accept": "application/json"}).json()
        found: list[Any] = page["items"]
        return found

    # In the mesh it may be queued still.
    event = wait_for(items, what="an event of the run")[0]
    assert live.wrong("executionEvents", "event", event) == []
    assert live.wrong("executionEvents", "event", {**event, "more": 1}) != []
    assert live.wrong("executionEvents", "event", {**event, "timestamp": "yesterday"}) != []
    assert live.wrong("executionEvents", "batch", []) != []
