"""kill -9 while a handler for errors runs: the last attempt is made again, and its failure is handled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from drawing import Drawing
from running_product import Product, wait_for

HANDLERS = str(Path(__file__).resolve().parents[2] / "handlers")


def test_what_was_handled_when_the_process_died_is_handled_again(
    make_product: Callable[..., Product], tmp_path: Path
) -> None:
    product = make_product(PYTHONPATH=HANDLERS, TFCANVAS_PYTHON_MODULES="sample_handlers,stream_handlers").start()
    gate = tmp_path / "gate"
    drawing = Drawing("handled")
    drawing.trigger()
    drawing.node("action", "node", "sample_handlers.fail")
    on_error = {"entrypoint": "stream_handlers.looks_at_context", "config": {"gate": str(gate)}}
    drawing.nodes[-1]["handlers"]["onError"] = on_error
    drawing.node("output", "result")
    drawing.wire("start", "node")
    drawing.wire("node", "result")
    with product.client() as client:
        flow_id = client.post("/flows", json=drawing.body()).raise_for_status().json()["id"]
        client.post(f"/flows/{flow_id}/versions", json={}).raise_for_status()
        body = {"flowId": flow_id, "inputs": {}}
        path = f"/executions/{client.post('/executions', json=body).raise_for_status().json()['id']}"

    def told() -> list[str]:
        with product.client() as client:
            page = client.get(f"{path}/events?limit=5000", headers={"Accept": "application/json"}).json()["items"]
        return [_line(event) for event in page]

    handled = "attempt 1 failed: ValueError; onError runs"
    wait_for(lambda: handled in told(), what="the handler for errors")
    product.kill()
    gate.touch()
    product.start()
    wait_for(lambda: "execution.completed" in told(), what="the end")
    lines = told()
    assert [line for line in lines if line in (handled, "recovered")] == [handled, "recovered", handled]
    assert lines.count("chunk.completed") + lines.count("chunk.failed") == 3
    with product.client() as client:
        assert client.get(path).json()["outputs"] == {"result": []}


def _line(event: dict[str, Any]) -> str:
    if event["type"] == "log":
        return str(event["payload"]["message"])
    if event["type"] == "runtime.output":
        return "recovered" if event["payload"]["data"].get("recovered") else "output"
    return str(event["type"])
