"""Cancel, wherever a run is: queued, running, with a worker that is gone, and of nobody's."""

from __future__ import annotations

import time

import grpc
import pytest
from running_product import wait_for
from visited_server import VisitedServer
from visiting_flows import chain
from worker_mesh import WorkerMesh


def _refusal(error: pytest.ExceptionInfo[grpc.RpcError]) -> str:
    return str(error.value.details())


def test_a_run_that_nobody_has_yet_ends_with_the_answer(mesh_without_workers: WorkerMesh) -> None:
    mesh = mesh_without_workers
    run = mesh.begin(mesh.publish(chain("a")))["id"]
    answer = mesh.cancel(run)
    assert answer["status"] == "cancelled"
    assert answer["error"]["type"] == "Cancelled"
    assert mesh.execution(run) == answer
    types = [event["type"] for event in mesh.events(run)]
    assert types == ["execution.started", "execution.failed"]
    with pytest.raises(grpc.RpcError) as refused:
        mesh.cancel(run)
    assert "has ended" in _refusal(refused)


def test_a_run_under_way_ends_soon_and_its_late_result_is_discarded(mesh: WorkerMesh, visited: VisitedServer) -> None:
    visited.hold("a")
    run = mesh.begin(mesh.publish(chain("a", "b")))["id"]
    visited.await_visit(run, "a")
    asked = time.monotonic()
    assert mesh.cancel(run)["status"] in ("running", "cancelled")
    ended = mesh.await_end(run, seconds=5)
    assert ended["status"] == "cancelled"
    # Redis told the worker: nobody waited for a heartbeat.
    assert time.monotonic() - asked < 2
    visited.release("a")
    failed = [event for event in mesh.events(run) if event["type"] == "chunk.failed"]
    assert [event["payload"]["error"]["type"] for event in failed] == ["Cancelled"]
    assert [visit.name for visit in visited.of(run)] == ["a"]
    with pytest.raises(grpc.RpcError) as refused:
        mesh.cancel(run)
    assert "has ended" in _refusal(refused)


def test_asked_again_before_the_end_the_answer_is_the_execution_again(mesh: WorkerMesh, visited: VisitedServer) -> None:
    visited.hold("a")
    run = mesh.begin(mesh.publish(chain("a")))["id"]
    visited.await_visit(run, "a")
    for worker in mesh.workers.values():
        worker.pause()
    try:
        for _ in range(3):
            assert mesh.cancel(run)["status"] == "running"
        first = mesh.cancel(run, request_id="once")
        assert mesh.cancel(run, request_id="once") == first
    finally:
        for worker in mesh.workers.values():
            worker.go_on()
    assert mesh.await_end(run, seconds=5)["status"] == "cancelled"


def test_a_run_whose_worker_is_gone_ends_within_its_lease_and_a_second(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    visited.hold("a")
    run = mesh.begin(mesh.publish(chain("a", "b")))["id"]
    visited.await_visit(run, "a")
    asked = time.monotonic()
    for worker in mesh.workers.values():
        worker.kill()
    mesh.cancel(run)
    ended = mesh.await_end(run, seconds=10)
    assert ended["status"] == "cancelled"
    assert time.monotonic() - asked < 2 + 2  # the lease of the tests, and a second more for a busy machine
    assert [event["type"] for event in mesh.events(run)][-1] == "execution.failed"


def test_a_cancel_that_a_dead_worker_never_read_is_done_by_the_one_that_takes_over(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    visited.hold("a")
    run = mesh.begin(mesh.publish(chain("a", "b")))["id"]
    visited.await_visit(run, "a")
    owner = mesh.owner()
    owner.pause()
    assert mesh.cancel(run)["status"] == "running"
    owner.kill()
    assert mesh.await_end(run, seconds=10)["status"] == "cancelled"
    # It was not begun again to be ended.
    assert len(visited.of(run)) == 1


def test_a_cancelled_run_that_was_queued_behind_others_never_runs(
    mesh_without_workers: WorkerMesh, visited: VisitedServer
) -> None:
    mesh = mesh_without_workers
    flow = mesh.publish(chain("slow"))
    visited.hold("slow")
    runs = [mesh.begin(flow)["id"] for _ in range(4)]
    mesh.worker("small", TFCANVAS_MAX_RUNS="1")
    running = wait_for(lambda: next((run for run in runs if visited.of(run)), None), what="one that runs")
    for run in runs:
        if run != running:
            mesh.cancel(run)
            assert mesh.await_end(run, seconds=5)["status"] == "cancelled"
    visited.release("slow")
    assert mesh.await_end(running)["status"] == "succeeded"
    assert [len(visited.of(run)) for run in runs if run != running] == [0, 0, 0]
