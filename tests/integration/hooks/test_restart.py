"""What a webhook was answered holds after kill -9: its run goes on, and the same call again is the same run."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from drawing import Drawing
from running_product import Product, wait_for
from signed_call import signature

HANDLERS = Path(__file__).resolve().parents[2] / "handlers"


@pytest.mark.skipif(os.environ.get("TEST_PRODUCT") == "mesh", reason="starts processes of its own")
def test_an_answered_call_is_one_run_whatever_dies(make_product: Callable[..., Product], tmp_path: Path) -> None:
    product = make_product(PYTHONPATH=str(HANDLERS), TFCANVAS_PYTHON_MODULES="sample_handlers")
    product.start()
    drawing = Drawing("restart")
    file = tmp_path / "go"
    drawing.node("trigger", "hook", "core:webhook", config={"path": "restart", "answer": "async"})
    drawing.node("action", "wait", "sample_handlers.hang_until_file", config={"file": str(file)})
    drawing.node("output", "result")
    drawing.wire("hook", "wait")
    drawing.wire("wait", "result")
    with product.client() as client:
        flow_id = client.post("/flows", json=drawing.body()).json()["id"]
        assert client.post(f"/flows/{flow_id}/versions").status_code == 201
        (hook,) = client.get(f"/flows/{flow_id}/hooks").json()

    def call() -> httpx.Response:
        url = product.url.rstrip("/") + "/hooks/restart"
        return httpx.post(url, content=b"[1]", headers={"X-TriggerFlow-Signature": sign})

    sign = signature(hook["secret"], b"[1]")
    first = call()
    assert first.status_code == 202
    product.kill()
    product.start()
    assert call().json() == first.json()
    with product.client() as client:
        assert client.get(f"/flows/{flow_id}/hooks").json()[0]["secret"] == hook["secret"]
        file.touch()
        path = f"/executions/{first.json()['executionId']}"
        wait_for(lambda: client.get(path).json()["status"] == "succeeded", seconds=30)
        assert len(client.get("/executions", params={"flowId": flow_id}).json()["items"]) == 1
    assert product.stop() == 0

    # A book that is lost, as by a release that had none, is made anew of what was published before.
    with closing(sqlite3.connect(product.home / "orchestrator.sqlite3")) as database, database:
        assert database.execute("DELETE FROM triggers").rowcount == 1
        assert database.execute("DELETE FROM followed WHERE name = 'triggers'").rowcount == 1
    product.start()
    assert call().json() == first.json()
    assert product.stop() == 0
