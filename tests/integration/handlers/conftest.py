"""Run one node between a trigger and an output, and tell what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from drawing import Drawing


@dataclass
class Came:
    """What came of one node: its value by the port that was lit, or its error."""

    run: dict[str, Any]
    ports: dict[str, Any]

    @property
    def value(self) -> Any:
        assert set(self.ports) == {"out"}, self.ports
        return self.ports["out"]

    @property
    def error(self) -> dict[str, Any]:
        """What the port "error" carried."""
        assert set(self.ports) == {"error"}, self.ports
        found: dict[str, Any] = self.ports["error"]
        assert set(found) == {"type", "message", "stack", "attempt"}
        return found


@pytest.fixture
def try_node(client: httpx.Client) -> Callable[..., Came]:
    """Publish trigger → node → an output for every port, run it synchronously."""

    def try_node(
        entrypoint: str,
        inputs: Any = None,
        *,
        kind: str = "action",
        ports: list[str] | None = None,
        declared: list[str] | None = None,
        takes: list[Any] | None = None,
        **handler: Any,
    ) -> Came:
        drawing = Drawing(f"try {entrypoint}")
        keys = [key if isinstance(key, str) else key[0] for key in takes or ["input"]]
        drawing.trigger(outputs=keys)
        drawing.node(kind, "node", entrypoint, inputs=takes, outputs=declared, **handler)
        for key in keys:
            drawing.wire("start", "node", key, key)
        lit = ports or [*(["out"] if declared is None else declared), *(["error"] if kind == "action" else [])]
        for port in lit:
            drawing.node("output", port)
            drawing.wire("node", port, port)
        made = client.post("/flows", json=drawing.body())
        assert made.status_code == 201, made.text
        published = client.post(f"/flows/{made.json()['id']}/versions")
        assert published.status_code == 201, published.text
        given = {"input": inputs} if takes is None else inputs
        body = {"flowId": made.json()["id"], "inputs": given, "executionOptions": {"async": False}}
        answer = client.post("/executions", json=body)
        assert answer.status_code == 200, answer.text
        return Came(answer.json(), answer.json()["outputs"])

    return try_node


@pytest.fixture
def map_it(try_node: Callable[..., Came]) -> Callable[..., Came]:
    """Evaluate JSONata over {input: …}."""
    return lambda expression, given=None: try_node("core:map", given, config={"expression": expression})


@pytest.fixture
def ask(try_node: Callable[..., Came]) -> Callable[..., Came]:
    """Make one http:request."""

    def ask(
        url: Any, given: Any = None, method: str = "GET", handler: dict[str, Any] | None = None, **config: Any
    ) -> Came:
        return try_node("http:request", given, config={"method": method, "url": url, **config}, **(handler or {}))

    return ask
