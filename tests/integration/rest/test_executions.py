"""Starting, reading and cancelling runs. CONTRACT section 1, "Execution"."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from drawing import Drawing
from problem_answer import refused
from running_product import Product, wait_for

MEMBERS = {
    "id",
    "projectId",
    "flowId",
    "blueprintVersion",
    "contentHash",
    "status",
    "inputs",
    "outputs",
    "error",
    "context",
    "executionOptions",
    "createdAt",
    "startedAt",
    "endedAt",
}
ACTIVATION = {"id", "nodeId", "scope", "attempt", "status", "ports", "error", "startedAt", "endedAt"}
SYNC = {"async": False}


def test_a_run_is_accepted_and_found_at_its_location(client: httpx.Client, runnable: Callable[..., str]) -> None:
    flow_id = runnable()
    answer = client.post("/executions", json={"flowId": flow_id.upper(), "inputs": {"a": 1}})
    assert answer.status_code == 202
    run = answer.json()
    assert set(run) - {"rerunOf"} == MEMBERS
    assert answer.headers["location"].endswith(f"/executions/{run['id']}")
    assert uuid.UUID(run["id"]).version == 7
    assert (run["flowId"], run["blueprintVersion"], run["inputs"]) == (flow_id, "1", {"a": 1})
    assert run["executionOptions"]["async"] is True and run["executionOptions"]["trace"] is False
    ended = wait_for(lambda: _ended(client, run["id"]))
    assert (ended["status"], ended["error"], ended["outputs"]) == ("succeeded", None, {"result": {"a": 1}})
    assert ended["createdAt"] <= ended["startedAt"] <= ended["endedAt"]
    version = client.get(f"/flows/{flow_id}/versions/1").json()
    assert ended["contentHash"] == version["contentHash"]
    assert ended["projectId"] == client.get(f"/flows/{flow_id}").json()["projectId"]
    assert client.get(answer.headers["location"]).json() == ended


def _ended(client: httpx.Client, run_id: str) -> Any:
    run = client.get(f"/executions/{run_id}").json()
    return run if run["endedAt"] else None


def test_a_sync_answer_is_the_ended_run_whatever_its_status(client: httpx.Client, runnable: Callable[..., str]) -> None:
    good = client.post("/executions", json={"flowId": runnable(), "inputs": {}, "executionOptions": SYNC})
    assert (good.status_code, good.json()["status"]) == (200, "succeeded")
    bad = client.post("/executions", json={"flowId": runnable("fail"), "inputs": {}, "executionOptions": SYNC})
    assert (bad.status_code, bad.json()["status"]) == (200, "failed")
    assert bad.json()["error"]["type"] == "ValueError"
    assert set(bad.json()["error"]) <= {"type", "message", "nodeId", "stack"}
    options = {**SYNC, "timeoutSeconds": 1}
    late = client.post("/executions", json={"flowId": runnable("hang"), "inputs": {}, "executionOptions": options})
    assert (late.status_code, late.json()["error"]["type"]) == (200, "TimedOut")
    assert late.json()["executionOptions"] == {"async": False, "timeoutSeconds": 1, "trace": False}


def test_context_is_kept_as_given(client: httpx.Client, runnable: Callable[..., str]) -> None:
    context = {"userId": "someone else", "labels": ["b", "a", "b"], "priority": "high"}
    body = {"flowId": runnable(), "inputs": {}, "context": context, "executionOptions": SYNC}
    assert client.post("/executions", json=body).json()["context"] == context


def test_the_version_named_is_the_one_that_runs(client: httpx.Client, runnable: Callable[..., str]) -> None:
    flow_id = runnable()
    flow = client.get(f"/flows/{flow_id}").json()
    nodes = [{**node, "name": "renamed"} if node["type"] == "output" else node for node in flow["nodes"]]
    client.put(f"/flows/{flow_id}", json={**flow, "nodes": nodes}, headers={"If-Match": "*"})

    def outputs(**more: Any) -> Any:
        body = {"flowId": flow_id, "inputs": {"a": 1}, "executionOptions": SYNC, **more}
        return client.post("/executions", json=body).json()["outputs"]

    assert outputs() == {"result": {"a": 1}}, "a run never makes a version"
    client.post(f"/flows/{flow_id}/versions")
    assert outputs() == {"renamed": {"a": 1}}
    assert outputs(blueprintVersion="1") == {"result": {"a": 1}}


def test_what_is_unknown_is_told_in_order(client: httpx.Client, runnable: Callable[..., str]) -> None:
    flow_id, nobody = runnable(), str(uuid.uuid4())
    body: dict[str, Any] = {"flowId": flow_id, "inputs": {}}
    refused(client.post("/executions", json={**body, "flowId": nobody}), 422, "INVALID", "/flowId")
    for version in ("2", "0", "x", "", "01"):
        answer = client.post("/executions", json={**body, "blueprintVersion": version})
        refused(answer, 422, "INVALID", "/blueprintVersion")
    unknown = {**body, "blueprintVersion": "2"}
    refused(client.post(f"/executions?trigger={nobody}", json=unknown), 422, "INVALID", "/blueprintVersion")
    refused(client.post(f"/executions?trigger={nobody}", json=body), 404, "NO_SUCH_TRIGGER")
    step = client.get(f"/flows/{flow_id}").json()["nodes"][1]["id"]
    refused(client.post(f"/executions?trigger={step}", json=body), 404, "NO_SUCH_TRIGGER")
    bare = client.post("/flows", json={"name": "never published"}).json()["id"]
    refused(client.post("/executions", json={"flowId": bare, "inputs": {}}), 409, "NO_VERSION")
    client.post(f"/flows/{bare}/versions")
    refused(client.post("/executions", json={"flowId": bare, "inputs": {}}), 409, "NO_MANUAL_TRIGGER")
    refused(client.post(f"/executions?trigger={nobody}", json={"flowId": bare, "inputs": {}}), 404, "NO_SUCH_TRIGGER")


def test_every_manual_trigger_fires_or_the_one_named_alone(run: Callable[..., Any], client: httpx.Client) -> None:
    drawing = Drawing("two triggers")
    for name in ("one", "two"):
        drawing.trigger(name)
        drawing.node("output", f"{name} out")
        drawing.wire(name, f"{name} out")
    both = run(drawing, {"a": 1})
    assert both.execution["outputs"] == {"one out": {"a": 1}, "two out": {"a": 1}}
    body = {"flowId": both.execution["flowId"], "inputs": {"a": 2}, "executionOptions": SYNC}
    answer = client.post(f"/executions?trigger={drawing.ids['two'].upper()}", json=body)
    assert answer.json()["outputs"] == {"two out": {"a": 2}}
    activations = client.get(f"/executions/{answer.json()['id']}/activations").json()["items"]
    by_node = {each["nodeId"]: each["status"] for each in activations}
    assert by_node == {
        drawing.ids["one"]: "skipped",
        drawing.ids["one out"]: "skipped",
        drawing.ids["two"]: "succeeded",
        drawing.ids["two out"]: "succeeded",
    }


def test_inputs_are_held_against_the_triggers_schema(client: httpx.Client) -> None:
    schema = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer", "minimum": 1}, "at": {"type": "string", "format": "uuid"}},
        "additionalProperties": False,
    }
    drawing = Drawing("schema")
    drawing.node("trigger", "start", "core:manual", config={"inputSchema": schema})
    flow_id = client.post("/flows", json=drawing.body()).json()["id"]
    assert client.post(f"/flows/{flow_id}/versions").status_code == 201
    for inputs, pointers in (
        ({}, ["/inputs/n"]),
        ({"n": 0}, ["/inputs/n"]),
        ({"n": "1"}, ["/inputs/n"]),
        ({"n": 1, "x/y": 2}, ["/inputs/x~1y"]),
        ({"n": 1, "at": "no"}, ["/inputs/at"]),
        ({"at": "no", "more": 1}, ["/inputs/n", "/inputs/at", "/inputs/more"]),
    ):
        refused(client.post("/executions", json={"flowId": flow_id, "inputs": inputs}), 422, "INVALID", *pointers)
    good = client.post("/executions", json={"flowId": flow_id, "inputs": {"n": 1}, "executionOptions": SYNC})
    assert good.json()["status"] == "succeeded"


def test_a_cancel_is_accepted_until_the_run_has_ended(client: httpx.Client, runnable: Callable[..., str]) -> None:
    run_id = client.post("/executions", json={"flowId": runnable("hang_in_thread"), "inputs": {}}).json()["id"]
    first = client.post(f"/executions/{run_id.upper()}/cancel", json={})
    assert (first.status_code, first.json()["id"]) == (202, run_id)
    began = time.monotonic()
    while (again := client.post(f"/executions/{run_id}/cancel")).status_code == 202:
        assert again.json()["id"] == run_id and time.monotonic() - began < 5
    refused(again, 409, "ALREADY_ENDED")
    assert client.get(f"/executions/{run_id}").json()["status"] == "cancelled"
    refused(client.post(f"/executions/{run_id}/cancel", json={"more": 1}), 422, "INVALID", "/more")
    refused(client.post(f"/executions/{uuid.uuid4()}/cancel"), 404, "NOT_FOUND")


def test_a_caller_that_hangs_up_cancels_nothing(
    client: httpx.Client, product: Product, runnable: Callable[..., str]
) -> None:
    flow_id = runnable("sleep_tenth")
    host, port = product.url.removeprefix("http://").split(":")
    body = f'{{"flowId": "{flow_id}", "inputs": {{}}, "executionOptions": {{"async": false}}}}'
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            f"POST /executions HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {product.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        wait_for(lambda: client.get(f"/executions?flowId={flow_id}").json()["items"], what="the run")
    run_id = client.get(f"/executions?flowId={flow_id}").json()["items"][0]["id"]
    assert wait_for(lambda: _ended(client, run_id))["status"] == "succeeded"


def test_activations_have_their_shape(run: Callable[..., Any]) -> None:
    drawing = Drawing("activations")
    drawing.trigger()
    drawing.node("action", "step", "sample_handlers.pass_on")
    drawing.node("action", "bad", "sample_handlers.fail", retries={"maxAttempts": 2, "backoffSeconds": 0})
    drawing.node("action", "after", "sample_handlers.pass_on")
    drawing.wire("start", "step")
    drawing.wire("step", "bad")
    drawing.wire("bad", "after")
    ran = run(drawing, {"a": 1})
    assert sorted(ran.name(each["nodeId"]) for each in ran.activations) == ["bad", "start", "step"]
    for each in ran.activations:
        assert set(each) - {"inputs"} == ACTIVATION
        assert each["scope"] == "" and uuid.UUID(each["id"]).version == 7
        assert each["startedAt"] <= each["endedAt"]
    assert ran.activation("step")["error"] is None
    bad = ran.activation("bad")
    assert (bad["status"], bad["attempt"], bad["ports"]) == ("failed", 2, {})
    assert (bad["error"]["type"], bad["error"]["message"]) == ("ValueError", "no good")
    keys = [(each["startedAt"], each["id"]) for each in ran.activations]
    assert keys == sorted(keys)


@pytest.mark.parametrize("trigger", ["nope", ""])
def test_a_trigger_that_is_no_id_is_refused(client: httpx.Client, runnable: Callable[..., str], trigger: str) -> None:
    answer = client.post(f"/executions?trigger={trigger}", json={"flowId": runnable(), "inputs": {}})
    assert answer.status_code in (400, 404), answer.text
    refused(answer, answer.status_code, None)


def test_the_shorter_time_limit_counts(client: httpx.Client, start: Callable[..., str]) -> None:
    drawing = Drawing("short flow", timeoutSeconds=1)
    drawing.trigger()
    drawing.node("action", "late", "sample_handlers.hang")
    drawing.wire("start", "late")
    for options in ({}, {"timeoutSeconds": 60}):
        run_id = start(drawing, {}, **options)
        ended = wait_for(lambda run_id=run_id: _ended(client, run_id), seconds=5)
        assert (ended["status"], ended["error"]["type"]) == ("failed", "TimedOut")


def test_outputs_are_shown_as_they_are_received(client: httpx.Client, start: Callable[..., str]) -> None:
    drawing = Drawing("so far")
    drawing.trigger()
    drawing.node("output", "early")
    drawing.node("action", "late", "sample_handlers.hang")
    drawing.node("output", "never")
    drawing.wire("start", "early")
    drawing.wire("start", "late")
    drawing.wire("late", "never")
    run_id = start(drawing, {"a": 1})
    wait_for(lambda: client.get(f"/executions/{run_id}").json()["outputs"] == {"early": {"a": 1}}, seconds=5)
    assert client.get(f"/executions/{run_id}").json()["status"] == "running"
    client.post(f"/executions/{run_id}/cancel")
    ended = wait_for(lambda: _ended(client, run_id), seconds=5)
    assert (ended["status"], ended["outputs"]) == ("cancelled", {"early": {"a": 1}})


def test_inputs_are_data_whatever_they_look_like(client: httpx.Client, runnable: Callable[..., str]) -> None:
    inputs = {"a": {"$expr": "1 + 1"}, "b": {"$env": "HOME"}, "": None, "__proto__": {"x": 1}, "$expr": "input"}
    body = {"flowId": runnable(), "inputs": inputs, "executionOptions": SYNC}
    ran = client.post("/executions", json=body).json()
    assert (ran["inputs"], ran["outputs"]) == (inputs, {"result": inputs})


def test_two_hundred_runs_at_once_all_end(client: httpx.Client, runnable: Callable[..., str]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    flow_id = runnable()

    def one(number: int) -> Any:
        body = {"flowId": flow_id, "inputs": {"n": number}, "executionOptions": SYNC}
        return client.post("/executions", json=body).json()["outputs"]

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(one, range(200))) == [{"result": {"n": number}} for number in range(200)]
    page = client.get(f"/executions?flowId={flow_id}&status=succeeded&pageSize=250").json()
    assert len({run["id"] for run in page["items"]}) == 200


@pytest.mark.parametrize("seconds", [9_223_372_036_854_775_807, 86_400 * 365 * 1_000, 4_000_000_000])
def test_a_very_long_limit_is_no_limit(client: httpx.Client, runnable: Callable[..., str], seconds: int) -> None:
    retries = {"maxAttempts": seconds, "backoffSeconds": seconds}
    flow_id = runnable(timeoutSeconds=seconds, retries=retries)
    options = {**SYNC, "timeoutSeconds": seconds}
    ran = client.post("/executions", json={"flowId": flow_id, "inputs": {}, "executionOptions": options})
    assert (ran.status_code, ran.json()["status"]) == (200, "succeeded"), ran.text
    assert ran.json()["executionOptions"]["timeoutSeconds"] == seconds
    bad = runnable("fail", timeoutSeconds=seconds, retries=retries)
    waiting = client.post("/executions", json={"flowId": bad, "inputs": {}}).json()["id"]
    # Its back-off is long, so it waits outside the process.
    wait_for(lambda: client.get(f"/executions/{waiting}").json()["status"] == "waiting", seconds=5)
    assert client.post(f"/executions/{waiting}/cancel").status_code == 202
    assert wait_for(lambda: _ended(client, waiting), seconds=5)["status"] == "cancelled"
