"""kill -9 before anybody could be told that a run failed: they are told after the next start, with the same key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from drawing import Drawing
from http_lab import HttpLab, Reply
from running_product import Product, wait_for

HANDLERS = str(Path(__file__).resolve().parents[2] / "handlers")


@pytest.mark.slow
def test_who_could_not_be_told_is_told_after_the_next_start(make_product: Callable[..., Product]) -> None:
    lab = HttpLab()
    try:
        product = make_product(
            PYTHONPATH=HANDLERS, TFCANVAS_PYTHON_MODULES="sample_handlers", TFCANVAS_HTTP_ALLOW=lab.host
        ).start()
        # Half a minute: it is killed while the answer is awaited.
        drawing = Drawing("fails", onFailure={"url": lab.on("/failed", Reply(delay=30))})
        drawing.trigger()
        drawing.node("action", "node", "sample_handlers.fail")
        drawing.wire("start", "node")
        with product.client() as client:
            flow_id = client.post("/flows", json=drawing.body()).raise_for_status().json()["id"]
            client.post(f"/flows/{flow_id}/versions", json={}).raise_for_status()
            body = {"flowId": flow_id, "inputs": {}, "executionOptions": {"async": False}}
            execution_id = client.post("/executions", json=body).raise_for_status().json()["id"]
        wait_for(lambda: lab.hits("/failed"), what="the first call")
        product.kill()
        lab.on("/failed", Reply())
        product.start()
        # The claim of the first process lasts half a minute.
        wait_for(lambda: len(lab.hits("/failed")) == 2, seconds=90, what="the call after the start")
        headers = [{name.lower(): value for name, value in asked.headers.items()} for asked in lab.hits("/failed")]
        assert [each["idempotency-key"] for each in headers] == [execution_id, execution_id]
    finally:
        lab.close()
