"""Every frame and every record that a whole mesh sends is what its own AsyncAPI document says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer
from drawing import Drawing
from published_live import PublishedLive
from running_mesh import Mesh
from running_product import wait_for
from triggerflow_chassis.schemas import violations
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

HANDLERS = Path(__file__).resolve().parents[2] / "handlers"
TOPICS = ("executionEventRecord", "flowEventRecord", "projectEventRecord")
SECONDS = 60.0


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    environment = {"TFCANVAS_PYTHON_MODULES": "sample_handlers", "PYTHONPATH": str(HANDLERS)}
    one = Mesh(tmp_path_factory.mktemp("mesh") / "home", workers=1, environment=environment)
    one.start()
    yield one
    assert one.stop() == 0


@pytest.fixture(scope="module")
def live(mesh: Mesh) -> PublishedLive:
    with mesh.client() as client:
        return PublishedLive(client.get("/asyncapi.json").json())


@pytest.fixture
def flow(mesh: Mesh) -> str:
    """start → a large result → result; published."""
    drawing = Drawing("told of everywhere")
    drawing.trigger()
    drawing.node("action", "large", "sample_handlers.large")
    drawing.node("output", "result")
    drawing.wire("start", "large")
    drawing.wire("large", "result")
    with mesh.client() as client:
        flow_id = client.post("/flows", json=drawing.body()).json()["id"]
        assert client.post(f"/flows/{flow_id}/versions", json={}).status_code == 201
    return str(flow_id)


def _run(mesh: Mesh, flow: str) -> str:
    with mesh.client() as client:
        return str(client.post("/executions", json={"flowId": flow, "inputs": {"n": 1}}).json()["id"])


def _frames(mesh: Mesh, run: str, *subprotocols: str) -> list[Any]:
    url = f"ws{mesh.url[4:]}/executions/{run}/events"
    headers = {"Authorization": f"Bearer {mesh.token}"}
    found = []
    chosen: Any = list(subprotocols) or None
    with connect(url, additional_headers=headers, subprotocols=chosen, compression=None, max_size=None) as socket:
        assert socket.subprotocol == (subprotocols[0] if subprotocols else None)
        with suppress(ConnectionClosed):
            while True:
                found.append(json.loads(socket.recv(timeout=SECONDS)))
    assert socket.close_code == 1000
    return found


def test_websocket_frames_of_both_kinds_are_as_described(mesh: Mesh, live: PublishedLive, flow: str) -> None:
    run = _run(mesh, flow)
    channel = live.channel("executionEvents")
    (subprotocol,) = channel["bindings"]["ws"]["headers"]["properties"]["Sec-WebSocket-Protocol"]["enum"]
    single, batched = _frames(mesh, run), _frames(mesh, run, subprotocol)
    assert [event for batch in batched for event in batch] == single
    assert single[-1]["type"] == "execution.completed"
    assert [live.wrong("executionEvents", "event", event) for event in single] == [[]] * len(single)
    assert [live.wrong("executionEvents", "batch", batch) for batch in batched] == [[]] * len(batched)


def test_streams_of_a_run_and_of_the_project_are_as_described(mesh: Mesh, live: PublishedLive, flow: str) -> None:
    told: list[tuple[str, Any]] = []
    standing = threading.Event()

    def follow() -> None:
        with mesh.client() as client, client.stream("GET", live.channel("projectEventStream")["address"]) as answer:
            for each in _sse(answer.iter_lines(), standing):
                told.append(each)
                if each[1]["type"] == "execution.completed":
                    return

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    assert standing.wait(SECONDS)
    run = _run(mesh, flow)
    address = live.channel("executionEventStream")["address"].format(executionId=run)
    with (
        mesh.client() as client,
        client.stream("GET", address, headers={"Accept": "text/event-stream"}) as answer,
    ):
        events = list(_sse(answer.iter_lines()))
    follower.join(SECONDS)
    assert {event["type"] for _, event in told} >= {"execution.started", "execution.completed"}
    for channel, found in (("executionEventStream", events), ("projectEventStream", told)):
        assert found
        for event_id, event in found:
            assert event_id == event["id"]
            assert live.wrong(channel, "event", event) == []


def test_records_of_each_topic_can_be_read_with_the_document_alone(mesh: Mesh, live: PublishedLive, flow: str) -> None:
    run = _run(mesh, flow)
    events = _frames(mesh, run)
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {channel: [] for channel in TOPICS}
    addresses = {live.channel(channel)["address"]: channel for channel in TOPICS}
    consumer = Consumer(
        {
            "bootstrap.servers": mesh.addresses["kafka"],
            "group.id": f"the document alone {time.monotonic_ns()}",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe(list(addresses))

    def all_there() -> bool:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            channel = addresses[message.topic()]
            record = live.record(channel, message.value())
            found[channel].append((message.key().decode(), record))
        mine = [record for key, record in found["executionEventRecord"] if key == run]
        return len(mine) >= len(events) and all(found.values())

    try:
        wait_for(all_there, seconds=SECONDS, what="records of every topic")
    finally:
        consumer.close()
    mine = [record for key, record in found["executionEventRecord"] if key == run]
    assert [json.loads(record["body"]) for record in mine] == events
    assert [record["sequence"] for record in mine] == list(range(1, len(events) + 1))
    assert all(violations("execution-event", json.loads(record["body"])) == [] for record in mine)
    for channel, key in zip(TOPICS, ("executionId", "flowId", "projectId"), strict=True):
        assert all(str(record[key]) == named for named, record in found[channel])


def _sse(lines: Iterator[str], standing: threading.Event | None = None) -> Iterator[tuple[str, Any]]:
    event_id = ""
    for line in lines:
        if line.startswith(":") and standing is not None:
            standing.set()
        if line.startswith("id: "):
            event_id = line[4:]
        elif line.startswith("data: "):
            yield event_id, json.loads(line[6:])
