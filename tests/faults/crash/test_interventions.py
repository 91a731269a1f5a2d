"""kill -9 after context was added: the run that goes on has it, and its log tells of it once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from drawing import Drawing
from running_product import Product, wait_for

HANDLERS = str(Path(__file__).resolve().parents[2] / "handlers")


def test_context_outlives_the_process(make_product: Callable[..., Product], tmp_path: Path) -> None:
    product = make_product(PYTHONPATH=HANDLERS, TFCANVAS_PYTHON_MODULES="stream_handlers").start()
    gate = tmp_path / "gate"
    drawing = Drawing("looks")
    drawing.trigger()
    drawing.node("action", "node", "stream_handlers.looks_at_context", config={"gate": str(gate)})
    drawing.node("output", "saw")
    drawing.wire("start", "node")
    drawing.wire("node", "saw")
    with product.client() as client:
        flow_id = client.post("/flows", json=drawing.body()).raise_for_status().json()["id"]
        client.post(f"/flows/{flow_id}/versions", json={}).raise_for_status()
        body = {"flowId": flow_id, "inputs": {}}
        path = f"/executions/{client.post('/executions', json=body).raise_for_status().json()['id']}"
        client.post(f"{path}/interventions", json={"value": "before"}).raise_for_status()
    product.kill()
    product.start()

    def goes_on() -> Any:
        with product.client() as client:
            page = client.get(f"{path}/events?limit=5000", headers={"Accept": "application/json"}).json()["items"]
        return any((event["payload"].get("data") or {}).get("recovered") for event in page)

    wait_for(goes_on, what="the run to go on")
    with product.client() as client:
        client.post(f"{path}/interventions", json={"value": "after"}).raise_for_status()
    gate.touch()

    def ended() -> Any:
        with product.client() as client:
            return client.get(path).json()["endedAt"]

    wait_for(ended, what="the end")
    with product.client() as client:
        assert [each["value"] for each in client.get(path).json()["outputs"]["saw"]] == ["before", "after"]
        page = client.get(f"{path}/events?limit=5000", headers={"Accept": "application/json"}).json()["items"]
    lines = [event["payload"]["message"] for event in page if event["type"] == "log"]
    assert [line.rpartition(" ")[2] for line in lines] == ['"before"', '"after"']
