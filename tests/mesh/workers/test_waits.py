"""Runs that wait, in the mesh: held by nobody, answered while nobody works, and gone on with by whoever comes."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import orjson
import pytest
from drawing import Drawing
from running_product import wait_for
from triggerflow.orchestrator.v1 import wait_pb2 as pb
from triggerflow_chassis.errors import AlreadyAnswered
from triggerflow_chassis.grpc.status import from_rpc_error
from visited_server import VisitedServer
from worker_mesh import WorkerMesh

PORTS = ["approved", "rejected", "timeout"]
VISIT = "sample_handlers.visit"


def around(entrypoint: str, port: str = "out", **wait: Any) -> Drawing:
    """start → before → wait → after → result."""
    drawing = Drawing(f"around {entrypoint}")
    drawing.trigger()
    drawing.node("action", "before", VISIT, config={"name": "before"})
    drawing.node("action", "wait", entrypoint, outputs=PORTS if port in PORTS else None, **wait)
    drawing.node("action", "after", VISIT, config={"name": "after"})
    drawing.node("output", "result")
    drawing.wire("start", "before")
    drawing.wire("before", "wait")
    drawing.wire("wait", "after", port)
    drawing.wire("after", "result")
    return drawing


def begin(mesh: WorkerMesh, drawing: Drawing) -> str:
    return str(mesh.begin(mesh.publish(drawing.body()))["id"])


def rests(mesh: WorkerMesh, execution_id: str) -> None:
    wait_for(lambda: mesh.execution(execution_id)["status"] == "waiting", what="the run to wait")


def wait_of(mesh: WorkerMesh, execution_id: str) -> pb.Wait:
    request = pb.ListWaitsRequest(execution_id=execution_id, status="open")
    (wait,) = wait_for(lambda: list(mesh.call(mesh.runs.ListWaits, request).waits))
    return wait


def answer(mesh: WorkerMesh, wait: pb.Wait, data: Any = None, request_id: str = "") -> pb.Wait:
    value = orjson.dumps({"decision": "approved", "data": data}).decode()
    request = pb.ResumeExecutionRequest(
        execution_id=wait.execution_id, wait_id=wait.id, value_json=value, request_id=request_id
    )
    return mesh.call(mesh.runs.ResumeExecution, request).wait


def once(visited: VisitedServer, execution_id: str) -> bool:
    return Counter(visit.name for visit in visited.of(execution_id)) == Counter(before=1, after=1)


def test_a_run_that_waits_is_held_by_nobody_and_the_death_of_its_worker_is_nothing_to_it(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    runs = [begin(mesh, around("core:approval", "approved")) for _ in range(5)]
    for execution_id in runs:
        rests(mesh, execution_id)
    wait_for(lambda: set(mesh.owners().values()) == {0}, what="workers without runs")
    assert sum(queue.count for queue in mesh.load().queued) == 0, "what waits is not in the queue"
    mesh.only_workers("w2")
    for execution_id in runs:
        answer(mesh, wait_of(mesh, execution_id), {"n": 1})
    for execution_id in runs:
        assert mesh.await_end(execution_id)["status"] == "succeeded"
        assert once(visited, execution_id)


def test_an_answer_while_every_worker_is_dead_is_kept_and_carried_out_later(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    execution_id = begin(mesh, around("core:approval", "approved"))
    rests(mesh, execution_id)
    mesh.only_workers()
    answered = answer(mesh, wait_of(mesh, execution_id), 7, request_id="mine")
    mesh.orchestrator.kill()
    mesh.mend()
    assert answer(mesh, answered, 7, request_id="mine") == answered
    with pytest.raises(grpc.RpcError) as refused:
        answer(mesh, answered, 8)
    error = from_rpc_error(refused.value)
    assert isinstance(error, AlreadyAnswered) and error.metadata["waitId"] == answered.id
    mesh.only_workers("w1")
    assert mesh.await_end(execution_id)["status"] == "succeeded"
    assert once(visited, execution_id)


def test_of_many_answers_at_once_one_wins(mesh: WorkerMesh, visited: VisitedServer) -> None:
    execution_id = begin(mesh, around("core:approval", "approved"))
    rests(mesh, execution_id)
    wait = wait_of(mesh, execution_id)
    line = threading.Barrier(8)

    def one(number: int) -> str | None:
        line.wait()
        try:
            return str(answer(mesh, wait, number).answer_json)
        except grpc.RpcError as error:
            assert isinstance(from_rpc_error(error), AlreadyAnswered)
            return None

    with ThreadPoolExecutor(8) as pool:
        won = [each for each in pool.map(one, range(8)) if each is not None]
    assert len(won) == 1
    assert mesh.await_end(execution_id)["status"] == "succeeded"
    stored = mesh.call(mesh.runs.GetWait, pb.GetWaitRequest(wait_id=wait.id)).wait
    assert orjson.loads(stored.answer_json) == orjson.loads(won[0])
    assert once(visited, execution_id)


def test_timers_fire_whichever_process_is_there(mesh: WorkerMesh, visited: VisitedServer) -> None:
    runs = [begin(mesh, around("core:timer", config={"seconds": 3})) for _ in range(4)]
    for execution_id in runs:
        rests(mesh, execution_id)
    mesh.only_workers()
    mesh.only_workers("w1")
    for execution_id in runs:
        assert mesh.await_end(execution_id)["status"] == "succeeded"
        assert once(visited, execution_id)


def test_a_long_back_off_is_held_by_nobody(mesh: WorkerMesh, visited: VisitedServer) -> None:
    drawing = Drawing("back-off")
    drawing.trigger()
    retries = {"maxAttempts": 2, "backoffSeconds": 8}
    drawing.node("action", "flaky", "sample_handlers.visit_and_fail_once", config={"name": "flaky"}, retries=retries)
    drawing.node("output", "result")
    drawing.wire("start", "flaky")
    drawing.wire("flaky", "result")
    execution_id = begin(mesh, drawing)
    rests(mesh, execution_id)
    mesh.only_workers("w2")
    assert mesh.await_end(execution_id)["outputs"]["result"] == {"attempt": 2}
    assert len(visited.of(execution_id)) == 2


def test_an_answer_reaches_the_worker_whose_other_branch_still_runs(mesh: WorkerMesh, visited: VisitedServer) -> None:
    drawing = around("core:approval", "approved")
    drawing.node("action", "beside", VISIT, config={"name": "beside"})
    drawing.wire("before", "beside")
    visited.hold("beside")
    execution_id = begin(mesh, drawing)
    visited.await_visit(execution_id, "beside")
    answer(mesh, wait_of(mesh, execution_id))
    visited.await_visit(execution_id, "after")
    assert mesh.execution(execution_id)["status"] == "running"
    visited.release("beside")
    assert mesh.await_end(execution_id)["status"] == "succeeded"
    assert Counter(visit.name for visit in visited.of(execution_id)) == Counter(before=1, after=1, beside=1)


def test_a_worker_that_dies_while_a_branch_runs_leaves_the_wait_open(mesh: WorkerMesh, visited: VisitedServer) -> None:
    drawing = around("core:approval", "approved")
    drawing.node("action", "beside", VISIT, config={"name": "beside"})
    drawing.wire("before", "beside")
    visited.hold("beside")
    mesh.only_workers("w1")
    execution_id = begin(mesh, drawing)
    visited.await_visit(execution_id, "beside")
    wait = wait_of(mesh, execution_id)
    mesh.only_workers("w2")
    visited.await_visit(execution_id, "beside", count=2)
    answer(mesh, wait)
    visited.await_visit(execution_id, "after")
    visited.release("beside")
    assert mesh.await_end(execution_id)["status"] == "succeeded"
    assert Counter(visit.name for visit in visited.of(execution_id)) == Counter(before=1, after=1, beside=2)


def test_a_waiting_run_is_cancelled_and_times_out_with_nobody_there(
    mesh_without_workers: WorkerMesh, visited: VisitedServer
) -> None:
    mesh = mesh_without_workers
    mesh.only_workers("w1")
    to_cancel = begin(mesh, around("core:approval", "approved"))
    to_time_out = around("core:approval", "approved")
    to_time_out.settings = {"timeoutSeconds": 6}
    late = begin(mesh, to_time_out)
    for execution_id in (to_cancel, late):
        rests(mesh, execution_id)
    mesh.only_workers()
    mesh.cancel(to_cancel)
    assert mesh.await_end(to_cancel, seconds=5)["status"] == "cancelled"
    mesh.only_workers("w1")
    assert mesh.await_end(late)["error"]["type"] == "TimedOut"
    request = pb.ListWaitsRequest(status="cancelled")
    cancelled = mesh.call(mesh.runs.ListWaits, request).waits
    assert {wait.execution_id for wait in cancelled} >= {to_cancel, late}
