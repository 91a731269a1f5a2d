"""TFCANVAS_KEEP_DAYS in local mode: what ended long ago is gone with its values, and a cursor from then has expired."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import httpx
from drawing import Drawing
from running_product import Product, wait_for
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.ids import uuid7

LONG_AGO_MS = 1_600_000_000_000


def age(product: Product, execution_id: str) -> str:
    """Date a run, its notices and all flow events back to 2020; the run's new id."""
    old = uuid7(LONG_AGO_MS)
    with closing(sqlite3.connect(product.home / "orchestrator.sqlite3")) as database, database:
        database.execute(
            "UPDATE executions SET id = ?, created_at = ?2, started_at = ?2, ended_at = ?2 WHERE id = ?3",
            (old, LONG_AGO_MS * 1_000, execution_id),
        )
        for table in ("events", "journal", "activation_starts", "objects", "execution_labels"):
            database.execute(f"UPDATE {table} SET execution_id = ? WHERE execution_id = ?", (old, execution_id))
        for (position,) in database.execute("SELECT position FROM notices ORDER BY position").fetchall():
            notice = uuid7(LONG_AGO_MS + position)
            database.execute("UPDATE notices SET id = ?, execution_id = ? WHERE position = ?", (notice, old, position))
    return old


def cursor_answer(client: httpx.Client) -> int:
    """The status for a cursor from before all of it. Where it is good the answer is a stream without an end."""
    with client.stream("GET", "/events", params={"after": uuid7(LONG_AGO_MS - 1)}) as answer:
        return answer.status_code


def test_what_ended_longer_ago_is_forgotten_and_what_is_younger_stays(make_product: Callable[..., Product]) -> None:
    product = make_product().start()
    drawing = Drawing("kept")
    drawing.trigger(outputs=["input"])
    drawing.node("output", "result")
    drawing.wire("start", "result", port="input")
    with product.client() as client:
        flow = client.post("/flows", json=drawing.body()).raise_for_status().json()["id"]
        client.post(f"/flows/{flow}/versions", json={}).raise_for_status()
        body = {"flowId": flow, "inputs": {"input": "x" * 70_000}, "executionOptions": {"async": False}}
        run = client.post("/executions", json=body).raise_for_status().json()
        value = run["outputs"]["result"]["$value"]
        assert client.get(f"/values/{value}").status_code == 200
    assert product.stop() == 0
    old = age(product, run["id"])

    product.start()
    with product.client() as client:
        # Without the setting everything is kept.
        assert client.get(f"/executions/{old}").json()["status"] == "succeeded"
    assert product.stop() == 0

    product.environment["TFCANVAS_KEEP_DAYS"] = "30"
    product.start()
    with product.client() as client:
        wait_for(lambda: client.get(f"/executions/{old}").status_code == 404, what="the old run's end")
        assert client.get(f"/executions/{old}/events", headers={"Accept": "application/json"}).status_code == 404
        assert client.get(f"/values/{value}").status_code == 404
        wait_for(lambda: not list((product.home / "objects").rglob(value)), what="the end of its value")
        wait_for(lambda: cursor_answer(client) == 410, what="an expired cursor")
        answer = client.get("/events", params={"after": uuid7(LONG_AGO_MS - 1)})
        assert answer.json()["reason"] == "CURSOR_EXPIRED"
        young = client.post("/executions", json=body).raise_for_status().json()
        assert [item["id"] for item in client.get("/executions").json()["items"]] == [young["id"]]
        assert client.get(f"/flows/{flow}").status_code == 200
    with closing(sqlite3.connect(product.home / "orchestrator.sqlite3")) as database:
        for table in ("events", "journal", "activation_starts", "objects", "execution_labels"):
            assert database.execute(f"SELECT * FROM {table} WHERE execution_id = ?", (old,)).fetchall() == [], table
        projects = database.execute("SELECT project_id FROM pruned").fetchall()
    assert projects == [(LOCAL.project_id,)]
    assert product.stop() == 0
