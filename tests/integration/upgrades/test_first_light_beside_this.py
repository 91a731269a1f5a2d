"""The release before goes on working against what this one made of its databases, and the other way round.

The old code is the real one: the sources of First light, run as processes. It kept its data in SQLite alone.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import grpc
import httpx
import pytest
from drawing import Drawing
from running_product import wait_for
from separate_services import TOKEN, Services
from triggerflow.registry.v1 import flow_pb2, registry_service_pb2, registry_service_pb2_grpc
from triggerflow_chassis.ids import uuid7

pytestmark = pytest.mark.slow


def chain(name: str, seconds: int = 0) -> Drawing:
    """start → one → [tenths of a second …] → result, which is 2 of 1."""
    drawing = Drawing(name, labels=["night"])
    drawing.trigger(outputs=["input"])
    drawing.node("action", "one", "sample_handlers.add_one_async")
    drawing.wire("start", "one", port="input")
    last = "one"
    for number in range(seconds * 10):
        drawing.node("action", f"wait {number}", "sample_handlers.sleep_tenth")
        drawing.wire(last, f"wait {number}")
        last = f"wait {number}"
    drawing.node("output", "result")
    drawing.wire(last, "result")
    return drawing


def story(client: httpx.Client, name: str) -> dict[str, Any]:
    """Draw, change, publish, run, follow: what it left, to be read back."""
    drawing = chain(name)
    flow = client.post("/flows", json=drawing.body()).raise_for_status().json()
    answer = client.get(f"/flows/{flow['id']}")
    changed = {**answer.json(), "description": f"{name}, straße"}
    etag = {"If-Match": answer.headers["etag"]}
    flow = client.put(f"/flows/{flow['id']}", json=changed, headers=etag).raise_for_status().json()
    version = client.post(f"/flows/{flow['id']}/versions", json={"message": "first"}).raise_for_status().json()
    body = {"flowId": flow["id"], "inputs": {"input": 1}, "executionOptions": {"trace": True}}
    key = {"Idempotency-Key": f"key {name}"}
    execution = client.post("/executions", json=body, headers=key).raise_for_status().json()
    events = follow(client, execution["id"])
    assert client.post("/executions", json=body, headers=key).json()["id"] == execution["id"]
    return {
        "flow": client.get(f"/flows/{flow['id']}").json(),
        "version": client.get(f"/flows/{flow['id']}/versions/{version['version']}").json(),
        "execution": client.get(f"/executions/{execution['id']}").json(),
        "activations": client.get(f"/executions/{execution['id']}/activations").json()["items"],
        "events": events,
    }


def follow(client: httpx.Client, execution_id: str) -> list[dict[str, Any]]:
    """Live, by SSE, to the last event."""
    found = []
    with client.stream(
        "GET", f"/executions/{execution_id}/events", headers={"Accept": "text/event-stream"}, timeout=60
    ) as answer:
        answer.raise_for_status()
        for line in answer.iter_lines():
            if line.startswith("data:"):
                found.append(json.loads(line.removeprefix("data:")))
    assert [found[0]["type"], found[-1]["type"]] == ["execution.started", "execution.completed"]
    return found


_TOLD = {
    "flow": ["flow.updated", "flow.updated", "flow.published"],
    "execution": ["execution.started", "execution.completed"],
}


def project_story(client: httpx.Client, name: str) -> None:
    """What happens in the project is told live, once, and again from a cursor."""
    before = uuid7(time.time_ns() // 1_000_000 - 2)
    with client.stream("GET", "/events", timeout=20) as answer:
        answer.raise_for_status()
        told = story(client, name)
        live = project_events(answer, told, 5)
    # Without a broker the orchestrator hears of flows late, and tells of the run before.
    for kind, types in _TOLD.items():
        assert [event["type"] for event in live if event["type"].startswith(kind)] == types
    assert {event.get("executionId") for event in live} == {None, told["execution"]["id"]}
    for cursor, rest in ((before, live), (live[2]["id"], live[3:])):
        with client.stream("GET", "/events", headers={"Last-Event-ID": cursor}, timeout=20) as answer:
            assert project_events(answer, told, len(rest)) == rest
    refused = client.get("/events", headers={"Last-Event-ID": "x"})
    assert (refused.status_code, refused.json()["reason"]) == (400, "BAD_CURSOR")


def project_events(answer: httpx.Response, told: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """So many of those about the flow."""
    found = []
    for line in answer.iter_lines():
        if line.startswith("data:"):
            event = json.loads(line.removeprefix("data:"))
            if event["flowId"] == told["flow"]["id"]:
                found.append(event)
                if len(found) == count:
                    return found
    raise AssertionError(found)


def read_back(client: httpx.Client, told: dict[str, Any]) -> None:
    """All of it is as it was."""
    flow_id, execution_id = told["flow"]["id"], told["execution"]["id"]
    assert client.get(f"/flows/{flow_id}").json() == told["flow"]
    assert client.get(f"/flows/{flow_id}/versions/1").json() == told["version"]
    assert client.get(f"/executions/{execution_id}").json() == told["execution"]
    assert told["execution"]["outputs"] == {"result": 2}
    assert client.get(f"/executions/{execution_id}/activations").json()["items"] == told["activations"]
    page = client.get(f"/executions/{execution_id}/events?limit=5000", headers={"Accept": "application/json"}).json()
    assert page["items"] == told["events"]
    found = client.get("/executions", params={"label": "night", "flowId": flow_id, "q": execution_id[:20]}).json()
    assert [item["id"] for item in found["items"]] == [execution_id]


def start_all(services: Services, edge: str, registry: str, orchestrator: str) -> None:
    services.start("registry", registry)
    services.start("orchestrator", orchestrator)
    services.start("edge", edge)
    services.ready()


def test_each_service_works_on_what_the_other_release_left_and_with_others_of_it(
    make_services: Callable[..., Services], first_light: str
) -> None:
    services = make_services()
    told: list[dict[str, Any]] = []
    old, new = first_light, ""
    # First the old one makes the folder. Then each service meets databases that the other release wrote, and each of
    # the others in the other release.
    for releases in (
        (old, old, old),
        (old, new, new),
        (new, old, old),
        (new, new, old),
        (old, old, new),
        (new, new, new),
    ):
        start_all(services, *releases)
        with services.client() as client:
            for earlier in told:
                read_back(client, earlier)
            told.append(story(client, f"round {len(told)}"))
            read_back(client, told[-1])
            project_story(client, f"followed {len(told)}")
        services.stop()
    for name in ("registry", "orchestrator"):
        with closing(sqlite3.connect(services.home / f"{name}.sqlite3")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            # What the old one reads, and it reads no other.
            assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]


def test_the_old_release_starts_in_a_folder_that_this_one_made(
    make_services: Callable[..., Services], first_light: str
) -> None:
    services = make_services()
    start_all(services, "", "", "")
    with services.client() as client:
        told = story(client, "made by this one")
    services.stop()
    start_all(services, first_light, first_light, first_light)
    with services.client() as client:
        read_back(client, told)
        story(client, "made by the old one")


@pytest.mark.parametrize("first", ["old", "new"])
def test_a_run_that_one_release_began_is_ended_by_the_other(
    make_services: Callable[..., Services], first_light: str, first: str
) -> None:
    one, other = (first_light, "") if first == "old" else ("", first_light)
    services = make_services()
    start_all(services, "", one, one)
    with services.client() as client:
        flow = client.post("/flows", json=chain("slow", seconds=2).body()).raise_for_status().json()
        client.post(f"/flows/{flow['id']}/versions", json={}).raise_for_status()
        body = {"flowId": flow["id"], "inputs": {"input": 1}}
        run = client.post("/executions", json=body).raise_for_status().json()["id"]
        path = f"/executions/{run}/activations?pageSize=250"
        wait_for(
            lambda: sum(item["status"] == "succeeded" for item in client.get(path).json()["items"]) >= 4,
            what="the fourth outcome",
        )
        services.kill("orchestrator")
        services.start("orchestrator", other)
        services.ready()
        wait_for(lambda: client.get(f"/executions/{run}").json()["endedAt"], what="the end of the run")
        assert client.get(f"/executions/{run}").json()["status"] == "succeeded"
        page = client.get(f"/executions/{run}/events?limit=5000", headers={"Accept": "application/json"}).json()
    ends = [event["payload"]["nodeId"] for event in page["items"] if event["type"] == "chunk.completed"]
    assert len(ends) == len(set(ends)) == 23
    assert page["items"][-1]["type"] == "execution.completed"


def test_both_releases_of_the_registry_change_one_database_at_the_same_time(
    make_services: Callable[..., Services], first_light: str
) -> None:
    services, beside = make_services("home"), make_services("other")
    beside.home = services.home
    services.start("registry")
    started = "registry_started"
    wait_for(lambda: started in services.log("registry"), seconds=60, what=started)
    beside.start("registry", first_light)
    wait_for(lambda: services.log("registry").count(started) == 2, seconds=60, what=started)
    metadata = [("authorization", f"Bearer {TOKEN}")]

    def draw(each: Services, who: str) -> list[str]:
        with grpc.insecure_channel(each.addresses["registry"]) as channel:
            stub = registry_service_pb2_grpc.RegistryServiceStub(channel)
            made = []
            for number in range(40):
                flow = flow_pb2.Flow(name=f"{who} {number}")
                request = registry_service_pb2.CreateFlowRequest(flow=flow, request_id=f"{who} {number}")
                made.append(stub.CreateFlow(request, metadata=metadata, timeout=30).flow.id)
            return made

    with ThreadPoolExecutor(2) as pool:
        drawn = list(pool.map(draw, (services, beside), ("new", "old")))
    for each in (services, beside):
        with grpc.insecure_channel(each.addresses["registry"]) as channel:
            stub = registry_service_pb2_grpc.RegistryServiceStub(channel)
            listed = stub.ListFlows(registry_service_pb2.ListFlowsRequest(page_size=250), metadata=metadata, timeout=30)
            assert {flow.id for flow in listed.flows} == {flow_id for made in drawn for flow_id in made}
            events = stub.ListFlowEvents(
                registry_service_pb2.ListFlowEventsRequest(limit=500), metadata=metadata, timeout=30
            ).events
            assert len(events) == 80
            assert [event.id for event in events] == sorted(event.id for event in events)
