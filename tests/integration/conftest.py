"""Run a drawing on the shared product, and read everything it left."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from chosen_product import chosen_product
from drawing import Drawing
from http_lab import HttpLab
from published_api import PublishedApi
from running_product import Product, wait_for
from triggerflow_chassis.schemas import violations

# Each event type has exactly one payload variant: CONTRACT section 2. These are its required and allowed members.
VARIANTS = {
    "execution": ({"status"}, {"status", "message"}),
    "chunk": ({"nodeId", "status"}, {"nodeId", "status", "result", "error"}),
    "runtime": ({"stream"}, {"stream", "data", "sequence"}),
    "log": ({"level", "message"}, {"level", "message", "nodeId"}),
    "metric": ({"name", "value"}, {"name", "value", "unit"}),
}


@dataclass
class Ran:
    """An execution that has ended, with its events and activations."""

    drawing: Drawing
    execution: dict[str, Any]
    events: list[dict[str, Any]]
    activations: list[dict[str, Any]]

    def name(self, node_id: str) -> str:
        return next(name for name, found in self.drawing.ids.items() if found == node_id)

    def lines(self) -> list[str]:
        """The events, each in a few words."""
        return [self._line(event) for event in self.events]

    def _line(self, event: dict[str, Any]) -> str:
        payload = event["payload"]
        if event["type"].startswith("execution."):
            return str(event["type"])
        if event["type"] == "runtime.output":
            data = payload["data"]
            if payload["stream"] != "custom":
                return f"{payload['stream']} {self.name(data['nodeId'])} {data['text']}"
            return f"{data['kind']} {self.name(data['nodeId'])} {data['attempt']}"
        if event["type"] == "log":
            return f"log {payload['level']} {payload['message']}"
        return f"{event['type']} {self.name(payload['nodeId'])}"

    def ends(self, name: str) -> list[dict[str, Any]]:
        """The chunk ends of a node."""
        node_id = self.drawing.ids[name]
        return [
            event["payload"]
            for event in self.events
            if event["type"] in ("chunk.completed", "chunk.failed") and event["payload"]["nodeId"] == node_id
        ]

    def activation(self, name: str) -> dict[str, Any]:
        """The one activation of a node."""
        (found,) = [each for each in self.activations if each["nodeId"] == self.drawing.ids[name]]
        return found


CANARY = "canary-7f1d0c52b6e94a1f"
OTHER_CANARY = "canary-forbidden-52b6e94a"
HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def lab() -> Iterator[HttpLab]:
    """A server that http:request may call."""
    one = HttpLab()
    yield one
    one.close()


@pytest.fixture(scope="session")
def other_lab() -> Iterator[HttpLab]:
    """Another origin that http:request may call."""
    one = HttpLab()
    yield one
    one.close()


@pytest.fixture(scope="session")
def forbidden_lab() -> Iterator[HttpLab]:
    """A server that nothing may call."""
    one = HttpLab()
    yield one
    one.close()


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, lab: HttpLab, other_lab: HttpLab) -> Iterator[Product]:
    """The one process that all of these tests share."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed_port = nobody.getsockname()[1]
    modules = [HERE.parent / "handlers", HERE / "handlers" / "modules"]
    one = chosen_product(
        tmp_path_factory.mktemp("integration") / "home",
        {
            "PYTHONPATH": os.pathsep.join(map(str, modules)),
            "TFCANVAS_PYTHON_MODULES": "sample_handlers,lab_handlers,stream_handlers,lab_broken,lab_package",
            "TFCANVAS_HTTP_ALLOW": f"{lab.host},{other_lab.host},127.0.0.1:{closed_port}",
            "TFCANVAS_ENV_ALLOW": "LAB_TOKEN,LAB_UNSET,LAB_HOOK_SECRET,LAB_EMPTY",
            "LAB_HOOK_SECRET": "the hook's own secret",
            "LAB_EMPTY": "",
            "LAB_TOKEN": CANARY,
            "LAB_FORBIDDEN": OTHER_CANARY,
            "LAB_CLOSED_PORT": str(closed_port),
        },
    )
    one.start()
    yield one
    assert one.stop() == 0


@pytest.fixture(scope="session")
def published_api(product: Product) -> PublishedApi:
    with product.client() as client:
        return PublishedApi(client.get("/openapi.json").json())


@pytest.fixture
def client(product: Product, published_api: PublishedApi) -> Iterator[httpx.Client]:
    """Signed in; every answer is held against the product's own OpenAPI document."""
    # Loopback and no TLS: reading the certificates of the world for every test would be most of its time.
    with product.client(event_hooks={"response": [published_api.check]}, verify=False) as client:
        yield client


@pytest.fixture
def start(client: httpx.Client) -> Callable[..., str]:
    """Publish a drawing and start it; the execution's id."""

    def start(drawing: Drawing, inputs: dict[str, Any] | None = None, **options: Any) -> str:
        made = client.post("/flows", json=drawing.body())
        assert made.status_code == 201, made.text
        flow_id = made.json()["id"]
        published = client.post(f"/flows/{flow_id}/versions", json={})
        assert published.status_code == 201, (published.text, made.json()["problems"])
        body = {"flowId": flow_id, "inputs": inputs or {}, "executionOptions": options}
        answer = client.post("/executions", json=body)
        assert answer.status_code in (200, 202), answer.text
        assert answer.headers["location"].endswith(answer.json()["id"])
        return str(answer.json()["id"])

    return start


@pytest.fixture
def finish(client: httpx.Client) -> Callable[..., Ran]:
    """Wait for the end and read everything. Every event is checked against the mission's schema."""

    def finish(drawing: Drawing, execution_id: str, seconds: float = 20.0) -> Ran:
        def ended() -> Any:
            execution = client.get(f"/executions/{execution_id}").json()
            return execution if execution["endedAt"] is not None else None

        execution = wait_for(ended, seconds=seconds, what="the end of the run")
        page = client.get(f"/executions/{execution_id}/events?limit=5000", headers={"Accept": "application/json"})
        events = page.json()["items"]
        for event in events:
            assert violations("execution-event", event) == []
            required, allowed = VARIANTS[event["type"].split(".")[0]]
            assert required <= set(event["payload"]) <= allowed, event
        ids = [event["id"] for event in events]
        assert ids == sorted(set(ids))
        activations = client.get(f"/executions/{execution_id}/activations?pageSize=250").json()["items"]
        assert all(each["endedAt"] is not None for each in activations)
        return Ran(drawing, execution, events, activations)

    return finish


@pytest.fixture
def run(start: Callable[..., str], finish: Callable[..., Ran]) -> Callable[..., Ran]:
    """Publish, start, wait, read."""

    def run(drawing: Drawing, inputs: dict[str, Any] | None = None, seconds: float = 20.0, **options: Any) -> Ran:
        return finish(drawing, start(drawing, inputs, **options), seconds)

    return run
