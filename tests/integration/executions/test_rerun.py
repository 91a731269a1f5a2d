"""Run an execution again: what is reused never runs again, what repeats ends as it should. CONTRACT section 3."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawing import Drawing

H = "sample_handlers."


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    """A line for each time a node ran."""
    return tmp_path / "visits"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """What a node needs, and does not find until a test makes it."""
    return tmp_path / "key"


@pytest.fixture
def draw(visits: Path, key_file: Path) -> Callable[[], Drawing]:
    """start → first → needs the file → last → result, and start → beside → side."""

    def draw() -> Drawing:
        drawing = Drawing("to be repeated")
        drawing.trigger(outputs=["n"])
        for name in ("first", "beside", "last"):
            drawing.node("action", name, f"{H}note_visit", config={"file": str(visits), "name": name})
        drawing.node("action", "needy", f"{H}need_file", config={"file": str(key_file)})
        drawing.node("output", "result")
        drawing.node("output", "side")
        for source, target, port in (
            ("start", "first", "n"),
            ("start", "beside", "n"),
            ("beside", "side", "out"),
            ("first", "needy", "out"),
            ("needy", "last", "out"),
            ("last", "result", "out"),
        ):
            drawing.wire(source, target, port)
        return drawing

    return draw


def retry(client: httpx.Client, execution_id: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = client.post(f"/executions/{execution_id}/retry", json=body, **more)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/executions/{answer.json()['id']}"
    execution: dict[str, Any] = answer.json()
    return execution


def test_from_failure_goes_on_where_it_failed(
    run: Callable[..., Any],
    finish: Callable[..., Any],
    client: httpx.Client,
    draw: Callable[[], Drawing],
    visits: Path,
    key_file: Path,
) -> None:
    ran = run(draw(), {"n": 7})
    assert ran.execution["error"]["nodeId"] == ran.drawing.ids["needy"]
    before = sorted(visits.read_text().split())
    key_file.touch()

    again = retry(client, ran.execution["id"], {"from": "failure"})
    assert again["rerunOf"] == ran.execution["id"] != again["id"]
    assert again["blueprintVersion"] == ran.execution["blueprintVersion"]
    ended = finish(ran.drawing, again["id"])
    assert ended.execution["status"] == "succeeded"
    assert ended.execution["outputs"] == {"result": 7, "side": 7}
    assert ended.execution["inputs"] == {"n": 7}
    # What ran before did not run again.
    assert sorted(visits.read_text().split()) == sorted([*before, "last"])


def test_reused_results_say_so_in_the_events(
    run: Callable[..., Any],
    finish: Callable[..., Any],
    client: httpx.Client,
    draw: Callable[[], Drawing],
    key_file: Path,
) -> None:
    ran = run(draw(), {"n": 7})
    key_file.touch()
    ended = finish(ran.drawing, retry(client, ran.execution["id"], {"from": "failure"})["id"])
    details = {}
    for event in ended.events:
        data = event["payload"].get("data") or {}
        if data.get("kind") == "detail":
            details.setdefault(ended.name(data["nodeId"]), []).append(data)
    reused = {"start", "first", "beside", "side"}
    assert set(details) == reused
    for name in reused:
        chunks = [e["id"] for e in ended.events if e["payload"].get("nodeId") == ended.drawing.ids[name]]
        assert [data["eventId"] for data in details[name]] == chunks, "a start and an end, each with its detail"
        assert all(data["reused"] is True and data["from"] == ran.execution["id"] for data in details[name])
        assert {data["fromActivation"] for data in details[name]} == {ran.activation(name)["id"]}
        assert ended.activation(name)["ports"] == ran.activation(name)["ports"]
        assert ended.activation(name)["id"] != ran.activation(name)["id"]
    assert ended.ends("first")[0]["result"] == 7


def test_from_start_runs_everything_with_inputs_as_they_were_or_edited(
    run: Callable[..., Any],
    finish: Callable[..., Any],
    client: httpx.Client,
    draw: Callable[[], Drawing],
    visits: Path,
    key_file: Path,
) -> None:
    ran = run(draw(), {"n": 7})
    key_file.touch()
    visits.unlink()
    first = finish(ran.drawing, retry(client, ran.execution["id"], {"from": "start"})["id"])
    assert first.execution["outputs"] == {"result": 7, "side": 7}
    assert sorted(visits.read_text().split()) == ["beside", "first", "last"]
    second = finish(ran.drawing, retry(client, first.execution["id"], {"from": "start", "inputs": {"n": 8}})["id"])
    assert second.execution["outputs"] == {"result": 8, "side": 8}
    assert second.execution["rerunOf"] == first.execution["id"]
    assert second.execution["inputs"] == {"n": 8}


def test_from_a_node_with_edited_inputs_repeats_what_stands_on_it(
    run: Callable[..., Any],
    finish: Callable[..., Any],
    client: httpx.Client,
    draw: Callable[[], Drawing],
    visits: Path,
    key_file: Path,
) -> None:
    key_file.touch()
    ran = run(draw(), {"n": 7})
    visits.unlink()
    needy = ran.drawing.ids["needy"]
    body = {"from": needy, "inputs": {"input": {"edited": True}}}
    ended = finish(ran.drawing, retry(client, ran.execution["id"], body)["id"])
    assert ended.execution["outputs"] == {"result": {"edited": True}, "side": 7}
    assert visits.read_text().split() == ["last"]


def test_a_plan_names_what_is_reused_and_what_repeats_and_changes_nothing(
    run: Callable[..., Any], client: httpx.Client, draw: Callable[[], Drawing], key_file: Path
) -> None:
    ran = run(draw(), {"n": 7})
    path = f"/executions/{ran.execution['id']}/retry?plan=true"
    answer = client.post(path, json={"from": "failure"})
    assert answer.status_code == 200, answer.text
    plan = answer.json()
    names = {node_id: name for name, node_id in ran.drawing.ids.items()}
    assert {names[one["nodeId"]] for one in plan["reused"]} == {"start", "first", "beside", "side"}
    assert {one["activationId"] for one in plan["reused"]} <= {each["id"] for each in ran.activations}
    repeats = {one["name"]: one for one in plan["repeats"]}
    assert set(repeats) == {"needy", "last"}
    assert repeats["needy"]["effect"] is True
    assert repeats["needy"]["lastSeconds"] >= 0
    assert repeats["last"]["lastSeconds"] is None
    assert plan["estimate"]["seconds"] == repeats["needy"]["lastSeconds"]
    assert plan["estimate"]["tokens"] is None
    assert plan["changed"] == [] == plan["warnings"]
    assert (plan["from"], plan["blueprintVersion"]) == ("failure", "1")
    listed = client.get("/executions", params={"flowId": ran.execution["flowId"]}).json()["items"]
    assert [one["id"] for one in listed] == [ran.execution["id"]]


def test_a_plan_knows_what_it_cost_in_tokens_and_money(
    run: Callable[..., Any], client: httpx.Client, key_file: Path
) -> None:
    drawing = Drawing("costs")
    drawing.trigger()
    drawing.node(
        "action",
        "model",
        f"{H}spend",
        config={"file": str(key_file)},
        retries={"maxAttempts": 2, "backoffSeconds": 0},
    )
    drawing.node("action", "shape", "core:map", config={"expression": "input"})
    drawing.wire("start", "model")
    drawing.wire("model", "shape")
    ran = run(drawing)
    plan = client.post(f"/executions/{ran.execution['id']}/retry?plan=true", json={"from": "failure"}).json()
    repeats = {one["name"]: one for one in plan["repeats"]}
    assert (repeats["model"]["lastTokens"], repeats["model"]["lastCost"]) == (240, 0.5), "both attempts"
    assert repeats["shape"] == {
        "nodeId": drawing.ids["shape"],
        "name": "shape",
        "effect": False,
        "lastSeconds": None,
        "lastTokens": None,
        "lastCost": None,
    }
    assert (plan["estimate"]["tokens"], plan["estimate"]["cost"]) == (240, 0.5)


def test_on_a_newer_version_what_changed_and_what_stands_on_it_repeats(
    run: Callable[..., Any],
    finish: Callable[..., Any],
    client: httpx.Client,
    draw: Callable[[], Drawing],
    visits: Path,
    key_file: Path,
) -> None:
    ran = run(draw(), {"n": 7})
    flow_id = ran.execution["flowId"]
    fixed = ran.drawing.body()
    fixed["nodes"] = [
        {**node, "handlers": {"main": {"entrypoint": f"{H}add_one"}}} if node["name"] == "needy" else node
        for node in fixed["nodes"]
    ]
    etag = client.get(f"/flows/{flow_id}").headers["etag"]
    assert client.put(f"/flows/{flow_id}", json=fixed, headers={"If-Match": etag}).status_code == 200
    assert client.post(f"/flows/{flow_id}/versions", json={}).status_code == 201
    visits.unlink()
    body = {"from": "failure", "blueprintVersion": "2"}
    plan = client.post(f"/executions/{ran.execution['id']}/retry?plan=true", json=body).json()
    assert plan["changed"] == [ran.drawing.ids["needy"]]
    assert len(plan["warnings"]) == 1
    ended = finish(ran.drawing, retry(client, ran.execution["id"], body)["id"])
    assert ended.execution["outputs"] == {"result": 8, "side": 7}
    assert ended.execution["blueprintVersion"] == "2"
    assert visits.read_text().split() == ["last"]


def test_a_key_starts_one_run_however_often_it_is_sent(
    run: Callable[..., Any], client: httpx.Client, draw: Callable[[], Drawing]
) -> None:
    ran = run(draw(), {"n": 7})
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first = retry(client, ran.execution["id"], {"from": "failure"}, headers=headers)
    assert retry(client, ran.execution["id"], {"from": "failure"}, headers=headers) == first
    other = client.post(f"/executions/{ran.execution['id']}/retry", json={"from": "start"}, headers=headers)
    assert (other.status_code, other.json()["reason"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_refusals(
    run: Callable[..., Any],
    start: Callable[..., str],
    client: httpx.Client,
    draw: Callable[[], Drawing],
    key_file: Path,
) -> None:
    key_file.touch()
    ran = run(draw(), {"n": 7})
    path = f"/executions/{ran.execution['id']}/retry"

    def refused(body: Any, status: int, reason: str, pointer: str | None = None, path: str = path) -> None:
        answer = client.post(path, json=body)
        problem = answer.json()
        assert (answer.status_code, problem["reason"]) == (status, reason), answer.text
        if pointer is not None:
            assert [error["pointer"] for error in problem["errors"]] == [pointer]

    refused({}, 422, "INVALID", "/from")
    refused({"from": "middle"}, 422, "INVALID", "/from")
    refused({"from": "start", "else": 1}, 422, "INVALID", "/else")
    refused({"from": "start", "inputs": [1]}, 422, "INVALID", "/inputs")
    refused({"from": "start", "inputs": {"$value": 1}}, 422, "INVALID", "/inputs/$value")
    refused({"from": "start", "blueprintVersion": "9"}, 422, "INVALID", "/blueprintVersion")
    refused({"from": str(uuid.uuid4())}, 422, "INVALID", "/from")
    refused({"from": "failure"}, 422, "INVALID", "/from")  # it did not fail
    refused({"from": ran.drawing.ids["first"], "inputs": {"no/port": 1}}, 422, "INVALID", "/inputs/no~1port")
    refused({"from": "start"}, 404, "NOT_FOUND", path=f"/executions/{uuid.uuid4()}/retry")
    refused({"from": "middle"}, 404, "NOT_FOUND", path=f"/executions/{uuid.uuid4()}/retry")
    refused({"from": "start"}, 400, "BAD_PARAMETER", path=path + "?plan=maybe")

    drawing = Drawing("hangs")
    drawing.trigger()
    drawing.node("action", "long", f"{H}hang")
    drawing.wire("start", "long")
    running = start(drawing)
    refused({"from": "start"}, 409, "RUNNING", path=f"/executions/{running}/retry")
    refused({"from": "start"}, 409, "RUNNING", path=f"/executions/{running}/retry?plan=true")
    client.post(f"/executions/{running}/cancel")


def test_large_results_are_the_new_runs_own(
    run: Callable[..., Any], finish: Callable[..., Any], client: httpx.Client, key_file: Path
) -> None:
    drawing = Drawing("large")
    drawing.trigger(outputs=["text"])
    drawing.node("action", "big", f"{H}large")
    drawing.node("action", "needy", f"{H}need_file", config={"file": str(key_file)})
    drawing.node("output", "whole")
    drawing.wire("start", "big", "text")
    drawing.wire("big", "needy")
    drawing.wire("needy", "whole")
    ran = run(drawing, {"text": "x" * 100_000})
    key_file.touch()
    ended = finish(drawing, retry(client, ran.execution["id"], {"from": "failure"})["id"])
    assert ended.execution["status"] == "succeeded"
    old, new = ran.activation("big")["ports"]["out"], ended.activation("big")["ports"]["out"]
    assert new["$value"] != old["$value"]
    assert client.get(f"/values/{new['$value']}").content == client.get(f"/values/{old['$value']}").content
    assert ended.execution["inputs"]["text"]["$value"] != ran.execution["inputs"]["text"]["$value"]
    assert len(client.get(f"/values/{ended.execution['outputs']['whole']['$value']}").json()["rows"]) == 20_000


def test_many_at_once_each_with_its_own_answer(
    run: Callable[..., Any],
    finish: Callable[..., Any],
    client: httpx.Client,
    draw: Callable[[], Drawing],
    key_file: Path,
) -> None:
    failed = [run(draw(), {"n": n}) for n in range(3)]
    key_file.touch()
    good = run(draw(), {"n": 9})
    nobody = str(uuid.uuid4())
    ids = [*(ran.execution["id"] for ran in failed), good.execution["id"], nobody]
    body = {"executionIds": ids, "from": "failure"}
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    answer = client.post("/executions/retry", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [item["executionId"] for item in items] == ids
    for ran, item in zip(failed, items, strict=False):
        assert item["problem"] is None
        ended = finish(ran.drawing, item["retriedAs"])
        assert ended.execution["rerunOf"] == ran.execution["id"]
        assert ended.execution["status"] == "succeeded"
    assert [(item["retriedAs"], item["problem"]["reason"]) for item in items[3:]] == [
        (None, "INVALID"),
        (None, "NOT_FOUND"),
    ]
    again = client.post("/executions/retry", json=body, headers=headers).json()["items"]
    assert [item["retriedAs"] for item in again] == [item["retriedAs"] for item in items]
    for bad in ({"executionIds": [], "from": "failure"}, {"executionIds": [nobody] * 2, "from": "failure"}):
        assert client.post("/executions/retry", json=bad).status_code == 422
    per_node = {"executionIds": [nobody], "from": str(uuid.uuid4())}
    assert client.post("/executions/retry", json=per_node).status_code == 422
