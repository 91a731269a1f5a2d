"""Every keyword of the mission's schemas, violated one by one, is answered at the member itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from broken_instances import Broken, broken
from problem_answer import refused
from triggerflow_chassis import schemas

NODE_ID = "0b9a0f5e-58e9-4f6c-9c6e-0f3f7a2f9b01"
NODE = {
    "id": NODE_ID,
    "type": "action",
    "name": "n",
    "description": "d",
    "handlers": {
        "main": {
            "entrypoint": "core:map",
            "config": {"expression": "input"},
            "timeoutSeconds": 5,
            "retries": {"maxAttempts": 2, "backoffSeconds": 1},
        }
    },
    "position": {"x": 1.5, "y": -2},
    "ports": {
        "inputs": [{"key": "input", "label": "in", "type": "any", "default": None}],
        "outputs": [{"key": "out", "label": "out", "type": "string"}],
    },
    "annotations": {"join": "all"},
    "version": 3,
}
REQUEST = {
    "flowId": NODE_ID,
    "blueprintVersion": "1",
    "inputs": {"a": 1},
    "context": {"userId": "u", "labels": ["l"], "priority": "low"},
    "executionOptions": {"async": True, "timeoutSeconds": 5, "trace": True},
}
# A schema without a type takes any value, and so cannot be violated.
NODES = broken(schemas.load("node-metadata"), NODE)
REQUESTS = broken(schemas.load("execution-request"), REQUEST)


def test_enough_was_generated() -> None:
    for made in (NODES, REQUESTS):
        kinds = {each.keyword.split(" ")[0] for each in made}
        assert {"required", "enum", "format", "minimum", "additionalProperties", "type"} <= kinds
    assert len(NODES) > 80 and len(REQUESTS) >= 40


@pytest.fixture(scope="module")
def flow_id(product: Any) -> str:
    with product.client() as client:
        return str(client.post("/flows", json={"name": "schemas", "nodes": [NODE]}).json()["id"])


@pytest.mark.parametrize("case", NODES, ids=str)
def test_a_node_is_refused_wherever_it_is_written(
    client: httpx.Client, put: Callable[..., httpx.Response], flow_id: str, case: Broken
) -> None:
    in_flow = {"name": "schemas", "nodes": [case.instance]}
    refused(client.post("/flows", json=in_flow), 422, "INVALID", "/nodes/0" + case.pointer)
    refused(put(flow_id, in_flow), 422, "INVALID", "/nodes/0" + case.pointer)
    if case.pointer == "/id":
        return
    path = f"/flows/{flow_id}/nodes/{NODE_ID}"
    headers = {"If-Match": "*", "Content-Type": "application/json"}
    answer = client.put(path, content=json.dumps(case.instance), headers=headers)
    refused(answer, 422, "INVALID", case.pointer)


@pytest.mark.parametrize("case", REQUESTS, ids=str)
def test_a_request_to_run_is_refused(client: httpx.Client, case: Broken) -> None:
    body = json.dumps(case.instance)
    answer = client.post("/executions", content=body, headers={"Content-Type": "application/json"})
    refused(answer, 422, "INVALID", case.pointer)


def test_all_that_is_wrong_is_told_at_once(client: httpx.Client) -> None:
    body = {"inputs": [], "context": {"priority": "urgent", "more": 1}, "executionOptions": {"timeoutSeconds": 0}}
    answer = client.post("/executions", json=body)
    pointers = ("/flowId", "/inputs", "/context/priority", "/context/more", "/executionOptions/timeoutSeconds")
    refused(answer, 422, "INVALID", *pointers)


def test_at_most_100_errors_are_told(client: httpx.Client) -> None:
    answer = client.post("/flows", json={"name": "n", "nodes": [{"id": "x"}] * 500})
    assert len(refused(answer, 422, "INVALID")["errors"]) == 100


def test_the_schemas_are_served_byte_for_byte(client: httpx.Client) -> None:
    for name in ("node-metadata", "execution-request", "execution-event"):
        answer = client.get(f"/schemas/{name}")
        assert answer.status_code == 200, answer.text
        assert "json" in answer.headers["content-type"]
        want = hashlib.sha256(schemas.text(name).encode()).hexdigest()
        assert hashlib.sha256(answer.content).hexdigest() == want
        assert json.loads(answer.content)["$id"].endswith(f"{name}.json")
    assert "node-metadata" in client.get("/schemas").text
    refused(client.get("/schemas/nothing"), 404, "NOT_FOUND")
