"""A worker dies while a handler streams: another takes the run, and its tokens can be told from the first ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drawing import Drawing
from running_product import wait_for
from worker_mesh import WorkerMesh


def outputs(mesh: WorkerMesh, execution_id: str) -> list[dict[str, Any]]:
    return [event["payload"] for event in mesh.events(execution_id) if event["type"] == "runtime.output"]


def test_tokens_of_the_second_worker_follow_a_retry_and_go_on_counting(mesh: WorkerMesh, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    drawing = Drawing("two halves")
    drawing.trigger()
    drawing.node("action", "speaker", "stream_handlers.speaks_in_two_halves", config={"gate": str(gate)})
    drawing.node("output", "result")
    drawing.wire("start", "speaker")
    drawing.wire("speaker", "result")
    execution_id = mesh.begin(mesh.publish(drawing.body()))["id"]
    wait_for(lambda: len(outputs(mesh, execution_id)) == 2, what="the first half")
    mesh.owner().kill()
    gate.touch()
    assert mesh.await_end(execution_id)["outputs"] == {"result": "first second"}
    customs = [payload for payload in outputs(mesh, execution_id) if payload["stream"] == "custom"]
    kinds = [(payload["data"]["kind"], payload["data"].get("recovered")) for payload in customs]
    assert kinds[:3] == [("token", None), ("retry", True), ("token", None)]
    assert [payload["sequence"] for payload in customs] == list(range(len(customs)))
    printed = [payload for payload in outputs(mesh, execution_id) if payload["stream"] == "stdout"]
    assert [(payload["data"]["text"], payload["sequence"]) for payload in printed] == [("begun", 0), ("begun", 1)]


def test_metrics_add_up_over_attempts(mesh: WorkerMesh) -> None:
    drawing = Drawing("metrics")
    drawing.trigger()
    retries = {"maxAttempts": 2, "backoffSeconds": 0}
    drawing.node("action", "node", "stream_handlers.measures", retries=retries)
    drawing.wire("start", "node")
    ended = mesh.begin(mesh.publish(drawing.body()), wait_seconds=20)
    assert mesh.execution(ended["id"])["metrics"]["tokens"] == {"total": 240, "count": 2, "unit": "tokens"}
