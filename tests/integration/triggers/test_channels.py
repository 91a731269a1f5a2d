"""Channels of a running product: within a run as edges nobody drew, across runs as triggers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawing import Drawing
from problem_answer import refused
from running_product import Product, wait_for


def end(drawing: Drawing, name: str, port: str) -> dict[str, str]:
    return {"nodeId": drawing.ids[name], "port": port}


def channel(name: str, publishers: list[Any], subscribers: list[Any], **more: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "name": name, "publishers": publishers, "subscribers": subscribers, **more}


def publish(client: httpx.Client, body: dict[str, Any]) -> str:
    flow = client.post("/flows", json=body).raise_for_status().json()
    assert not [each for each in flow["problems"] if each["severity"] == "error"], flow["problems"]
    client.post(f"/flows/{flow['id']}/versions").raise_for_status()
    return str(flow["id"])


def run(client: httpx.Client, flow: str, **inputs: Any) -> dict[str, Any]:
    body = {"flowId": flow, "inputs": inputs, "executionOptions": {"async": False}}
    found: dict[str, Any] = client.post("/executions", json=body).raise_for_status().json()
    return found


def within() -> tuple[Drawing, dict[str, Any]]:
    """start → (channel) → double and plain, each to an output; the plain one by the channel alone."""
    drawing = Drawing("Within")
    drawing.trigger()
    drawing.node("action", "double", "core:map", config={"expression": "input.n * 2"})
    drawing.node("output", "doubled")
    drawing.node("output", "plain")
    drawing.wire("double", "doubled")
    bus = channel(
        "numbers",
        [end(drawing, "start", "out")],
        [end(drawing, "double", "input"), end(drawing, "plain", "input")],
    )
    return drawing, {**drawing.body(), "channels": [bus]}


def test_what_is_published_reaches_every_subscriber_of_the_run(client: httpx.Client) -> None:
    _, body = within()
    flow = publish(client, body)
    assert client.get(f"/flows/{flow}").json()["problems"] == []
    assert run(client, flow, n=21)["outputs"] == {"doubled": 42, "plain": {"n": 21}}


def test_a_dead_publisher_skips_its_subscribers_and_joins_count_channels(client: httpx.Client) -> None:
    drawing = Drawing("Joined")
    drawing.trigger()
    drawing.node("condition", "which", "core:condition", config={"expression": "input.big"})
    drawing.node("action", "join", "sample_handlers.pass_on", inputs=["a", "b"], outputs=["out"])
    drawing.node("output", "joined")
    drawing.node("output", "never")
    drawing.wire("start", "which")
    drawing.wire("join", "joined")
    big = channel("big", [end(drawing, "which", "true")], [end(drawing, "join", "a")])
    small = channel(
        "small", [end(drawing, "which", "false")], [end(drawing, "never", "input"), end(drawing, "join", "b")]
    )
    flow = publish(client, {**drawing.body(), "channels": [big, small]})
    found = run(client, flow, big=True)
    assert found["status"] == "succeeded" and found["outputs"] == {"joined": {"a": {"big": True}}}


def test_channels_are_refused_where_edges_would_be(client: httpx.Client) -> None:
    drawing, body = within()
    bus = body["channels"][0]
    wrong = [
        {**bus, "publishers": [{"nodeId": str(uuid.uuid4()), "port": "out"}]},
        {**bus, "id": str(uuid.uuid4()), "subscribers": [end(drawing, "double", "nothing")]},
    ]
    problem = refused(client.post("/flows", json={**body, "channels": wrong}), 422, "INVALID")
    assert {error["pointer"] for error in problem["errors"]} == {
        "/channels/0/publishers/0/nodeId",
        "/channels/1/name",
        "/channels/1/subscribers/0/port",
    }


def test_a_channel_that_closes_a_cycle_is_told_at_its_subscriber(client: httpx.Client) -> None:
    drawing, body = within()
    back = channel("back", [end(drawing, "double", "out")], [end(drawing, "double", "input")])
    flow = client.post("/flows", json={**body, "channels": [*body["channels"], back]}).json()
    cycles = [problem["pointer"] for problem in flow["problems"] if problem["reason"] == "CYCLE"]
    assert cycles == ["/channels/1/subscribers/0"]


def test_a_deleted_node_leaves_its_channels(client: httpx.Client) -> None:
    drawing, body = within()
    flow = client.post("/flows", json=body).json()["id"]
    client.delete(f"/flows/{flow}/nodes/{drawing.ids['plain']}", headers={"If-Match": "*"}).raise_for_status()
    (left,) = client.get(f"/flows/{flow}").json()["channels"]
    assert left["subscribers"] == [end(drawing, "double", "input")]


def test_a_version_with_other_subscribers_is_another_version(client: httpx.Client) -> None:
    drawing, body = within()
    flow = publish(client, body)
    renamed = {**body, "channels": [{**body["channels"][0], "name": "other"}]}
    client.put(f"/flows/{flow}", json=renamed, headers={"If-Match": "*"}).raise_for_status()
    assert client.post(f"/flows/{flow}/versions").status_code == 200
    fewer = {**body["channels"][0], "subscribers": [end(drawing, "double", "input")]}
    client.put(f"/flows/{flow}", json={**body, "channels": [fewer]}, headers={"If-Match": "*"}).raise_for_status()
    assert client.post(f"/flows/{flow}/versions").status_code == 201


def publisher(name: str) -> dict[str, Any]:
    """Publishes each item that its handler is given, large or not."""
    drawing = Drawing("Publisher")
    drawing.trigger()
    drawing.node("action", "say", "core:map", config={"expression": "input.say"})
    drawing.node("output", "said")
    drawing.wire("start", "say")
    drawing.wire("say", "said")
    return {**drawing.body(), "channels": [channel(name, [end(drawing, "say", "out")], [], shared=True)]}


def listener(name: str, **limits: Any) -> dict[str, Any]:
    drawing = Drawing("Listener")
    config = {"channel": name, **({"limits": limits} if limits else {})}
    drawing.node("trigger", "heard", "core:channel", config=config)
    drawing.node("output", "result")
    drawing.wire("heard", "result")
    return drawing.body()


def heard(client: httpx.Client, flow: str) -> list[dict[str, Any]]:
    found = client.get("/executions", params={"flowId": flow, "pageSize": 250}).json()["items"]
    return [each for each in found if each["status"] == "succeeded"]


def test_a_shared_channel_starts_every_flow_that_listens(client: httpx.Client) -> None:
    name = f"orders {uuid.uuid4()}"
    source = publish(client, publisher(name))
    flows = [publish(client, listener(name)) for _ in range(2)]
    told = run(client, source, say={"order": 7})
    for flow in flows:
        (found,) = wait_for(lambda flow=flow: heard(client, flow), what="the run that it starts")
        result = found["outputs"]["result"]
        assert result["value"] == {"order": 7}
        assert (result["channel"], result["executionId"]) == (name, told["id"])


def test_a_large_value_is_heard_whole(client: httpx.Client) -> None:
    name = f"large {uuid.uuid4()}"
    source, flow = publish(client, publisher(name)), publish(client, listener(name))
    run(client, source, say="x" * 200_000)
    (found,) = wait_for(lambda: heard(client, flow), what="the run that it starts")
    value = found["inputs"]["value"]
    assert client.get(f"/values/{value['$value']}").json() == "x" * 200_000


def test_what_is_heard_obeys_the_limits_of_the_trigger(client: httpx.Client) -> None:
    name = f"limited {uuid.uuid4()}"
    source, flow = publish(client, publisher(name)), publish(client, listener(name, debounceSeconds=1))
    for n in range(5):
        run(client, source, say=n)
    (found,) = wait_for(lambda: heard(client, flow), what="the run of the last")
    assert found["inputs"]["value"] == 4


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path / "home")
    yield product.start()
    product.stop()


def test_through_kills_each_value_is_heard_once(alone: Product) -> None:
    name = "steady"
    with alone.client() as client:
        source, flow = publish(client, publisher(name)), publish(client, listener(name))
        for n in range(30):
            run(client, source, say=n)
    for _ in range(2):
        alone.kill()
        alone.start()
    with alone.client() as client:
        found = wait_for(lambda: len(heard(client, flow)) >= 30 and heard(client, flow), what="thirty runs")
        assert sorted(each["inputs"]["value"] for each in found) == list(range(30))
