"""What one execution may take, and what is said where it wants more: docs/contract.md, "Limits"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawing import Drawing
from running_product import Product, wait_for

HANDLERS = str(Path(__file__).resolve().parents[2] / "handlers")
MOST = 100


def flow_of(entrypoint: str, **handler: Any) -> Drawing:
    drawing = Drawing(entrypoint)
    drawing.trigger()
    drawing.node("action", "node", f"stream_handlers.{entrypoint}", **handler)
    drawing.node("output", "result")
    drawing.wire("start", "node")
    drawing.wire("node", "result")
    return drawing


def test_a_port_carries_16_mib_and_what_is_more_is_not_tried_again(run: Callable[..., Any]) -> None:
    ran = run(flow_of("too_large", retries={"maxAttempts": 3, "backoffSeconds": 0}))
    error = ran.execution["error"]
    assert error["type"] == "ValueTooLarge"
    assert (
        error["message"] == "port out: 16777218 bytes of JSON, and a port may carry 16777216. Store it and pass a link."
    )
    assert ran.activation("node")["attempt"] == 1


def test_what_a_for_each_gathers_is_bounded_too(client: httpx.Client, run: Callable[..., Any]) -> None:
    child = Drawing("a third of a port")
    child.trigger()
    child.node("action", "node", "stream_handlers.six_mib")
    child.node("output", "text")
    child.wire("start", "node")
    child.wire("node", "text")
    child_id = client.post("/flows", json=child.body()).json()["id"]
    assert client.post(f"/flows/{child_id}/versions", json={}).status_code == 201
    drawing = Drawing("for each")
    drawing.trigger(outputs=["items"])
    drawing.node("subflow", "each", "core:subflow", inputs=["items"], config={"flowId": child_id, "mode": "forEach"})
    drawing.wire("start", "each", "items", "items")
    drawing.node("output", "result")
    drawing.wire("each", "result")
    assert run(drawing, {"items": [1, 2]}).execution["status"] == "succeeded"
    error = run(drawing, {"items": [1, 2, 3]}).execution["error"]
    assert (error["type"], error["nodeId"]) == ("ValueTooLarge", drawing.ids["each"])


def test_a_port_carries_200_lists_and_objects_inside_each_other_and_everybody_reads_them(
    client: httpx.Client, run: Callable[..., Any]
) -> None:
    drawing = Drawing("nested")
    drawing.trigger()
    drawing.node("action", "node", "stream_handlers.nested", config={"depth": 200})
    drawing.node("action", "ask", "core:approval")
    drawing.node("output", "result")
    drawing.wire("start", "node")
    drawing.wire("node", "ask")
    drawing.wire("ask", "result", "approved")
    flow_id = client.post("/flows", json=drawing.body()).raise_for_status().json()["id"]
    client.post(f"/flows/{flow_id}/versions", json={}).raise_for_status()
    execution_id = client.post("/executions", json={"flowId": flow_id, "inputs": {}}).raise_for_status().json()["id"]
    found = wait_for(lambda: client.get("/waits", params={"flowId": flow_id}).raise_for_status().json()["items"])
    assert "the innermost" in str(found[0]["input"])
    path = f"/executions/{execution_id}"
    for more in ("", "/activations", "/events"):
        assert client.get(path + more, headers={"Accept": "application/json"}).is_success
    # What was approved would lie one deeper, as it would in each round of a loop that asks again.
    answer = {"waitId": found[0]["id"], "value": {"decision": "approved", "data": None}}
    client.post(f"{path}/resume", json=answer).raise_for_status()
    ended = wait_for(lambda: (seen := client.get(path).json())["status"] == "failed" and seen)
    assert (ended["error"]["type"], ended["error"]["nodeId"]) == ("NotJson", drawing.ids["ask"])
    assert ended["error"]["message"] == (
        "port approved: more than 200 lists and objects inside each other. Pass a flatter value."
    )


def test_one_list_more_is_refused_and_not_tried_again(run: Callable[..., Any]) -> None:
    ran = run(flow_of("nested", config={"depth": 201}, retries={"maxAttempts": 3, "backoffSeconds": 0}))
    assert ran.execution["error"]["type"] == "NotJson"
    assert ran.activation("node")["attempt"] == 1


def test_a_while_that_wraps_its_inputs_each_round_ends_with_a_word(
    client: httpx.Client, run: Callable[..., Any]
) -> None:
    child = Drawing("wraps")
    child.trigger()
    child.node("output", "again")
    child.wire("start", "again")
    child_id = client.post("/flows", json=child.body()).json()["id"]
    assert client.post(f"/flows/{child_id}/versions", json={}).status_code == 201
    drawing = Drawing("for ever")
    drawing.trigger()
    config = {"flowId": child_id, "mode": "while", "while": "true", "maxIterations": 300}
    drawing.node("subflow", "each", "core:subflow", config=config)
    drawing.wire("start", "each")
    drawing.node("output", "result")
    drawing.wire("each", "result")
    error = run(drawing, {"n": 1}).execution["error"]
    assert (error["type"], error["nodeId"]) == ("NotJson", drawing.ids["each"])


@pytest.mark.parametrize("handler", ["endless", "endless_in_a_thread", "logs_without_end"])
def test_a_run_that_tells_without_end_fails_with_a_word(make_product: Callable[..., Product], handler: str) -> None:
    product = make_product(
        PYTHONPATH=HANDLERS, TFCANVAS_PYTHON_MODULES="stream_handlers", TFCANVAS_MAX_EVENTS=str(MOST)
    ).start()
    with product.client() as client:
        flow_id = client.post("/flows", json=flow_of(handler).body()).raise_for_status().json()["id"]
        client.post(f"/flows/{flow_id}/versions", json={}).raise_for_status()
        body = {"flowId": flow_id, "inputs": {}, "executionOptions": {"async": False}}
        execution = client.post("/executions", json=body, timeout=40).raise_for_status().json()
        error = execution["error"]
        assert (execution["status"], error["type"]) == ("failed", "TooManyEvents")
        assert error["message"] == f"the run has more than {MOST} events (TFCANVAS_MAX_EVENTS)"
        path = f"/executions/{execution['id']}/events?limit=5000"
        events = client.get(path, headers={"Accept": "application/json"}).json()["items"]
        assert MOST < len(events) <= MOST + 5
        assert events[-1]["payload"]["message"].startswith("TooManyEvents: ")
        # Others are not disturbed.
        assert client.post(
            "/executions", json={**body, "executionOptions": {"timeoutSeconds": 1, "async": False}}
        ).is_success
