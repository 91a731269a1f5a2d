"""Every route that the product documents has a case here, and answers as it is documented."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from drawing import Drawing
from openapi_spec_validator import validate
from problem_answer import refused
from published_api import PublishedApi
from running_product import wait_for
from triggerflow_chassis import schemas

Case = Callable[[httpx.Client, "Known"], httpx.Response]
ANY = {"If-Match": "*"}
PROBES = {"name": "routes"}


class Known:
    """What the cases talk about: one flow that ran, with a large value; and a draft with a webhook."""

    def __init__(self, client: httpx.Client) -> None:
        drawing = Drawing("routes")
        drawing.trigger()
        yearly = {"cron": "0 0 1 1 *", "timeZone": "UTC", "missed": "skip"}
        drawing.node("trigger", "yearly", "core:schedule", config=yearly)
        drawing.node("output", "result")
        drawing.wire("start", "result")
        self.node = drawing.nodes[0]
        self.flow = client.post("/flows", json=drawing.body()).json()["id"]
        client.post(f"/flows/{self.flow}/versions")
        self.schedule = f"/schedules/{self.flow}/{drawing.ids['yearly']}"
        body = {"flowId": self.flow, "inputs": {"large": "x" * 70_000}, "executionOptions": {"async": False}}
        self.run = client.post("/executions", json=body).json()
        self.value = self.run["inputs"]["large"]["$value"]
        hooked = Drawing("routes: hook")
        self.hook = hooked.node("trigger", "hook", "core:webhook", config={"path": "routes", "answer": "async"})
        self.hooked = client.post("/flows", json=hooked.body()).json()["id"]


def _alone(client: httpx.Client, _: Known) -> httpx.Response:
    drawing = Drawing("routes: one node")
    node = drawing.node("action", "same", "core:map", config={"expression": "input"})
    flow_id = client.post("/flows", json=drawing.body()).json()["id"]
    return client.post(f"/flows/{flow_id}/nodes/{node}/run", json={"inputs": {"input": 1}})


def _heard(client: httpx.Client, known: Known) -> httpx.Response:
    client.post(f"/flows/{known.hooked}/hooks/{known.hook}/listen")
    return client.get(f"/flows/{known.hooked}/hooks/{known.hook}/listen")


def _waiting(client: httpx.Client) -> dict[str, Any]:
    drawing = Drawing("routes: waiting")
    drawing.trigger()
    drawing.node("action", "ask", "core:approval", outputs=["approved"])
    drawing.wire("start", "ask")
    flow_id = client.post("/flows", json=drawing.body()).json()["id"]
    client.post(f"/flows/{flow_id}/versions")
    run_id = client.post("/executions", json={"flowId": flow_id, "inputs": {}}).json()["id"]
    page = wait_for(lambda: client.get(f"/waits?executionId={run_id}").json()["items"], seconds=10)
    return dict(page[0])


def _answered(client: httpx.Client, _: Known) -> httpx.Response:
    wait = _waiting(client)
    body = {"waitId": wait["id"], "value": {"decision": "approved"}}
    return client.post(f"/executions/{wait['executionId']}/resume", json=body)


def _doomed(client: httpx.Client, _: Known) -> httpx.Response:
    return client.delete(f"/flows/{client.post('/flows', json=PROBES).json()['id']}", headers=ANY)


def _doomed_node(client: httpx.Client, known: Known) -> httpx.Response:
    node = {**known.node, "id": str(uuid.uuid4())}
    path = f"/flows/{client.post('/flows', json={**PROBES, 'nodes': [node]}).json()['id']}/nodes/{node['id']}"
    return client.delete(path, headers=ANY)


def _added(client: httpx.Client, _: Known) -> httpx.Response:
    run_id = _hanging(client)
    answer = client.post(f"/executions/{run_id}/interventions", json={"value": 1})
    client.post(f"/executions/{run_id}/cancel")
    return answer


def _cancelled(client: httpx.Client, _: Known) -> httpx.Response:
    run_id = _hanging(client)
    answer = client.post(f"/executions/{run_id}/cancel")
    wait_for(lambda: client.get(f"/executions/{run_id}").json()["endedAt"], seconds=5)
    return answer


def _hanging(client: httpx.Client) -> str:
    drawing = Drawing("routes: hanging")
    drawing.trigger()
    drawing.node("action", "hang", "sample_handlers.hang")
    drawing.wire("start", "hang")
    flow_id = client.post("/flows", json=drawing.body()).json()["id"]
    client.post(f"/flows/{flow_id}/versions")
    return str(client.post("/executions", json={"flowId": flow_id, "inputs": {}}).json()["id"])


def _events(client: httpx.Client, _: Known) -> httpx.Response:
    with client.stream("GET", "/events", headers={"Accept": "text/event-stream"}) as answer:
        return answer


CASES: dict[tuple[str, str], Case] = {
    ("get", "/flows"): lambda c, k: c.get("/flows"),
    ("post", "/flows"): lambda c, k: c.post("/flows", json=PROBES),
    ("get", "/flows/{flowId}"): lambda c, k: c.get(f"/flows/{k.flow}"),
    ("put", "/flows/{flowId}"): lambda c, k: c.put(
        f"/flows/{k.flow}", json=c.get(f"/flows/{k.flow}").json(), headers=ANY
    ),
    ("delete", "/flows/{flowId}"): _doomed,
    ("get", "/flows/{flowId}/nodes"): lambda c, k: c.get(f"/flows/{k.flow}/nodes"),
    ("get", "/flows/{flowId}/nodes/{nodeId}"): lambda c, k: c.get(f"/flows/{k.flow}/nodes/{k.node['id']}"),
    ("put", "/flows/{flowId}/nodes/{nodeId}"): lambda c, k: c.put(
        f"/flows/{k.flow}/nodes/{k.node['id']}", json=k.node, headers=ANY
    ),
    ("delete", "/flows/{flowId}/nodes/{nodeId}"): _doomed_node,
    ("get", "/flows/{flowId}/hooks"): lambda c, k: c.get(f"/flows/{k.hooked}/hooks"),
    ("post", "/flows/{flowId}/hooks/{nodeId}/rotate"): lambda c, k: c.post(f"/flows/{k.hooked}/hooks/{k.hook}/rotate"),
    ("post", "/flows/{flowId}/hooks/{nodeId}/listen"): lambda c, k: c.post(f"/flows/{k.hooked}/hooks/{k.hook}/listen"),
    ("get", "/flows/{flowId}/hooks/{nodeId}/listen"): _heard,
    ("get", "/flows/{flowId}/versions"): lambda c, k: c.get(f"/flows/{k.flow}/versions"),
    ("post", "/flows/{flowId}/versions"): lambda c, k: c.post(f"/flows/{k.flow}/versions"),
    ("get", "/flows/{flowId}/versions/{version}"): lambda c, k: c.get(f"/flows/{k.flow}/versions/1"),
    ("get", "/executions"): lambda c, k: c.get("/executions"),
    ("post", "/executions"): lambda c, k: c.post("/executions", json={"flowId": k.flow, "inputs": {}}),
    ("get", "/executions/{executionId}"): lambda c, k: c.get(f"/executions/{k.run['id']}"),
    ("get", "/executions/{executionId}/activations"): lambda c, k: c.get(f"/executions/{k.run['id']}/activations"),
    ("post", "/executions/{executionId}/cancel"): _cancelled,
    ("get", "/executions/{executionId}/interventions"): lambda c, k: c.get(f"/executions/{k.run['id']}/interventions"),
    ("post", "/executions/{executionId}/interventions"): _added,
    ("post", "/flows/{flowId}/nodes/{nodeId}/run"): _alone,
    ("post", "/executions/{executionId}/retry"): lambda c, k: c.post(
        f"/executions/{k.run['id']}/retry", json={"from": "start"}
    ),
    ("post", "/executions/retry"): lambda c, k: c.post(
        "/executions/retry", json={"from": "start", "executionIds": [k.run["id"]]}
    ),
    ("get", "/schedules"): lambda c, k: c.get("/schedules"),
    ("get", "/schedules/preview"): lambda c, k: c.get("/schedules/preview", params={"cron": "30 2 * * *"}),
    ("post", "/schedules/pause"): lambda c, k: c.post("/schedules/pause"),
    ("post", "/schedules/resume"): lambda c, k: c.post("/schedules/resume"),
    ("get", "/schedules/{flowId}/{nodeId}"): lambda c, k: c.get(k.schedule),
    ("get", "/schedules/{flowId}/{nodeId}/fires"): lambda c, k: c.get(f"{k.schedule}/fires"),
    ("get", "/flows/{flowId}/nodes/{nodeId}/fires"): lambda c, k: c.get(
        k.schedule.replace("/schedules", "/flows").replace(k.flow, f"{k.flow}/nodes") + "/fires"
    ),
    ("post", "/schedules/{flowId}/{nodeId}/pause"): lambda c, k: c.post(f"{k.schedule}/pause"),
    ("post", "/schedules/{flowId}/{nodeId}/resume"): lambda c, k: c.post(f"{k.schedule}/resume"),
    ("post", "/schedules/{flowId}/{nodeId}/run"): lambda c, k: c.post(f"{k.schedule}/run"),
    ("post", "/executions/{executionId}/resume"): _answered,
    ("get", "/waits"): lambda c, k: c.get("/waits"),
    ("get", "/waits/{waitId}"): lambda c, k: c.get(f"/waits/{_waiting(c)['id']}"),
    ("post", "/events"): lambda c, k: c.post("/events", json={"name": "routes", "key": "none"}),
    ("get", "/executions/{executionId}/events"): lambda c, k: c.get(f"/executions/{k.run['id']}/events"),
    ("get", "/values/{ref}"): lambda c, k: c.get(f"/values/{k.value}"),
    ("get", "/events"): _events,
    ("get", "/handlers"): lambda c, k: c.get("/handlers"),
    ("get", "/schemas"): lambda c, k: c.get("/schemas"),
    ("get", "/schemas/{name}"): lambda c, k: c.get("/schemas/node-metadata"),
    ("get", "/openapi.json"): lambda c, k: c.get("/openapi.json"),
    ("get", "/asyncapi.json"): lambda c, k: c.get("/asyncapi.json"),
    ("get", "/docs"): lambda c, k: c.get("/docs"),
    ("get", "/healthz"): lambda c, k: c.get("/healthz"),
    ("get", "/readyz"): lambda c, k: c.get("/readyz"),
    ("get", "/"): lambda c, k: c.get("/"),
    ("get", "/canvas"): lambda c, k: c.get("/canvas"),
    ("get", "/canvas/{path}"): lambda c, k: c.get("/canvas/"),
    ("post", "/session/links"): lambda c, k: c.post("/session/links"),
}
# Of webhooks, which have a suite of their own (tests/integration/hooks).
HOOKS = {(method, "/hooks/{path}") for method in ("get", "post", "put", "patch", "delete")} | {
    ("get", "/hooks/-/{digest}/hooks.css"),
    ("get", "/hooks/-/{digest}/chat.js"),
}


@pytest.fixture(scope="module")
def known(product: Any) -> Known:
    with product.client() as client:
        return Known(client)


def documented(api: PublishedApi) -> set[tuple[str, str]]:
    methods = ("get", "post", "put", "delete", "patch")
    return {(method, path) for path, item in api.document["paths"].items() for method in item if method in methods}


def test_the_document_is_openapi(published_api: PublishedApi) -> None:
    validate(published_api.document)


def test_every_route_has_a_case(published_api: PublishedApi) -> None:
    assert documented(published_api) == set(CASES) | HOOKS


@pytest.mark.parametrize(("method", "path"), CASES)
def test_a_route_answers_as_documented(
    client: httpx.Client, published_api: PublishedApi, known: Known, method: str, path: str
) -> None:
    answer = CASES[method, path](client, known)
    assert answer.status_code < 400, answer.text
    assert published_api.path_of(answer.request.url.path) == path
    assert (method, path, answer.status_code) in published_api.seen


def test_a_hook_that_nobody_has_is_not_found(client: httpx.Client) -> None:
    for path in ("/hooks/nothing", "/hooks/a/b"):
        refused(client.post(path, json={}), 404, "NOT_FOUND")


def test_bodies_that_the_mission_describes_are_its_own_schemas(
    published_api: PublishedApi, client: httpx.Client
) -> None:
    """By name where the document refers to them, and by hash where they are served."""
    whole = str(published_api.document)
    for name, title in (
        ("node-metadata", "TriggerFlowNodeMetadata"),
        ("execution-request", "TriggerFlowExecutionRequest"),
        ("execution-event", "TriggerFlowExecutionEvent"),
    ):
        assert title in whole
        served = hashlib.sha256(client.get(f"/schemas/{name}").content).hexdigest()
        assert served == hashlib.sha256(schemas.text(name).encode()).hexdigest()
        component = published_api.document["components"]["schemas"][title]
        mission = schemas.load(name)
        assert set(component["properties"]) == set(mission["properties"])
        assert component.get("required") == mission.get("required")
