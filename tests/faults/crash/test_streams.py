"""kill -9 while a handler streams: the node runs again, and a client can tell what came from which time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from drawing import Drawing
from running_product import Product, wait_for

HANDLERS = str(Path(__file__).resolve().parents[2] / "handlers")


def test_tokens_of_the_second_time_follow_a_retry_and_go_on_counting(
    make_product: Callable[..., Product], tmp_path: Path
) -> None:
    product = make_product(PYTHONPATH=HANDLERS, TFCANVAS_PYTHON_MODULES="stream_handlers").start()
    gate = tmp_path / "gate"
    drawing = Drawing("two halves")
    drawing.trigger()
    drawing.node("action", "speaker", "stream_handlers.speaks_in_two_halves", config={"gate": str(gate)})
    drawing.node("output", "result")
    drawing.wire("start", "speaker")
    drawing.wire("speaker", "result")
    with product.client() as client:
        flow_id = client.post("/flows", json=drawing.body()).raise_for_status().json()["id"]
        client.post(f"/flows/{flow_id}/versions", json={}).raise_for_status()
        body = {"flowId": flow_id, "inputs": {}}
        path = f"/executions/{client.post('/executions', json=body).raise_for_status().json()['id']}"
    wait_for(lambda: len(outputs(product, path)) == 2, what="the first half")
    product.kill()
    gate.touch()
    product.start()

    def ended() -> Any:
        with product.client() as client:
            return client.get(path).json()["endedAt"]

    wait_for(ended, what="the end of the run")
    with product.client() as client:
        assert client.get(path).json()["outputs"] == {"result": "first second"}
    said = [
        (p["stream"], p["data"].get("kind"), p["data"].get("recovered"), p["sequence"]) for p in outputs(product, path)
    ]
    assert said[:2] in (
        [("custom", "token", None, 0), ("stdout", None, None, 0)],
        [("stdout", None, None, 0), ("custom", "token", None, 0)],
    )
    assert said[2] == ("custom", "retry", True, 1)
    assert sorted(said[3:]) == [
        *[("custom", "token", None, 2 + place) for place in range(len(said) - 4)],
        ("stdout", None, None, 1),
    ]
    texts = [p["data"]["text"] for p in outputs(product, path) if p["data"].get("kind") == "token"]
    assert "".join(texts) == "first first second"


def outputs(product: Product, path: str) -> list[dict[str, Any]]:
    with product.client() as client:
        page = client.get(f"{path}/events?limit=5000", headers={"Accept": "application/json"}).json()["items"]
    return [event["payload"] for event in page if event["type"] == "runtime.output"]
