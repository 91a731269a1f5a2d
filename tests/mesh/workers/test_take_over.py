"""A worker dies, hangs, or leaves in the middle of runs, and another goes on: nothing finished runs again."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from drawing import Drawing
from running_product import wait_for
from visited_server import VisitedServer
from visiting_flows import chain
from worker_mesh import Process, WorkerMesh

LEASE_SECONDS = 2.0


def _other(mesh: WorkerMesh, process: Process) -> Process:
    return next(worker for worker in mesh.workers.values() if worker is not process)


def _patient(backoff_seconds: int) -> dict[str, Any]:
    """start → a node that fails once and is tried again later → result."""
    drawing = Drawing("patient")
    drawing.trigger()
    retries = {"maxAttempts": 2, "backoffSeconds": backoff_seconds}
    drawing.node("action", "later", "sample_handlers.visit_and_fail_once", config={"name": "later"}, retries=retries)
    drawing.node("output", "result")
    drawing.wire("start", "later")
    drawing.wire("later", "result")
    return drawing.body()


def _once_but(mesh: WorkerMesh, visited: VisitedServer, execution_id: str, twice: str) -> None:
    """Every node ran once, but the one that was running when its worker was lost: that one again, as the same."""
    visits = visited.of(execution_id)
    assert Counter(visit.name for visit in visits) == {"a": 1, "b": 1, "c": 1, twice: 2}
    first, second = (visit for visit in visits if visit.name == twice)
    assert (first.activation_id, first.key, first.attempt) == (second.activation_id, second.key, second.attempt)
    events = mesh.events(execution_id)
    ids = [event["id"] for event in events]
    assert ids == sorted(set(ids))
    ends = Counter(event["payload"]["nodeId"] for event in events if event["type"] == "chunk.completed")
    assert set(ends.values()) == {1}
    retries = [event for event in events if (event["payload"].get("data") or {}).get("recovered")]
    assert len(retries) == 1


def test_after_kill_nine_the_other_goes_on_within_the_lease_and_a_second(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    flow = mesh.publish(chain("a", "b", "c"))
    visited.hold("b")
    run = mesh.begin(flow)["id"]
    visited.await_visit(run, "b")
    killed = time.monotonic()
    mesh.owner().kill()
    again = visited.await_visit(run, "b", count=2)
    visited.release("b")
    assert mesh.await_end(run)["status"] == "succeeded"
    _once_but(mesh, visited, run, "b")
    # The lease is counted from the last heartbeat, which came before the kill. A second more for a busy machine.
    assert again.at - killed < LEASE_SECONDS + 2


def test_a_worker_paused_beyond_its_lease_writes_nothing_notices_and_joins_anew(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    flow = mesh.publish(chain("a", "b", "c"))
    visited.hold("b")
    run = mesh.begin(flow)["id"]
    visited.await_visit(run, "b")
    paused = mesh.owner()
    lease = mesh.leases()[paused.name].id
    paused.pause()
    visited.await_visit(run, "b", count=2)
    visited.release("b")
    ended = mesh.await_end(run)
    # Its own "b" has ended as well by now, and it has not heard of anything.
    paused.go_on()
    wait_for(lambda: paused.name in mesh.leases() and mesh.leases()[paused.name].id != lease, what="a new lease")
    assert paused.logged("worker_lost_its_lease")
    assert ended["status"] == "succeeded"
    assert mesh.execution(run) == ended
    _once_but(mesh, visited, run, "b")
    # It is of use again.
    _other(mesh, paused).kill()
    assert mesh.begin(flow, wait_seconds=20)["status"] == "succeeded"


def test_a_worker_that_was_paused_begins_no_attempt_of_a_run_that_somebody_else_has(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    flow = mesh.publish(_patient(backoff_seconds=1))
    run = mesh.begin(flow)["id"]
    visited.await_visit(run, "later")
    paused = mesh.owner()
    paused.pause()  # the next attempt is due while it stands still
    assert mesh.await_end(run)["status"] == "succeeded"
    moment = time.monotonic()
    paused.go_on()
    wait_for(lambda: paused.logged("worker_lost_its_lease"), what="it to notice")
    wait_for(lambda: paused.name in mesh.leases(), what="a new lease")
    assert [visit for visit in visited.of(run) if visit.at > moment] == []
    assert len(visited.of(run)) == 2


def test_sigterm_gives_runs_back_at_once_and_ends_with_zero(mesh: WorkerMesh, visited: VisitedServer) -> None:
    flow = mesh.publish(chain("a", "b", "c"))
    visited.hold("b")
    run = mesh.begin(flow)["id"]
    visited.await_visit(run, "b")
    stopped = time.monotonic()
    leaving = mesh.owner()
    assert leaving.stop() == 0
    ended = time.monotonic() - stopped
    again = visited.await_visit(run, "b", count=2)
    visited.release("b")
    assert mesh.await_end(run)["status"] == "succeeded"
    _once_but(mesh, visited, run, "b")
    assert leaving.name not in mesh.owners()
    assert ended < 3
    # Nobody waited for a lease to lapse.
    assert again.at - stopped - ended < LEASE_SECONDS / 2


def test_sigterm_ends_a_worker_whose_handlers_ignore_it(mesh: WorkerMesh) -> None:
    drawing = Drawing("stubborn")
    drawing.trigger()
    for name, handler in {"ignores": "hang_and_ignore", "thread": "hang_in_thread"}.items():
        drawing.node("action", name, f"sample_handlers.{handler}")
        drawing.wire("start", name)
    run = mesh.begin(mesh.publish(drawing.body()))["id"]
    leaving = mesh.owner()
    assert leaving.stop(seconds=5) == 0
    wait_for(lambda: mesh.execution(run)["status"] == "running", what="the other to have it")
    assert mesh.owner() is not leaving
    mesh.cancel(run)
    assert mesh.await_end(run)["status"] == "cancelled"


def test_a_retry_that_is_due_later_is_taken_up_by_another_worker_when_it_is_due(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    # Short enough that its worker keeps it; what waits for longer is nobody's (test_waits).
    run = mesh.begin(mesh.publish(_patient(backoff_seconds=4)))["id"]
    first = visited.await_visit(run, "later")
    mesh.owner().kill()
    ended = mesh.await_end(run)
    assert ended["outputs"] == {"result": {"attempt": 2}}
    second = visited.of(run, "later")[1]
    assert (second.attempt, second.activation_id, second.key) == (2, first.activation_id, first.key)
    assert second.at - first.at >= 4 * 0.8
    assert len(visited.of(run)) == 2


@pytest.mark.slow
def test_whichever_worker_is_killed_however_often_every_run_ends_and_no_finished_node_runs_again(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    flow = mesh.publish(chain(*(f"n{index}" for index in range(8))))
    runs = [mesh.begin(flow)["id"] for _ in range(30)]
    for name in ("w1", "w2", "w1"):
        wait_for(lambda: len({v.execution_id for v in visited.visits} & set(runs)) > 5, what="runs under way")
        mesh.workers[name].kill()
        mesh.worker(name)
    for run in runs:
        assert mesh.await_end(run, seconds=60)["status"] == "succeeded"
        outcomes = {
            event["payload"]["nodeId"]: event["timestamp"]
            for event in mesh.events(run)
            if event["type"] == "chunk.completed"
        }
        assert len(outcomes) == 10
    for run in runs:
        visits = visited.of(run)
        # A node's last effect comes before the first of the node after it.
        order = [visit.name for visit in visits]
        assert order == sorted(order, key=lambda name: int(name[1:]))
        for name in set(order):
            assert len({(v.activation_id, v.key) for v in visits if v.name == name}) == 1
