"""kill -9 while a run waits for approval, for the clock, or for its next attempt, and between an answer and its effect.

Handlers tell a server outside of each effect: what ended before the kill never happens again, what waits goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawing import Drawing
from running_product import Product, wait_for
from visited_server import VisitedServer

HANDLERS = Path(__file__).resolve().parents[2] / "handlers"
PORTS = ["approved", "rejected", "timeout"]


@pytest.fixture
def visited() -> Iterator[VisitedServer]:
    server = VisitedServer()
    yield server
    server.release_all()


@pytest.fixture
def product(make_product: Callable[..., Product], visited: VisitedServer) -> Product:
    return make_product(
        PYTHONPATH=str(HANDLERS), TFCANVAS_PYTHON_MODULES="sample_handlers", VISITED_SERVER=visited.url
    ).start()


def around(entrypoint: str, port: str = "out", **wait: Any) -> Drawing:
    """start → before → wait → after → result."""
    drawing = Drawing(f"around {entrypoint}")
    drawing.trigger()
    visit = "sample_handlers.visit"
    drawing.node("action", "before", visit, config={"name": "before"})
    drawing.node("action", "wait", entrypoint, outputs=PORTS if port in PORTS else None, **wait)
    drawing.node("action", "after", visit, config={"name": "after"})
    drawing.node("output", "result")
    for source, target, out in (
        ("start", "before", "out"),
        ("before", "wait", "out"),
        ("wait", "after", port),
        ("after", "result", "out"),
    ):
        drawing.wire(source, target, out)
    return drawing


def start(client: httpx.Client, drawing: Drawing) -> str:
    flow_id = client.post("/flows", json=drawing.body()).json()["id"]
    published = client.post(f"/flows/{flow_id}/versions", json={})
    assert published.status_code == 201, published.text
    return str(client.post("/executions", json={"flowId": flow_id, "inputs": {}}).json()["id"])


def status(client: httpx.Client, execution_id: str) -> str:
    return str(client.get(f"/executions/{execution_id}").json()["status"])


def rests(product: Product, execution_id: str) -> None:
    with product.client() as client:
        wait_for(lambda: status(client, execution_id) == "waiting", what="the run to wait")


def ends_once(product: Product, visited: VisitedServer, execution_id: str, names: Counter[str]) -> dict[str, Any]:
    """The run ends well, with exactly these effects, each event once and in order."""
    with product.client() as client:
        wait_for(lambda: client.get(f"/executions/{execution_id}").json()["endedAt"], what="the end")
        execution: dict[str, Any] = client.get(f"/executions/{execution_id}").json()
        assert execution["status"] == "succeeded", execution["error"]
        assert Counter(visit.name for visit in visited.of(execution_id)) == names
        events = client.get(f"/executions/{execution_id}/events?limit=5000").json()["items"]
        ids = [event["id"] for event in events]
        assert ids == sorted(set(ids))
        ends = Counter(e["payload"]["nodeId"] for e in events if e["type"] in ("chunk.completed", "chunk.failed"))
        assert set(ends.values()) == {1}
        assert not [
            event for event in events if event["type"] == "runtime.output" and event["payload"]["data"].get("recovered")
        ], "nothing ran when it was killed, so nothing runs again"
    return execution


ONCE = Counter({"before": 1, "after": 1})


def test_an_approval_waits_through_two_crashes_and_an_answer_just_before_the_third(
    product: Product, visited: VisitedServer
) -> None:
    with product.client() as client:
        execution_id = start(client, around("core:approval", port="approved"))
    rests(product, execution_id)
    for _ in range(2):
        product.kill()
        product.start()
    with product.client() as client:
        assert status(client, execution_id) == "waiting"
        (wait,) = client.get("/waits", params={"executionId": execution_id}).json()["items"]
        visited.hold("after")
        body = {"waitId": wait["id"], "value": {"decision": "approved", "data": 7}}
        assert client.post(f"/executions/{execution_id}/resume", json=body).status_code == 200
        # Nothing is waited for: the answer is durable, whatever of the run is.
    product.kill()
    visited.release("after")
    product.start()
    with product.client() as client:
        again = client.post(f"/executions/{execution_id}/resume", json=body)
        assert again.status_code == 409 and again.json()["answer"]["data"] == 7
        wait_for(lambda: client.get(f"/executions/{execution_id}").json()["endedAt"], what="the end")
        assert status(client, execution_id) == "succeeded"
    visits = visited.of(execution_id)
    assert [visit.name for visit in visits].count("before") == 1
    # It may have run when it was killed: then again, as the same activation under the same key.
    assert len({(visit.activation_id, visit.key) for visit in visits if visit.name == "after"}) == 1


def test_a_timer_whose_time_came_while_the_process_was_dead_is_over_at_the_next_start(
    product: Product, visited: VisitedServer
) -> None:
    with product.client() as client:
        execution_id = start(client, around("core:timer", config={"seconds": 2}))
    rests(product, execution_id)
    with product.client() as client:
        (wait,) = client.get("/waits", params={"executionId": execution_id}).json()["items"]
    product.kill()
    product.start()
    execution = ends_once(product, visited, execution_id, ONCE)
    assert datetime.fromisoformat(execution["endedAt"]) >= datetime.fromisoformat(wait["dueAt"])


def test_a_long_back_off_goes_on_where_it_was(product: Product, visited: VisitedServer) -> None:
    drawing = Drawing("back-off")
    drawing.trigger()
    drawing.node("action", "before", "sample_handlers.visit", config={"name": "before"})
    drawing.node(
        "action",
        "flaky",
        "sample_handlers.visit_and_fail_once",
        config={"name": "flaky"},
        retries={"maxAttempts": 2, "backoffSeconds": 8},
    )
    drawing.node("output", "result")
    drawing.wire("start", "before")
    drawing.wire("before", "flaky")
    drawing.wire("flaky", "result")
    with product.client() as client:
        execution_id = start(client, drawing)
    rests(product, execution_id)
    product.kill()
    product.start()
    execution = ends_once(product, visited, execution_id, Counter({"before": 1, "flaky": 2}))
    assert execution["outputs"]["result"] == {"attempt": 2}
    first, second = visited.of(execution_id, "flaky")
    assert first.activation_id == second.activation_id and second.at - first.at >= 6


def test_a_run_whose_limit_passed_while_the_process_was_dead_times_out(
    product: Product, visited: VisitedServer
) -> None:
    drawing = around("core:approval", port="approved")
    drawing.settings = {"timeoutSeconds": 3}
    with product.client() as client:
        execution_id = start(client, drawing)
    rests(product, execution_id)
    product.kill()
    product.start()
    with product.client() as client:
        wait_for(lambda: client.get(f"/executions/{execution_id}").json()["endedAt"], what="the end")
        execution = client.get(f"/executions/{execution_id}").json()
        assert execution["error"]["type"] == "TimedOut"
        (wait,) = client.get("/waits", params={"executionId": execution_id, "status": "all"}).json()["items"]
        assert wait["status"] == "cancelled"


def test_an_answer_and_its_parallel_branch_survive_a_crash_of_the_branch(
    product: Product, visited: VisitedServer
) -> None:
    drawing = around("core:approval", port="approved")
    drawing.node("action", "beside", "sample_handlers.visit", config={"name": "beside"})
    drawing.node("output", "other")
    drawing.wire("before", "beside")
    drawing.wire("beside", "other")
    visited.hold("beside")
    with product.client() as client:
        execution_id = start(client, drawing)
        visited.await_visit(execution_id, "beside")
        find = {"executionId": execution_id}
        wait_for(lambda: client.get("/waits", params=find).json()["items"], what="the wait")
        (wait,) = client.get("/waits", params=find).json()["items"]
    product.kill()
    product.start()
    visited.await_visit(execution_id, "beside", count=2)
    with product.client() as client:
        body = {"waitId": wait["id"], "value": {"decision": "approved"}}
        assert client.post(f"/executions/{execution_id}/resume", json=body).status_code == 200
        visited.await_visit(execution_id, "after")
        visited.release("beside")
        wait_for(lambda: client.get(f"/executions/{execution_id}").json()["endedAt"], what="the end")
        assert status(client, execution_id) == "succeeded"
    assert Counter(visit.name for visit in visited.of(execution_id)) == Counter(before=1, after=1, beside=2)
