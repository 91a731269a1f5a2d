"""Publish a flow with a hook, and call it as an outsider does."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from drawing import Drawing
from published_api import PublishedApi
from running_product import Product
from signed_call import signature

NUMBERS = itertools.count(1)


@dataclass
class Hooked:
    """A published flow with one webhook at `path`, and an outsider who may call it."""

    client: httpx.Client
    outsider: httpx.Client
    flow_id: str
    node_id: str
    path: str

    @property
    def hook(self) -> dict[str, Any]:
        """As the editor sees it."""
        (found,) = self.client.get(f"/flows/{self.flow_id}/hooks").json()
        return dict(found)

    def call(self, body: bytes = b"{}", *, sign: str | None = None, **request: Any) -> httpx.Response:
        """Call it with this signature header, made of its secret where none is given."""
        header = signature(self.hook["secret"], body) if sign is None else sign
        headers = {"X-TriggerFlow-Signature": header, "Content-Type": "application/json", **request.pop("headers", {})}
        method = request.pop("method", "POST")
        return self.outsider.request(method, f"/hooks/{self.path}", content=body, headers=headers, **request)

    def runs(self) -> list[dict[str, Any]]:
        """The flow's executions, newest first."""
        return list(self.client.get("/executions", params={"flowId": self.flow_id}).json()["items"])


@pytest.fixture
def outsider(product: Product, published_api: PublishedApi) -> Iterator[httpx.Client]:
    """Nobody: no cookie, no token. Each answer is held against the OpenAPI document."""
    address = product.url.rstrip("/")
    with httpx.Client(
        base_url=address, timeout=40, verify=False, event_hooks={"response": [published_api.check]}
    ) as client:
        yield client


@pytest.fixture
def draw(client: httpx.Client) -> Callable[..., tuple[str, Drawing]]:
    """Save a flow of a hook that leads to an output, or through nodes of the caller's; its id and drawing."""

    def draw(kind: str, config: dict[str, Any], through: Callable[[Drawing], str] | None = None) -> tuple[str, Drawing]:
        drawing = Drawing(f"hooks {next(NUMBERS)}")
        drawing.node("trigger", "hook", kind, config=config)
        last = through(drawing) if through is not None else "hook"
        drawing.node("output", "result")
        drawing.wire(last, "result")
        answer = client.post("/flows", json=drawing.body())
        assert answer.status_code == 201, answer.text
        return answer.json()["id"], drawing

    return draw


@pytest.fixture
def hooked(client: httpx.Client, outsider: httpx.Client, draw: Any) -> Callable[..., Hooked]:
    """Publish a flow with a webhook."""

    def hooked(through: Any = None, *, path: str | None = None, **config: Any) -> Hooked:
        path = path or f"p-{uuid.uuid4()}"
        flow_id, drawing = draw("core:webhook", {"path": path, "answer": "async", **config}, through)
        answer = client.post(f"/flows/{flow_id}/versions")
        assert answer.status_code == 201, answer.text
        return Hooked(client, outsider, flow_id, drawing.ids["hook"], path)

    return hooked
