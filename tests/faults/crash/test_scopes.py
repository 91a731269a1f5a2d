"""kill -9 during a loop and a for-each: both go on where they were, and nothing that ended runs again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from running_product import Product, wait_for
from scoped_flows import CONCURRENCY, expect_once, for_each, item, rounds
from visited_server import VisitedServer

# 5,000 items killed at 4,000: CRASH_ITEMS=5000 CRASH_AT=4000.
ITEMS = int(os.environ.get("CRASH_ITEMS", "120"))
MOMENTS = [int(text) for text in os.environ.get("CRASH_AT", "30,75").split(",")]
ROUNDS = 300


@pytest.fixture
def visited() -> Iterator[VisitedServer]:
    server = VisitedServer()
    yield server
    server.close()


@pytest.fixture
def product(make_product: Callable[..., Product], visited: VisitedServer) -> Product:
    handlers = str(Path(__file__).resolve().parents[2] / "handlers")
    made = make_product(PYTHONPATH=handlers, TFCANVAS_PYTHON_MODULES="sample_handlers", VISITED_SERVER=visited.url)
    made.start()
    return made


def begin(client: httpx.Client, flow: dict[str, Any], inputs: dict[str, Any]) -> str:
    answer = client.post("/executions", json={"flowId": publish(client, flow), "inputs": inputs})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def publish(client: httpx.Client, flow: dict[str, Any]) -> str:
    made = client.post("/flows", json=flow)
    assert made.status_code == 201, made.text
    flow_id = str(made.json()["id"])
    assert client.post(f"/flows/{flow_id}/versions", json={}).status_code == 201
    return flow_id


def ended(product: Product, execution_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    with product.client() as client:

        def over() -> Any:
            found = client.get(f"/executions/{execution_id}").json()
            return found if found["endedAt"] else None

        execution = wait_for(over, seconds=120, what="the end of the run")
        events: list[dict[str, Any]] = []
        while True:
            after = f"&after={events[-1]['id']}" if events else ""
            page = client.get(
                f"/executions/{execution_id}/events?limit=5000{after}", headers={"Accept": "application/json"}
            ).json()
            if not page["items"]:
                return execution, events
            events += page["items"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_for_each_that_is_killed_goes_on_with_the_items_that_had_not_ended(
    product: Product, visited: VisitedServer
) -> None:
    with product.client() as client:
        execution_id = begin(client, for_each(publish(client, item())), {"items": list(range(ITEMS))})
    for moment in MOMENTS:
        wait_for(lambda at=moment: len(visited.of(execution_id)) >= at, seconds=300, what=f"item {moment}")
        product.kill()
        product.start()
    execution, events = ended(product, execution_id)
    assert execution["status"] == "succeeded", execution["error"]
    with product.client() as client:
        result = execution["outputs"]["result"]
        whole = client.get(f"/values/{result['$value']}").json() if "$value" in result else result
    assert whole == [{"visited": {"name": "item"}, "doubled": 2 * index} for index in range(ITEMS)]
    again = expect_once(visited.of(execution_id), ITEMS, events)
    assert 1 <= len(again) <= 2 * CONCURRENCY * len(MOMENTS)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_loop_that_is_killed_goes_on_in_the_iteration_it_was_in(product: Product, visited: VisitedServer) -> None:
    with product.client() as client:
        execution_id = begin(client, rounds(ROUNDS), {"n": 0})
    for moment in (60, 160):
        wait_for(lambda at=moment: len(visited.of(execution_id)) >= at, what=f"round {moment}")
        product.kill()
        product.start()
    execution, events = ended(product, execution_id)
    assert (execution["status"], execution["outputs"]) == ("succeeded", {"result": {"n": ROUNDS, "by": "round"}})
    again = expect_once(visited.of(execution_id), ROUNDS, events)
    assert len(again) <= 4
    assert len(visited.of(execution_id)) < ROUNDS + 4
