"""One node of a draft, run by itself: docs/contract.md section 3, "One node"."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawing import Drawing

H = "sample_handlers."
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def alone(client: httpx.Client) -> Run:
    """Draw one node and run it; what it did."""

    def alone(entrypoint: str, given: Any = None, kind: str = "action", **node: Any) -> dict[str, Any]:
        drawing = Drawing("one node")
        node_id = drawing.node(kind, "node", entrypoint, **node)
        flow_id = client.post("/flows", json=drawing.body()).json()["id"]
        answer = client.post(f"/flows/{flow_id}/nodes/{node_id}/run", json={"inputs": given or {}})
        assert answer.status_code == 200, answer.text
        ran: dict[str, Any] = answer.json()
        return ran

    return alone


def test_a_node_of_a_draft_gives_its_ports_and_what_it_said(alone: Run, client: httpx.Client) -> None:
    before = client.get("/executions?pageSize=1").json()["items"]
    ran = alone(f"{H}add_one", {"input": 41})
    assert (ran["status"], ran["ports"], ran["error"], ran["logs"]) == ("succeeded", {"out": 42}, None, [])
    assert ran["seconds"] >= 0
    said = alone(f"{H}speak")
    assert [(line["level"], line["message"]) for line in said["logs"]] == [
        ("debug", "quiet"),
        ("info", "said"),
        ("warning", "warned"),
        ("error", "cried"),
    ]
    lit = alone("core:condition", {"input": 3}, "condition", config={"expression": "input > 2"})
    assert lit["ports"] == {"true": 3}
    assert client.get("/executions?pageSize=1").json()["items"] == before, "it is no execution"


def test_a_handler_that_asks_for_more_than_inputs_gets_it(alone: Run) -> None:
    ran = alone(f"{H}ask_around", {"input": 1})
    assert ran["status"] == "succeeded", ran
    assert ran["ports"]["out"] == {"interventions": [], "attempt": 1, "cancelled": False}


def test_a_failure_is_an_answer_too(alone: Run) -> None:
    ran = alone(f"{H}fail", config={"message": "broken pipe"}, retries={"maxAttempts": 5, "backoffSeconds": 60})
    assert ran["status"] == "failed"
    assert (ran["error"]["type"], ran["error"]["message"]) == ("ValueError", "broken pipe")
    assert "sample_handlers.py" in ran["error"]["stack"]
    assert ran["ports"] == {}
    assert alone("core:map", {"input": 1}, config={"expression": "$error('no')"})["error"]["type"] == "ExpressionFailed"
    assert alone("core:map", config={})["error"]["type"] == "ConfigInvalid"
    assert alone(f"{H}not_json")["error"]["type"] == "NotJson"
    assert alone("sample_handlers.no_such_thing")["status"] == "failed"


def test_it_is_bounded_by_the_nodes_time_limit_and_what_it_printed_is_there(alone: Run) -> None:
    began = time.monotonic()
    ran = alone(f"{H}hang_and_ignore", timeoutSeconds=1)
    assert ran["error"]["type"] == "TimedOut"
    assert time.monotonic() - began < 20
    printed = alone(f"{H}print_a_megabyte")
    assert printed["ports"] == {"out": "printed"}
    assert 1 <= len(printed["logs"]) <= 1_000
    assert printed["logs"][0]["level"] == "stdout"


def test_defaults_stand_where_nothing_is_given_and_large_results_come_whole(alone: Run) -> None:
    ran = alone(f"{H}pass_on", {"one": 1}, inputs=["one", ("two", 2), "three"])
    assert ran["ports"]["out"] == {"one": 1, "two": 2}
    assert len(alone(f"{H}large")["ports"]["out"]["rows"]) == 20_000
    too_large = alone(f"{H}large", config={"rows": 1_000_000})
    assert too_large["error"]["type"] == "ValueTooLarge"


def test_secrets_are_used_and_never_shown(alone: Run, lab: Any) -> None:
    headers = {"Authorization": {"$env": "LAB_TOKEN", "prefix": "Bearer "}}
    ran = alone("http:request", config={"method": "GET", "url": lab.url("/echo"), "headers": headers})
    assert ran["status"] == "succeeded", ran
    assert "canary-7f1d0c52b6e94a1f" not in str(ran)
    assert "[secret LAB_TOKEN]" in str(ran)


def test_refusals(client: httpx.Client) -> None:
    drawing = Drawing("refused")
    start = drawing.trigger()
    result = drawing.node("output", "result")
    same = drawing.node("action", "same", f"{H}pass_on")
    waits = drawing.node("action", "waits", "core:approval", config={})
    flow_id = client.post("/flows", json=drawing.body()).json()["id"]

    def refused(node_id: str, body: Any, status: int, pointer: str | None = None, flow: str = flow_id) -> None:
        answer = client.post(f"/flows/{flow}/nodes/{node_id}/run", json=body)
        assert answer.status_code == status, answer.text
        if pointer is not None:
            assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]

    for node_id in (start, result, waits):
        refused(node_id, {}, 422, "")
    refused(same, {"inputs": {"nowhere": 1}}, 422, "/inputs/nowhere")
    refused(same, {"inputs": 1}, 422, "/inputs")
    refused(same, {"input": {}}, 422, "/input")
    refused(str(uuid.uuid4()), {}, 404)
    refused(same, {}, 404, flow=str(uuid.uuid4()))
    refused(same, {"inputs": {"input": "x" * 9_000_000}}, 413)


def test_a_key_runs_it_once(client: httpx.Client, tmp_path: Path) -> None:
    drawing = Drawing("once")
    file = tmp_path / "visits"
    node = drawing.node("action", "node", f"{H}note_visit", config={"file": str(file), "name": "x"})
    flow_id = client.post("/flows", json=drawing.body()).json()["id"]
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    body = {"inputs": {"input": 1}}
    answers = [client.post(f"/flows/{flow_id}/nodes/{node}/run", json=body, headers=headers).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert file.read_text() == "x\n"
