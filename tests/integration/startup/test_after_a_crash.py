"""What a kill -9 and a changed setting leave behind, as a client sees it. CONTRACT sections 1 to 4."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawing import Drawing
from problem_answer import refused
from running_product import Product, wait_for

TESTS = Path(__file__).resolve().parents[2]
MODULES = os.pathsep.join([str(TESTS / "handlers"), str(TESTS / "integration" / "handlers" / "modules")])


def drawing(step: str, **more: Any) -> Drawing:
    drawn = Drawing(f"crash {step}")
    drawn.trigger()
    drawn.node("action", "step", step, **more)
    drawn.node("output", "result")
    drawn.wire("start", "step")
    drawn.wire("step", "result")
    return drawn


def begin(client: httpx.Client, drawn: Drawing, **options: Any) -> str:
    flow_id = client.post("/flows", json=drawn.body()).json()["id"]
    assert client.post(f"/flows/{flow_id}/versions").status_code == 201
    body = {"flowId": flow_id, "inputs": {}, "executionOptions": options}
    return str(client.post("/executions", json=body).json()["id"])


def ended(client: httpx.Client, run_id: str, seconds: float = 15) -> Any:
    def look() -> Any:
        run = client.get(f"/executions/{run_id}").json()
        return run if run["endedAt"] else None

    return wait_for(look, seconds=seconds, what="the end of the run")


@pytest.fixture
def killed(make_product: Callable[..., Product]) -> Any:
    """A product that was killed in the middle of things, and started again with fewer modules allowed."""
    product = make_product(PYTHONPATH=MODULES, TFCANVAS_PYTHON_MODULES="sample_handlers,lab_handlers").start()
    left: dict[str, Any] = {}
    with product.client() as client:
        retries = {"maxAttempts": 3, "backoffSeconds": 1}
        left["waits"] = begin(client, drawing("sample_handlers.fail_twice", retries=retries))
        left["late"] = begin(client, drawing("sample_handlers.hang"), timeoutSeconds=2)
        made = client.post("/flows", json=drawing("lab_handlers.plain").body())
        left["flow"], left["etag"] = made.json(), made.headers["etag"]
        assert made.json()["problems"] == []
        client.post(f"/flows/{made.json()['id']}/versions")
        path = f"/executions/{left['waits']}/events"
        wait_for(lambda: "attempt 1 failed" in client.get(path, headers={"Accept": "application/json"}).text)
        late = f"/executions/{left['late']}"
        wait_for(lambda: client.get(late).json()["status"] == "running")
    product.kill()
    product.environment["TFCANVAS_PYTHON_MODULES"] = "sample_handlers"
    product.start()
    with product.client() as client:
        yield client, left


def test_what_was_there_is_there_and_what_ran_goes_on(killed: Any) -> None:
    client, left = killed
    late = ended(client, left["late"])
    assert (late["status"], late["error"]["type"]) == ("failed", "TimedOut")
    waited = ended(client, left["waits"])
    assert waited["status"] == "succeeded"
    assert waited["outputs"]["result"]["attempt"] == 3, "a crash is no attempt"
    page = client.get(f"/executions/{left['waits']}/events", headers={"Accept": "application/json"}).json()["items"]
    logs = [event["payload"]["message"] for event in page if event["type"] == "log"]
    assert logs == ["attempt 1 failed: TooEarly", "attempt 2 failed: TooEarly"]
    retries = [event["payload"]["data"] for event in page if event["type"] == "runtime.output"]
    assert [bool(data.get("recovered")) for data in retries if data["kind"] == "retry"].count(True) == 1
    assert [event["type"] for event in page].count("execution.started") == 1
    ids = [event["id"] for event in page]
    assert ids == sorted(set(ids))

    flow, node = left["flow"], left["flow"]["nodes"][1]
    read = client.get(f"/flows/{flow['id']}")
    assert read.headers["etag"] == left["etag"], "a setting is no change of the draft"
    assert [each["reason"] for each in read.json()["problems"]] == ["UNKNOWN_HANDLER"]
    refused(client.post(f"/flows/{flow['id']}/versions"), 422, "HAS_PROBLEMS", "/nodes/1/handlers/main/entrypoint")
    body = {"flowId": flow["id"], "inputs": {}, "executionOptions": {"async": False}}
    ran = client.post("/executions", json=body).json()
    assert (ran["status"], ran["error"]["nodeId"]) == ("failed", node["id"])
    assert "TFCANVAS_PYTHON_MODULES" in ran["error"]["message"]


def test_of_many_who_use_one_link_one_gets_in(make_product: Callable[..., Product]) -> None:
    product = make_product().start()
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(lambda _: httpx.get(product.link).status_code, range(8)))
    assert statuses[1:] == [410] * 7 and statuses[0] < 400
