"""Handlers that ignore being cancelled: the run ends without them, and an operator sees how many there are."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from drawing import Drawing
from running_product import Product, wait_for
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as pb
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as pb_grpc

HANDLERS = str(Path(__file__).resolve().parents[2] / "handlers")


@pytest.mark.parametrize("handler", ["ignores_cancel", "ignores_cancel_on_the_loop"])
def test_the_run_ends_and_what_goes_on_is_counted_until_it_is_over(
    make_product: Callable[..., Product], tmp_path: Path, handler: str
) -> None:
    # Of its own: other tests leave strays in the shared one.
    product = make_product(PYTHONPATH=HANDLERS, TFCANVAS_PYTHON_MODULES="stream_handlers").start()
    gate = tmp_path / "gate"
    drawing = Drawing("stray")
    drawing.trigger()
    drawing.node("action", "node", f"stream_handlers.{handler}", config={"gate": str(gate)})
    drawing.node("output", "result")
    drawing.wire("start", "node")
    drawing.wire("node", "result")

    with product.client() as client, grpc.insecure_channel(product.run_file()["grpc"]) as channel:
        runs: Any = pb_grpc.OrchestratorServiceStub(channel)

        def strays() -> int:
            metadata = (("authorization", f"Bearer {product.token}"),)
            return int(runs.GetLoad(pb.GetLoadRequest(), timeout=10, metadata=metadata).load.stray_handlers)

        def state() -> dict[str, Any]:
            found: dict[str, Any] = client.get(path).json()
            return found

        flow_id = client.post("/flows", json=drawing.body()).raise_for_status().json()["id"]
        client.post(f"/flows/{flow_id}/versions", json={}).raise_for_status()
        begun = client.post("/executions", json={"flowId": flow_id, "inputs": {}}).raise_for_status().json()
        path = f"/executions/{begun['id']}"
        assert strays() == 0
        wait_for(lambda: state()["status"] == "running", what="the start")
        asked = time.monotonic()
        client.post(f"{path}/cancel")
        wait_for(lambda: state()["endedAt"], what="the end")
        assert time.monotonic() - asked < 5
        wait_for(lambda: strays() == 1, what="the handler to be counted")
        ended = state()
        gate.touch()
        wait_for(lambda: strays() == 0, what="the handler to end")
        assert state() == ended
        assert (ended["status"], ended["outputs"]) == ("cancelled", {})
