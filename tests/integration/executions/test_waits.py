"""Approvals, timers and events, as whoever answers sees them. CONTRACT section 3. In one process and the mesh."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawing import Drawing
from running_product import Product, wait_for

H = "sample_handlers."
PORTS = ["approved", "rejected", "timeout"]


def approval(name: str = "approval", *, settings: dict[str, Any] | None = None, **config: Any) -> Drawing:
    """start → ask → an output a port."""
    drawing = Drawing(name, **(settings or {}))
    drawing.trigger(outputs=["doc"])
    drawing.node("action", "ask", "core:approval", outputs=PORTS, config=config)
    drawing.wire("start", "ask", "doc")
    for port in PORTS:
        drawing.node("output", port)
        drawing.wire("ask", port, port)
    return drawing


@pytest.fixture
def waiting(client: httpx.Client) -> Callable[..., dict[str, Any]]:
    """The one open wait of a run, once it is there and the run waits."""

    def waiting(execution_id: str, status: str = "waiting") -> dict[str, Any]:
        def found() -> Any:
            items = client.get("/waits", params={"executionId": execution_id}).json()["items"]
            now = client.get(f"/executions/{execution_id}").json()["status"]
            return items if items and now == status else None

        (wait,) = wait_for(found, what="the wait")
        return dict(wait)

    return waiting


def answer(client: httpx.Client, wait: dict[str, Any], value: Any, **headers: str) -> httpx.Response:
    body = {"waitId": wait["id"], "value": value}
    return client.post(f"/executions/{wait['executionId']}/resume", json=body, headers=headers)


def test_a_run_waits_for_approval_and_goes_on_with_the_answer(
    client: httpx.Client, start: Callable[..., str], finish: Callable[..., Any], waiting: Callable[..., Any]
) -> None:
    form = {"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}
    drawing = approval(schema=form, assignees=["anna"])
    execution_id = start(drawing, {"doc": {"title": "plan"}})
    wait = waiting(execution_id)
    assert wait["kind"] == "approval" and wait["status"] == "open" and wait["answer"] is None
    assert wait["schema"] == form and wait["assignees"] == ["anna"] and wait["input"] == {"title": "plan"}
    assert (wait["nodeId"], wait["nodeName"], wait["scope"]) == (drawing.ids["ask"], "ask", "")
    assert client.get(f"/waits/{wait['id']}").json() == wait
    items = client.get(f"/executions/{execution_id}/activations").json()["items"]
    (asked,) = [each for each in items if each["nodeId"] == drawing.ids["ask"]]
    assert asked["status"] == "waiting" and asked["id"] == wait["id"] and asked["endedAt"] is None

    answered = answer(client, wait, {"decision": "approved", "data": {"amount": 3}})
    assert answered.status_code == 200, answered.text
    assert answered.json()["status"] == "answered"
    ran = finish(drawing, execution_id)
    told = answered.json()["answer"]
    assert told["decision"] == "approved" and told["data"] == {"amount": 3}
    carried = {"input": {"title": "plan"}, "data": {"amount": 3}, "by": told["by"], "at": told["at"]}
    assert ran.execution["status"] == "succeeded"
    assert ran.execution["outputs"] == {"approved": carried}
    assert ran.activation("rejected")["status"] == ran.activation("timeout")["status"] == "skipped"
    lines = ran.lines()
    assert lines[:5] == [
        "execution.started",
        "chunk.started start",
        "chunk.completed start",
        "chunk.started ask",
        "wait ask 1",
    ]
    assert lines.count("chunk.started ask") == lines.count("chunk.completed ask") == 1
    (custom,) = [
        e["payload"] for e in ran.events if e["type"] == "runtime.output" and e["payload"]["data"]["kind"] == "wait"
    ]
    assert custom["data"]["waitId"] == wait["id"] and custom["data"]["waitKind"] == "approval"


def test_a_rejection_takes_its_own_way_and_needs_no_form(
    client: httpx.Client, start: Callable[..., str], finish: Callable[..., Any], waiting: Callable[..., Any]
) -> None:
    drawing = approval(schema={"type": "object", "required": ["amount"]})
    execution_id = start(drawing, {"doc": 1})
    assert answer(client, waiting(execution_id), {"decision": "rejected"}).status_code == 200
    outputs = finish(drawing, execution_id).execution["outputs"]
    assert list(outputs) == ["rejected"]
    assert outputs["rejected"]["input"] == 1 and outputs["rejected"]["data"] is None


def test_what_breaks_the_form_is_refused_at_the_member_and_decides_nothing(
    client: httpx.Client, start: Callable[..., str], finish: Callable[..., Any], waiting: Callable[..., Any]
) -> None:
    drawing = approval(schema={"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]})
    execution_id = start(drawing, {"doc": 1})
    wait = waiting(execution_id)
    for value, pointer in (
        (None, "/value"),
        ({}, "/value/decision"),
        ({"decision": "maybe"}, "/value/decision"),
        ({"decision": "approved"}, "/value/data/n"),
        ({"decision": "approved", "data": {"n": "x"}}, "/value/data/n"),
        ({"decision": "approved", "data": {"n": 1}, "more": 1}, "/value/more"),
    ):
        refused = answer(client, wait, value)
        assert refused.status_code == 422, value
        assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]
    assert client.get(f"/waits/{wait['id']}").json()["status"] == "open"
    assert answer(client, wait, {"decision": "approved", "data": {"n": 1}}).status_code == 200
    finish(drawing, execution_id)


def test_of_two_answers_at_once_one_wins_and_the_other_is_told_the_winners(
    product: Product, start: Callable[..., str], finish: Callable[..., Any], waiting: Callable[..., Any]
) -> None:
    for _ in range(5):
        drawing = approval()
        execution_id = start(drawing, {"doc": 1})
        wait = waiting(execution_id)
        answers = _at_once(product, wait, 8)
        assert sorted(each.status_code for each in answers) == [200] + [409] * 7
        (won,) = [each.json() for each in answers if each.status_code == 200]
        for lost in (each.json() for each in answers if each.status_code == 409):
            assert lost["reason"] == "ALREADY_ANSWERED"
            assert lost["answer"] == won["answer"]
        ran = finish(drawing, execution_id)
        assert ran.execution["outputs"]["approved"]["data"] == won["answer"]["data"]
        assert len(ran.ends("ask")) == 1


def _at_once(product: Product, wait: dict[str, Any], many: int) -> list[httpx.Response]:
    line = threading.Barrier(many)

    def one(number: int) -> httpx.Response:
        with product.client(verify=False) as mine:
            mine.get(f"/waits/{wait['id']}")  # connected before the start
            line.wait()
            return answer(mine, wait, {"decision": "approved", "data": number})

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))


def test_the_same_key_is_given_the_same_answer_and_a_late_answer_the_first(
    client: httpx.Client, start: Callable[..., str], finish: Callable[..., Any], waiting: Callable[..., Any]
) -> None:
    drawing = approval()
    execution_id = start(drawing, {"doc": 1})
    wait = waiting(execution_id)
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = answer(client, wait, {"decision": "approved", "data": "mine"}, **key)
    finish(drawing, execution_id)
    again = answer(client, wait, {"decision": "approved", "data": "mine"}, **key)
    assert (again.status_code, again.json()) == (200, first.json())
    other = answer(client, wait, {"decision": "rejected"}, **key)
    assert (other.status_code, other.json()["reason"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    late_key = {"Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):
        late = answer(client, wait, {"decision": "rejected"}, **late_key)
        assert (late.status_code, late.json()["reason"]) == (409, "ALREADY_ANSWERED")
        assert late.json()["answer"] == first.json()["answer"]


def test_a_wait_that_nobody_answers_goes_on_by_the_port_timeout(
    client: httpx.Client, start: Callable[..., str], finish: Callable[..., Any]
) -> None:
    drawing = approval(expiresSeconds=0.3)
    execution_id = start(drawing, {"doc": "late"})
    ran = finish(drawing, execution_id)
    assert list(ran.execution["outputs"]) == ["timeout"]
    assert ran.execution["outputs"]["timeout"]["input"] == "late"
    (wait,) = client.get("/waits", params={"executionId": execution_id, "status": "expired"}).json()["items"]
    assert wait["answer"]["by"] == "clock" and wait["dueAt"] is not None
    assert client.get("/waits", params={"executionId": execution_id}).json()["items"] == []
    refused = answer(client, wait, {"decision": "approved"})
    assert (refused.status_code, refused.json()["answer"]["by"]) == (409, "clock")


def test_parallel_branches_go_on_while_one_waits(
    client: httpx.Client, start: Callable[..., str], finish: Callable[..., Any], waiting: Callable[..., Any]
) -> None:
    drawing = Drawing("parallel")
    drawing.trigger(outputs=["n"])
    drawing.node("action", "ask", "core:approval", outputs=PORTS)
    drawing.node("action", "one", f"{H}add_one")
    drawing.node("action", "two", f"{H}add_one")
    drawing.node("output", "sum")
    drawing.node("output", "said")
    drawing.wire("start", "ask", "n")
    drawing.wire("start", "one", "n")
    drawing.wire("one", "two")
    drawing.wire("two", "sum")
    drawing.wire("ask", "said", "approved")
    execution_id = start(drawing, {"n": 1})
    wait = waiting(execution_id)
    assert client.get(f"/executions/{execution_id}").json()["outputs"] == {"sum": 3}
    answer(client, wait, {"decision": "approved", "data": None})
    ran = finish(drawing, execution_id)
    assert ran.execution["outputs"]["sum"] == 3 and "said" in ran.execution["outputs"]
    assert len(ran.ends("one")) == len(ran.ends("two")) == 1


def test_an_answer_reaches_a_run_whose_other_branch_still_runs(
    client: httpx.Client,
    start: Callable[..., str],
    finish: Callable[..., Any],
    waiting: Callable[..., Any],
    tmp_path: Path,
) -> None:
    drawing = Drawing("busy")
    drawing.trigger(outputs=["n"])
    drawing.node("action", "ask", "core:approval", outputs=PORTS)
    drawing.node("action", "slow", f"{H}wait_for_file", config={"file": str(tmp_path / "go")})
    drawing.node("output", "said")
    drawing.wire("start", "ask", "n")
    drawing.wire("start", "slow", "n")
    drawing.wire("ask", "said", "approved")
    execution_id = start(drawing, {"n": 1})
    wait = waiting(execution_id, status="running")
    assert answer(client, wait, {"decision": "approved"}).status_code == 200
    wait_for(lambda: client.get(f"/executions/{execution_id}").json()["outputs"], what="the answer's output")
    (tmp_path / "go").touch()
    ran = finish(drawing, execution_id)
    lines = ran.lines()
    assert lines.index("chunk.completed ask") < lines.index("chunk.completed slow")


def test_timers_wait_for_some_time_or_until_a_date_and_pass_their_input_on(
    start: Callable[..., str], finish: Callable[..., Any]
) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    drawing = Drawing("timers")
    drawing.trigger(outputs=["n"])
    drawing.node("action", "pause", "core:timer", config={"seconds": 0.2})
    drawing.node("action", "past", "core:timer", config={"until": "2020-01-01T00:00:00Z"})
    drawing.node("action", "date", "core:timer", config={"until": soon})
    drawing.node("action", "given", "core:timer", config={"seconds": {"$expr": "input / 100"}})
    drawing.node("output", "result")
    for source, target, port in (
        ("start", "pause", "n"),
        ("pause", "past", "out"),
        ("past", "date", "out"),
        ("date", "given", "out"),
        ("given", "result", "out"),
    ):
        drawing.wire(source, target, port)
    ran = finish(drawing, start(drawing, {"n": 7}))
    assert ran.execution["outputs"] == {"result": 7}
    assert ran.activation("date")["endedAt"] >= soon[:19]


def test_a_date_that_is_none_fails_the_node(run: Callable[..., Any]) -> None:
    drawing = Drawing("no date")
    drawing.trigger(outputs=["n"])
    drawing.node("action", "date", "core:timer", config={"until": {"$expr": "input"}})
    drawing.wire("start", "date", "n")
    ran = run(drawing, {"n": "tomorrow"})
    assert ran.execution["error"]["type"] == "ConfigInvalid"


def test_an_event_answers_every_run_that_waits_for_its_key_and_no_other(
    client: httpx.Client, start: Callable[..., str], finish: Callable[..., Any], waiting: Callable[..., Any]
) -> None:
    drawing = Drawing("event")
    drawing.trigger(outputs=["order"])
    drawing.node("action", "paid", "core:event", config={"name": "paid", "key": {"$expr": "input"}})
    drawing.node("output", "result")
    drawing.wire("start", "paid", "order")
    drawing.wire("paid", "result")
    mine, other = f"order-{uuid.uuid4()}", f"order-{uuid.uuid4()}"
    runs = [start(drawing, {"order": order}) for order in (mine, mine, other)]
    waits = [waiting(execution_id) for execution_id in runs]
    assert [(wait["name"], wait["key"]) for wait in waits] == [("paid", mine), ("paid", mine), ("paid", other)]
    assert client.post("/events", json={"name": "paid", "key": "nobody"}).json() == {"matched": 0}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    event = {"name": "paid", "key": mine, "value": {"cents": 5}}
    assert client.post("/events", json=event, headers=key).json() == {"matched": 2}
    assert client.post("/events", json=event, headers=key).json() == {"matched": 2}
    assert client.post("/events", json=event).json() == {"matched": 0}
    for execution_id in runs[:2]:
        assert finish(drawing, execution_id).execution["outputs"] == {"result": {"cents": 5}}
    assert client.get(f"/executions/{runs[2]}").json()["status"] == "waiting"
    assert answer(client, waits[2], "by hand").status_code == 200
    assert finish(drawing, runs[2]).execution["outputs"] == {"result": "by hand"}


def test_the_nodes_own_time_limit_fails_a_wait(run: Callable[..., Any]) -> None:
    drawing = Drawing("limited")
    drawing.trigger(outputs=["n"])
    drawing.node("action", "never", "core:event", config={"name": "never", "key": "x"}, timeoutSeconds=1)
    drawing.node("output", "late")
    drawing.wire("start", "never", "n")
    drawing.wire("never", "late", "error")
    ran = run(drawing, {"n": 1})
    assert ran.execution["outputs"]["late"]["type"] == "TimedOut"


def test_a_waiting_run_can_be_cancelled_and_its_wait_with_it(
    client: httpx.Client, start: Callable[..., str], finish: Callable[..., Any], waiting: Callable[..., Any]
) -> None:
    drawing = approval()
    execution_id = start(drawing, {"doc": 1})
    wait = waiting(execution_id)
    assert client.post(f"/executions/{execution_id}/cancel").status_code == 202
    ran = finish(drawing, execution_id, seconds=5)
    assert ran.execution["status"] == "cancelled"
    assert ran.activation("ask")["status"] == "cancelled"
    refused = answer(client, wait, {"decision": "approved"})
    assert (refused.status_code, refused.json()["reason"]) == (409, "ALREADY_ANSWERED")
    assert refused.json()["answer"]["decision"] == "cancelled"
    assert client.get(f"/waits/{wait['id']}").json()["status"] == "cancelled"


def test_the_runs_own_time_limit_counts_while_it_waits(
    client: httpx.Client, start: Callable[..., str], finish: Callable[..., Any]
) -> None:
    drawing = approval(settings={"timeoutSeconds": 3})
    execution_id = start(drawing, {"doc": 1})
    ran = finish(drawing, execution_id)
    assert ran.execution["status"] == "failed" and ran.execution["error"]["type"] == "TimedOut"
    (wait,) = client.get("/waits", params={"executionId": execution_id, "status": "all"}).json()["items"]
    assert wait["status"] == "cancelled"


def test_a_long_back_off_waits_and_the_next_attempt_is_no_recovery(
    client: httpx.Client, start: Callable[..., str], finish: Callable[..., Any]
) -> None:
    drawing = Drawing("long back-off")
    drawing.trigger(outputs=["n"])
    retries = {"maxAttempts": 2, "backoffSeconds": 7}
    drawing.node("action", "flaky", f"{H}fail_first", retries=retries)
    drawing.node("output", "result")
    drawing.wire("start", "flaky", "n")
    drawing.wire("flaky", "result")
    execution_id = start(drawing, {"n": 1})
    wait_for(lambda: client.get(f"/executions/{execution_id}").json()["status"] == "waiting", what="the rest")
    ran = finish(drawing, execution_id)
    assert ran.execution["status"] == "succeeded"
    retry = [
        event["payload"]["data"]
        for event in ran.events
        if event["type"] == "runtime.output" and event["payload"]["data"]["kind"] == "retry"
    ]
    assert [each["attempt"] for each in retry] == [2] and "recovered" not in retry[0]


def test_what_waits_is_found_by_flow_assignee_and_status(
    client: httpx.Client, start: Callable[..., str], waiting: Callable[..., Any]
) -> None:
    drawing = approval(assignees=["anna", "bo"])
    execution_id = start(drawing, {"doc": 1})
    wait = waiting(execution_id)

    def ids(**where: str) -> list[str]:
        page = client.get("/waits", params={"flowId": wait["flowId"], **where})
        assert page.status_code == 200, page.text
        return [each["id"] for each in page.json()["items"]]

    assert ids() == ids(assignee="anna") == ids(assignee="bo") == ids(status="all") == [wait["id"]]
    assert ids(assignee="ann") == ids(status="answered") == ids(status="expired") == []
    assert client.get("/waits", params={"status": "shut"}).status_code == 400
    client.post(f"/executions/{execution_id}/cancel")


def test_what_does_not_exist_is_404_and_an_unknown_member_422(
    client: httpx.Client, start: Callable[..., str], waiting: Callable[..., Any]
) -> None:
    nobody = str(uuid.uuid4())
    assert client.get(f"/waits/{nobody}").status_code == 404
    execution_id = start(approval(), {"doc": 1})
    wait = waiting(execution_id)
    assert client.post(f"/executions/{nobody}/resume", json={"waitId": wait["id"]}).status_code == 404
    assert client.post(f"/executions/{nobody}/resume", json={}).status_code == 404
    assert client.post(f"/executions/{execution_id}/resume", json={"waitId": nobody}).status_code == 404
    assert client.post(f"/executions/{execution_id}/resume", json={"waitId": wait["id"], "x": 1}).status_code == 422
    assert client.post("/events", json={"name": "", "key": "x"}).status_code == 422
    client.post(f"/executions/{execution_id}/cancel")


def test_large_data_of_an_answer_is_a_reference_and_whole_for_the_next_node(
    client: httpx.Client, start: Callable[..., str], finish: Callable[..., Any], waiting: Callable[..., Any]
) -> None:
    drawing = approval()
    execution_id = start(drawing, {"doc": "y" * 100_000})
    wait = waiting(execution_id)
    assert client.get(f"/values/{wait['input']['$value']}").json() == "y" * 100_000
    answered = answer(client, wait, {"decision": "approved", "data": "x" * 100_000})
    shown = answered.json()["answer"]["data"]
    assert client.get(f"/values/{shown['$value']}").json() == "x" * 100_000
    ran = finish(drawing, execution_id)
    whole = client.get(f"/values/{ran.execution['outputs']['approved']['$value']}").json()
    assert (whole["input"], whole["data"]) == ("y" * 100_000, "x" * 100_000)
