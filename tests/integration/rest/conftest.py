"""Small documents to send, and flows that are there already."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from drawing import Drawing

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def make_flow(client: httpx.Client) -> Callable[..., dict[str, Any]]:
    """POST /flows; the flow with its etag as "etag"."""

    def make(**body: Any) -> dict[str, Any]:
        answer = client.post("/flows", json={"name": "made", **body})
        assert answer.status_code == 201, answer.text
        return {**answer.json(), "etag": answer.headers["etag"]}

    return make


@pytest.fixture
def runnable(client: httpx.Client) -> Callable[..., str]:
    """A published flow: trigger, a step of sample_handlers, output; its id."""

    def make(step: str = "pass_on", name: str = "runnable", **handler: Any) -> str:
        drawing = Drawing(name)
        drawing.trigger()
        drawing.node("action", "step", f"sample_handlers.{step}", **handler)
        drawing.node("output", "result")
        drawing.wire("start", "step")
        drawing.wire("step", "result")
        made = client.post("/flows", json=drawing.body())
        assert made.status_code == 201, made.text
        published = client.post(f"/flows/{made.json()['id']}/versions")
        assert published.status_code == 201, published.text
        return str(made.json()["id"])

    return make


@pytest.fixture
def put(client: httpx.Client) -> Callable[..., httpx.Response]:
    """PUT a flow over whatever is there."""

    def put(flow_id: str, body: Any, if_match: str = "*") -> httpx.Response:
        return client.put(f"/flows/{flow_id}", json=body, headers={"If-Match": if_match})

    return put


@pytest.fixture
def send(client: httpx.Client) -> Callable[..., httpx.Response]:
    """POST bytes as JSON."""

    def send(path: str, body: bytes, **headers: str) -> httpx.Response:
        return client.post(path, content=body, headers={**JSON, **headers})

    return send


@pytest.fixture
def a_node() -> Callable[..., dict[str, Any]]:
    """A map node with every optional member left out, unless given."""

    def node(kind: str = "action", **more: Any) -> dict[str, Any]:
        handlers = {
            "action": {"main": {"entrypoint": "core:map", "config": {"expression": "input"}}},
            "trigger": {"main": {"entrypoint": "core:manual"}},
            "condition": {"main": {"entrypoint": "core:condition", "config": {"expression": "input > 1"}}},
        }.get(kind, {})
        return {
            "id": str(uuid.uuid4()),
            "type": kind,
            "name": f"a {kind}",
            "handlers": handlers,
            "position": {"x": 0, "y": 0},
            **more,
        }

    return node


@pytest.fixture
def an_edge() -> Callable[..., dict[str, Any]]:
    """An edge between two nodes."""

    def edge(source: Any, target: Any, port: str = "out", into: str = "input", **more: Any) -> dict[str, Any]:
        return {
            "id": str(uuid.uuid4()),
            "source": {"nodeId": source["id"], "port": port},
            "target": {"nodeId": target["id"], "port": into},
            **more,
        }

    return edge
