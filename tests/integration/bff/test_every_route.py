"""Every route of the table has a case here, and what it answers is what the OpenAPI document says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from triggerflow.registry.v1 import schema_pb2
from triggerflow_bff.openapi import shown_path
from triggerflow_bff.routes import ROUTES
from triggerflow_chassis import ids
from triggerflow_chassis.errors import Unavailable
from wait_backend import WAIT_ID

Case = Callable[[Any, dict[str, Any]], Awaitable[httpx.Response]]
CASES: dict[tuple[str, str], Case] = {}
OPERATIONS = [(operation.method, shown_path(resource)) for resource in ROUTES for operation in resource.operations]
MISSION = {
    "TriggerFlowNodeMetadata": "node-metadata.json",
    "TriggerFlowExecutionRequest": "execution-request.json",
    "TriggerFlowExecutionEvent": "execution-event.json",
}
SCHEMAS = Path(__file__).parents[3] / "services/chassis/src/triggerflow_chassis/schemas"


def case(method: str, path: str) -> Callable[[Case], Case]:
    def keep(function: Case) -> Case:
        CASES[method, path] = function
        return function

    return keep


def simple(method: str, path: str, **options: Any) -> None:
    async def ask(bff: Any, there: dict[str, Any]) -> httpx.Response:
        answer: httpx.Response = await bff.client.request(method, path.format(**there), **options)
        return answer

    CASES[method, path] = ask


for path in (
    "/flows",
    "/flows/{flowId}",
    "/flows/{flowId}/nodes",
    "/flows/{flowId}/nodes/{nodeId}",
    "/flows/{flowId}/versions",
    "/flows/{flowId}/versions/{version}",
    "/executions",
    "/executions/{executionId}",
    "/waits",
    "/waits/{waitId}",
    "/executions/{executionId}/activations",
    "/executions/{executionId}/events",
    "/values/{ref}",
    "/handlers",
    "/schemas",
    "/schemas/{name}",
    "/openapi.json",
    "/asyncapi.json",
    "/docs",
    "/healthz",
    "/readyz",
    "/",
    "/canvas",
):
    simple("GET", path)
simple("GET", "/canvas/{path}")
simple("POST", "/flows", json={"name": "Another"})
simple("DELETE", "/flows/{flowId}", headers={"If-Match": "*"})
simple("DELETE", "/flows/{flowId}/nodes/{nodeId}", headers={"If-Match": "*"})
simple("POST", "/flows/{flowId}/versions")
simple("POST", "/executions/{executionId}/cancel")
simple("POST", "/executions/{executionId}/resume", json={"waitId": ids.uuid7(), "value": {"decision": "approved"}})
simple("POST", "/events", json={"name": "paid", "key": 17})
simple("POST", "/executions/{executionId}/retry", json={"from": "start"})
simple("GET", "/executions/{executionId}/interventions")
simple("POST", "/executions/{executionId}/interventions", json={"value": 1})
simple("POST", "/flows/{flowId}/nodes/{nodeId}/run", json={"inputs": {}})
simple("POST", "/executions/retry", json={"from": "start", "executionIds": [ids.uuid7()]})
for path in (
    "/schedules",
    "/schedules/{flowId}/{nodeId}",
    "/schedules/{flowId}/{nodeId}/fires",
    "/flows/{flowId}/nodes/{nodeId}/fires",
):
    simple("GET", path)
simple("GET", "/schedules/preview", params={"cron": "30 2 * * *", "timeZone": "Europe/Berlin"})
for path in ("/schedules/{flowId}/{nodeId}", "/schedules"):
    simple("POST", f"{path}/pause")
    simple("POST", f"{path}/resume")
simple("POST", "/schedules/{flowId}/{nodeId}/run")
simple("POST", "/session/links")
for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
    simple(method, "/hooks/{path}")
for name in ("hooks.css", "chat.js"):
    simple("GET", f"/hooks/-/{{digest}}/{name}")
simple("GET", "/flows/{flowId}/hooks")
simple("POST", "/flows/{flowId}/hooks/{nodeId}/rotate")
simple("POST", "/flows/{flowId}/hooks/{nodeId}/listen")
simple("GET", "/flows/{flowId}/hooks/{nodeId}/listen")


@case("PUT", "/flows/{flowId}")
async def put_flow(bff: Any, there: dict[str, Any]) -> httpx.Response:
    body = (await bff.client.get(f"/flows/{there['flowId']}")).json()
    answer: httpx.Response = await bff.client.put(f"/flows/{there['flowId']}", json=body, headers={"If-Match": "*"})
    return answer


@case("PUT", "/flows/{flowId}/nodes/{nodeId}")
async def put_node(bff: Any, there: dict[str, Any]) -> httpx.Response:
    path = f"/flows/{there['flowId']}/nodes/{there['nodeId']}"
    body = (await bff.client.get(path)).json()
    answer: httpx.Response = await bff.client.put(path, json=body, headers={"If-Match": "*"})
    return answer


@case("POST", "/executions")
async def start(bff: Any, there: dict[str, Any]) -> httpx.Response:
    answer: httpx.Response = await bff.client.post("/executions", json={"flowId": there["flowId"], "inputs": {}})
    return answer


@case("GET", "/events")
async def project_events(bff: Any, there: dict[str, Any]) -> httpx.Response:
    # A stream has no end to wait for; its head says what it is.
    answer: httpx.Response = await bff.client.head("/events")
    return answer


@pytest.fixture
async def there(bff: Any, node: Any, tmp_path: Path) -> dict[str, Any]:
    """Something at every path."""
    one = node(
        ports={"inputs": [{"key": "a", "label": "A", "type": "any", "default": {"x": [1, None]}}]},
        annotations={"join": "any"},
        description="d",
    )
    two = node(type="trigger", handlers={"main": {"entrypoint": "core:manual"}})
    edge = {
        "id": ids.uuid7(),
        "source": {"nodeId": two["id"], "port": "out"},
        "target": {"nodeId": one["id"], "port": "a"},
    }
    flow_id, _ = await bff.flow(
        nodes=[one, two], edges=[edge], settings={"timeoutSeconds": 9, "labels": ["l"]}, description="d"
    )
    assert (await bff.client.post(f"/flows/{flow_id}/versions")).status_code == 201
    run = bff.backend.run()
    bff.backend.emit(run, "hello")
    bff.backend.values["ref-1"] = b"[1]"
    return {
        "flowId": flow_id,
        "nodeId": one["id"],
        "version": "1",
        "executionId": run,
        "waitId": WAIT_ID,
        "ref": "ref-1",
        "name": "flow",
        "path": "x",
        "digest": "x",
    }


async def document(bff: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await bff.client.get("/openapi.json")).json()
    return found


def fits(document: dict[str, Any], operation: dict[str, Any], answer: httpx.Response) -> None:
    said = operation["responses"].get(str(answer.status_code))
    assert said is not None, f"{answer.status_code} is not documented"
    for header in said.get("headers", {}):
        assert header in answer.headers, header
    content = said.get("content")
    if content is None:
        assert answer.content == b""
        return
    media = answer.headers["content-type"].partition(";")[0]
    assert media in content
    if media.endswith("json"):
        schema = {**content[media]["schema"], "components": document["components"]}
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        assert [error.message for error in validator.iter_errors(answer.json())] == []


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_a_route_answers_as_documented(bff: Any, there: dict[str, Any], method: str, path: str) -> None:
    assert (method, path) in CASES, f"{method} {path} has no case"
    described = await document(bff)
    answer = await CASES[method, path](bff, there)
    if path.startswith("/canvas/"):
        # The tests have no build; with one, test_canvas_files looks at it.
        assert answer.status_code == 503
        return
    fits(described, described["paths"][path][method.lower()], answer)
    assert answer.status_code < 400 or path.startswith("/hooks/")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_a_refusal_of_every_route_is_a_documented_problem(
    bff: Any, there: dict[str, Any], method: str, path: str
) -> None:
    if path.startswith("/canvas/"):
        pytest.skip("pages, not problems")
    described = await document(bff)
    operation = described["paths"][path][method.lower()]
    foreign = await bff.client.request(method, path.format(**there), headers={"Host": "evil.example"})
    assert foreign.status_code == 403
    fits(described, operation, foreign)
    stranger = await bff.client.request(method, path.format(**there), headers={"Authorization": ""})
    if operation.get("security") != []:
        assert stranger.status_code == 401
        fits(described, operation, stranger)
    if "404" in operation["responses"]:
        unknown = {name: ids.uuid7() for name in ("flowId", "executionId", "waitId")}
        nowhere = {**there, **unknown, "ref": "x", "name": "x", "path": "x"}
        answer = await bff.client.request(method, path.format(**nowhere), json={"flowId": ids.uuid7()})
        fits(described, operation, answer)
        assert answer.status_code == (404 if "{" in path else 422)


def test_no_case_is_left_of_a_route_that_is_gone() -> None:
    assert set(CASES) == set(OPERATIONS)


async def test_the_missions_schemas_stand_in_the_documents_unchanged(bff: Any) -> None:
    described = await document(bff)
    live = (await bff.client.get("/asyncapi.json")).json()
    for title, file in MISSION.items():
        text = (SCHEMAS / file).read_bytes()
        assert described["components"]["schemas"][title] == json.loads(text)
        for name in (file, file.removesuffix(".json")):
            served = await bff.client.get(f"/schemas/{name}")
            assert hashlib.sha256(served.content).digest() == hashlib.sha256(text).digest()
    assert live["components"]["schemas"]["TriggerFlowExecutionEvent"] == json.loads(
        (SCHEMAS / MISSION["TriggerFlowExecutionEvent"]).read_bytes()
    )


async def test_the_reference_page_names_every_path_and_fetches_nothing(bff: Any) -> None:
    page = await bff.client.get("/docs")
    for _, path in OPERATIONS:
        assert path in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_registered_schemas_stand_beside_those_of_this_interface(bff: Any) -> None:
    before = (await bff.client.get("/schemas")).json()["items"]
    assert {item["name"] for item in before} >= {"node-metadata", "execution-request", "execution-event"}
    assert all(set(item) == {"name", "title", "id"} for item in before)
    subject = "triggerflow.events.v1.ExecutionEvent"
    for version in (1, 2):
        bff.backend.schemas.append(
            schema_pb2.Schema(
                subject=subject, version=version, type=schema_pb2.SCHEMA_TYPE_AVRO, fingerprint=f"{version:016x}"
            )
        )
    after = (await bff.client.get("/schemas")).json()
    assert after["items"][: len(before)] == before
    assert after["items"][-1] == {
        "name": subject,
        "title": "ExecutionEvent",
        "id": f"urn:triggerflow:schema:{subject}:2",
        "type": "AVRO",
        "version": "2",
        "fingerprint": "0000000000000002",
    }
    served = await bff.client.get(f"/schemas/{subject}?version=1")
    assert (served.status_code, served.text) == (200, '{"type":"string"}')
    assert (await bff.client.get(f"/schemas/{subject}?version=3")).json()["reason"] == "NOT_FOUND"
    assert (await bff.client.get(f"/schemas/{subject}?version=x")).json()["reason"] == "BAD_PARAMETER"


async def test_the_interfaces_own_schemas_need_no_registry(bff: Any) -> None:
    bff.backend.failures["GetSchema"] = Unavailable("The registry is away.")
    assert (await bff.client.get("/schemas/node-metadata")).status_code == 200
    assert (await bff.client.get("/schemas/other")).json()["reason"] == "UNAVAILABLE"
