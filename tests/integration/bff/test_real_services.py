"""The BFF in front of the real registry, orchestrator and stream, as their composition roots make them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from triggerflow_adapter_sdk import AdapterSettings, Catalogue
from triggerflow_bff.bootstrap import create_app
from triggerflow_bff.server import Server
from triggerflow_bff.settings import BffSettings
from triggerflow_chassis import ids, schemas
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.grpc.server import open_server
from triggerflow_chassis.settings import Secret
from triggerflow_orchestrator.bootstrap import open_orchestrator
from triggerflow_orchestrator.settings import OrchestratorSettings
from triggerflow_registry.bootstrap import open_registry
from triggerflow_registry.settings import RegistrySettings
from triggerflow_stream.bootstrap import open_stream
from triggerflow_stream.settings import StreamSettings
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

TOKEN = "a-token-of-the-tests"


class Real:
    def __init__(self, port: int, client: httpx.AsyncClient) -> None:
        self.port = port
        self.client = client

    async def publish(self, expression: str) -> tuple[str, dict[str, Any]]:
        """A published flow: manual, map, output."""
        start, work, end = (ids.uuid7() for _ in range(3))
        flow = {
            "name": "Chain",
            "nodes": [
                node(start, "trigger", "Start", "core:manual", {}),
                node(work, "action", "Work", "core:map", {"expression": expression}),
                {"id": end, "type": "output", "name": "result", "handlers": {}, "position": {"x": 0, "y": 0}},
            ],
            "edges": [edge(start, work), edge(work, end)],
        }
        made = await self.client.post("/flows", json=flow)
        assert made.status_code == 201, made.text
        assert [each for each in made.json()["problems"] if each["severity"] == "error"] == []
        published = await self.client.post(f"/flows/{made.json()['id']}/versions")
        assert published.status_code == 201, published.text
        return made.json()["id"], flow

    async def events(self, execution_id: str) -> tuple[list[dict[str, Any]], int]:
        found = []
        path = f"ws://127.0.0.1:{self.port}/executions/{execution_id}/events"
        async with connect(path, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as socket:
            try:
                while True:
                    found.append(json.loads(await asyncio.wait_for(socket.recv(), 20)))
            except ConnectionClosed as closed:
                assert closed.rcvd is not None
                return found, closed.rcvd.code


def node(id: str, type: str, name: str, entrypoint: str, config: dict[str, Any]) -> dict[str, Any]:
    handlers = {"main": {"entrypoint": entrypoint, "config": config}}
    return {"id": id, "type": type, "name": name, "handlers": handlers, "position": {"x": 0, "y": 0}}


def edge(source: str, target: str) -> dict[str, Any]:
    return {
        "id": ids.uuid7(),
        "source": {"nodeId": source, "port": "out"},
        "target": {"nodeId": target, "port": "input"},
    }


@pytest.fixture
async def real(tmp_path: Path, listener: Any, serve: Any) -> AsyncIterator[Real]:
    address = f"unix:{tmp_path}/grpc.sock"
    port = listener.getsockname()[1]
    async with AsyncExitStack() as stack:
        channel = await stack.enter_async_context(open_channel(address, TOKEN))
        bus = InProcessBus()
        catalogue = Catalogue.load(AdapterSettings())
        await catalogue.open()
        stack.push_async_callback(catalogue.close)
        registry = await stack.enter_async_context(
            open_registry(
                RegistrySettings(tmp_path / "registry.sqlite3"), channel=channel, bus=bus, catalogue=catalogue
            )
        )
        orchestrator = await stack.enter_async_context(
            open_orchestrator(OrchestratorSettings.under(tmp_path), channel=channel, bus=bus, catalogue=catalogue)
        )
        stream = await stack.enter_async_context(open_stream(StreamSettings(), channel=channel, bus=bus))
        await stack.enter_async_context(
            open_server(
                addresses=[address],
                register=[registry.register, orchestrator.register, stream.register],
                token=TOKEN,
                interceptors=orchestrator.interceptors,
            )
        )
        app = create_app(BffSettings(port=port, token=Secret(TOKEN), home=tmp_path), channel=channel)
        await stack.enter_async_context(serve(Server(app), listener))
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
            )
        )
        early = await client.get("/readyz")
        assert early.status_code in (200, 503)
        await orchestrator.ready()
        assert (await client.get("/readyz")).status_code == 200
        yield Real(port, client)


async def test_a_flow_is_drawn_published_run_and_watched(real: Real) -> None:
    client = real.client
    flow_id, drawn = await real.publish("input.n + 1")
    read = await client.get(f"/flows/{flow_id}")
    tag = read.headers["etag"]
    same = await client.put(f"/flows/{flow_id}", json=read.json(), headers={"If-Match": tag})
    assert (same.status_code, same.headers["etag"]) == (200, tag)
    stale = await client.put(f"/flows/{flow_id}", json=read.json(), headers={"If-Match": '"stale"'})
    assert (stale.status_code, stale.json()["currentEtag"], stale.headers["etag"]) == (412, tag, tag)

    key = {"Idempotency-Key": "one"}
    body = {"flowId": flow_id, "inputs": {"n": 41}, "executionOptions": {"async": False, "trace": True}}
    ran = await client.post("/executions", json=body, headers=key)
    assert ran.status_code == 200, ran.text
    execution = ran.json()
    assert (execution["status"], execution["outputs"]) == ("succeeded", {"result": 42})
    replayed = await client.post("/executions", json=body, headers=key)
    assert replayed.json()["id"] == execution["id"]
    other = await client.post("/executions", json={**body, "inputs": {}}, headers=key)
    assert other.json()["reason"] == "IDEMPOTENCY_KEY_REUSED"

    events, code = await real.events(execution["id"])
    assert code == 1000
    assert events[0]["type"] == "execution.started"
    assert events[-1]["type"] == "execution.completed"
    assert all(schemas.violations("execution-event", event) == [] for event in events)
    assert [event["id"] for event in events] == sorted({event["id"] for event in events})
    page = (await client.get(f"/executions/{execution['id']}/events")).json()
    assert page["items"] == events
    stream = await client.get(f"/executions/{execution['id']}/events", headers={"Accept": "text/event-stream"})
    assert [json.loads(line[6:]) for line in stream.text.splitlines() if line.startswith("data: ")] == events
    activations = (await client.get(f"/executions/{execution['id']}/activations")).json()["items"]
    assert {each["nodeId"] for each in activations} == {each["id"] for each in drawn["nodes"]}
    ended = await client.post(f"/executions/{execution['id']}/cancel")
    assert (ended.status_code, ended.json()["reason"]) == (409, "ALREADY_ENDED")
    found = (await client.get("/executions", params={"flowId": flow_id, "status": "succeeded"})).json()
    assert [each["id"] for each in found["items"]] == [execution["id"]]


async def test_a_value_above_the_limit_is_a_reference_that_the_bff_resolves(real: Real) -> None:
    flow_id, _ = await real.publish("input.text")
    text = "x" * 200_000
    body = {"flowId": flow_id, "inputs": {"text": text}, "executionOptions": {"async": False}}
    execution = (await real.client.post("/executions", json=body)).json()
    reference = execution["outputs"]["result"]
    assert reference["bytes"] == len(text) + 2
    value = await real.client.get(f"/values/{reference['$value']}")
    assert value.json() == text


async def test_watchers_of_one_run_all_see_all_of_it(real: Real) -> None:
    flow_id, _ = await real.publish("input")
    started = await real.client.post("/executions", json={"flowId": flow_id, "inputs": {}})
    execution_id = started.json()["id"]
    seen = await asyncio.gather(*(real.events(execution_id) for _ in range(5)))
    assert {code for _, code in seen} == {1000}
    assert all(events == seen[0][0] for events, _ in seen)


async def test_the_project_stream_tells_of_flows_and_runs(real: Real) -> None:
    async with real.client.stream("GET", "/events") as answer:
        flow_id, _ = await real.publish("input")
        started = await real.client.post("/executions", json={"flowId": flow_id, "inputs": {}})
        found = []
        async with asyncio.timeout(20):
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    found.append(json.loads(line[6:]))
                    if found[-1]["type"] == "execution.completed":
                        break
    assert [event["type"] for event in found] == [
        "flow.updated",
        "flow.published",
        "execution.started",
        "execution.completed",
    ]
    assert {event["flowId"] for event in found} == {flow_id}
    assert found[-1]["executionId"] == started.json()["id"]


async def test_the_order_of_checks_holds_with_the_real_services(real: Real) -> None:
    client = real.client
    flow_id, drawn = await real.publish("input")
    missing = ids.uuid7()
    json_ = {"Content-Type": "application/json"}
    for method, path, headers, status in (
        ("PUT", f"/flows/{missing}", {}, 404),
        ("PUT", f"/flows/{flow_id}", {}, 428),
        ("PUT", f"/flows/{flow_id}", {"If-Match": '"x"'}, 412),
        ("PUT", f"/flows/{flow_id}", {"If-Match": "*"}, 400),
        ("PUT", f"/flows/{flow_id}/nodes/{missing}", {}, 404),
        ("PUT", f"/flows/{missing}/nodes/{missing}", {"If-None-Match": "*"}, 404),
        ("PUT", f"/flows/{flow_id}/nodes/{missing}", {"If-None-Match": "*"}, 400),
        ("PUT", f"/flows/{flow_id}/nodes/{drawn['nodes'][0]['id']}", {"If-None-Match": "*"}, 412),
        ("DELETE", f"/flows/{missing}", {}, 404),
        ("DELETE", f"/flows/{flow_id}", {}, 428),
        ("DELETE", f"/flows/{flow_id}", {"If-Match": '"x"'}, 412),
        ("POST", f"/flows/{missing}/versions", {}, 404),
        ("POST", f"/executions/{missing}/cancel", {}, 404),
        ("POST", "/executions", {}, 400),
    ):
        answer = await client.request(method, path, content=b"{", headers={**json_, **headers})
        assert answer.status_code == status, (method, path, headers, answer.text)
    unknown = await client.post("/executions", json={"flowId": missing, "inputs": {}})
    assert [error["pointer"] for error in unknown.json()["errors"]] == ["/flowId"]
    reference = (await client.get("/handlers")).json()["items"]
    assert {"core:manual", "core:map", "core:condition"} <= {each["reference"] for each in reference}
