"""A run that fails in a worker starts the flow that is to be told, once."""

from __future__ import annotations

from drawing import Drawing
from running_product import wait_for
from worker_mesh import WorkerMesh


def test_a_failed_run_starts_a_flow_once(mesh: WorkerMesh) -> None:
    told = Drawing("told")
    told.trigger()
    told.node("output", "told")
    told.wire("start", "told")
    told_id, _ = mesh.publish(told.body())
    drawing = Drawing("fails", onFailure={"flowId": told_id})
    drawing.trigger()
    drawing.node("action", "node", "sample_handlers.fail")
    drawing.wire("start", "node")
    failed = mesh.begin(mesh.publish(drawing.body()), wait_seconds=20)
    (execution_id,) = wait_for(lambda: mesh.runs_of(told_id), what="the flow that is told")
    execution = mesh.await_end(execution_id)["outputs"]["told"]["execution"]
    assert (execution["id"], execution["status"]) == (failed["id"], "failed")
    assert mesh.runs_of(told_id) == [execution_id]
