"""Context is added at the orchestrator, seen in the worker that has the run, and by the one that takes it over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drawing import Drawing
from running_product import wait_for
from worker_mesh import WorkerMesh


def lines(mesh: WorkerMesh, execution_id: str) -> list[str]:
    return [event["payload"]["message"] for event in mesh.events(execution_id) if event["type"] == "log"]


def looks(gate: Path) -> dict[str, Any]:
    """start → looks at the context until the gate is there → result, what it saw."""
    drawing = Drawing("looks")
    drawing.trigger()
    drawing.node("action", "node", "stream_handlers.looks_at_context", config={"gate": str(gate)})
    drawing.node("output", "saw")
    drawing.wire("start", "node")
    drawing.wire("node", "saw")
    return drawing.body()


def test_context_reaches_the_worker_and_the_next_one(mesh: WorkerMesh, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    execution_id = mesh.begin(mesh.publish(looks(gate)))["id"]
    owner = mesh.owner()
    mesh.intervene(execution_id, "first")
    wait_for(lambda: len(lines(mesh, execution_id)) == 1, what="the worker to take it")
    owner.kill()
    # Nobody has the run now.
    mesh.intervene(execution_id, "second")
    wait_for(lambda: len(lines(mesh, execution_id)) == 2, what="the next worker to take it")
    gate.touch()
    saw = mesh.await_end(execution_id)["outputs"]["saw"]
    assert [each["value"] for each in saw] == ["first", "second"]
    assert [line.rpartition(" ")[2] for line in lines(mesh, execution_id)] == ['"first"', '"second"']


def test_context_that_was_added_before_any_worker_came_is_seen_by_the_first_node(
    mesh_without_workers: WorkerMesh, tmp_path: Path
) -> None:
    mesh = mesh_without_workers
    gate = tmp_path / "gate"
    gate.touch()
    execution_id = mesh.begin(mesh.publish(looks(gate)))["id"]
    mesh.intervene(execution_id, "early")
    # It renews its lease long after the run has ended.
    mesh.worker("w1", TFCANVAS_LEASE_SECONDS="60")
    saw = mesh.await_end(execution_id)["outputs"]["saw"]
    assert [each["value"] for each in saw] == ["early"]
    assert [line.rpartition(" ")[2] for line in lines(mesh, execution_id)] == ['"early"']
    mesh.workers.pop("w1").stop()
