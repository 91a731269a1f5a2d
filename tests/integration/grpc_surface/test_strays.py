"""Handlers that ignore being cancelled: the run ends without them, and an operator sees how many there are."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawing import Drawing
from running_product import Product, wait_for
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as pb


@pytest.mark.parametrize("handler", ["ignores_cancel", "ignores_cancel_on_the_loop"])
def test_the_run_ends_and_what_goes_on_is_counted_until_it_is_over(
    client: httpx.Client, product: Product, runs: Any, start: Callable[..., str], tmp_path: Path, handler: str
) -> None:
    gate = tmp_path / "gate"
    drawing = Drawing("stray")
    drawing.trigger()
    drawing.node("action", "node", f"stream_handlers.{handler}", config={"gate": str(gate)})
    drawing.node("output", "result")
    drawing.wire("start", "node")
    drawing.wire("node", "result")
    execution_id = start(drawing)

    def strays() -> int:
        return int(runs.GetLoad(pb.GetLoadRequest()).load.stray_handlers)

    def state() -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/executions/{execution_id}").json()
        return found

    assert strays() == 0
    wait_for(lambda: state()["status"] == "running", what="the start")
    asked = time.monotonic()
    client.post(f"/executions/{execution_id}/cancel")
    wait_for(lambda: state()["endedAt"], what="the end")
    assert time.monotonic() - asked < 5
    wait_for(lambda: strays() == 1, what="the handler to be counted")
    ended = state()
    gate.touch()
    wait_for(lambda: strays() == 0, what="the handler to end")
    assert state() == ended
    assert (ended["status"], ended["outputs"]) == ("cancelled", {})
