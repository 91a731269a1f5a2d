"""The database, the registry or every worker is away for a while: nothing acknowledged is lost, and all runs end."""

from __future__ import annotations

import threading
from collections import Counter

import grpc
import pytest
from running_product import wait_for
from visited_server import VisitedServer
from visiting_flows import chain
from worker_mesh import WorkerMesh


class Caller:
    """Starts runs one after another until told to stop; remembers those it got an answer for."""

    def __init__(self, mesh: WorkerMesh, flow: tuple[str, str]) -> None:
        self.accepted: list[str] = []
        self.refused = 0
        self._stopped = threading.Event()
        self._mesh, self._flow = mesh, flow
        self._thread = threading.Thread(target=self._call, daemon=True)
        self._thread.start()

    def _call(self) -> None:
        while not self._stopped.wait(0.01):
            try:
                self.accepted.append(self._mesh.begin(self._flow)["id"])
            except grpc.RpcError:
                self.refused += 1

    def stop(self) -> list[str]:
        self._stopped.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.accepted


def _all_end_well(mesh: WorkerMesh, visited: VisitedServer, runs: list[str], nodes: int) -> None:
    for run in runs:
        assert mesh.await_end(run, seconds=60)["status"] == "succeeded"
        events = mesh.events(run)
        ids = [event["id"] for event in events]
        assert ids == sorted(set(ids))
        ends = Counter(event["payload"]["nodeId"] for event in events if event["type"] == "chunk.completed")
        assert set(ends.values()) == {1}
        assert len({visit.activation_id for visit in visited.of(run)}) == nodes


@pytest.mark.slow
@pytest.mark.parametrize("how", ["kill", "stop"])
def test_the_database_restarts_under_load(mesh: WorkerMesh, visited: VisitedServer, how: str) -> None:
    caller = Caller(mesh, mesh.publish(chain("a", "b", "c")))
    wait_for(lambda: len(caller.accepted) > 30, what="load")
    getattr(mesh.database, how)()
    mesh.database.start()
    after = len(caller.accepted)
    wait_for(lambda: len(caller.accepted) > after + 30, seconds=60, what="load afterwards")
    runs = caller.stop()
    _all_end_well(mesh, visited, runs, nodes=3)
    assert set(mesh.leases()) == {"w1", "w2"}


def test_while_the_database_is_away_for_longer_than_a_lease_no_node_begins_and_afterwards_all_go_on(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    flow = mesh.publish(chain("a", "b"))
    visited.hold("a")
    runs = [mesh.begin(flow)["id"] for _ in range(6)]
    for run in runs:
        visited.await_visit(run, "a")
    mesh.database.kill()
    wait_for(
        lambda: all(
            any(not line["sure"] for line in worker.logged("lease_not_renewed")) for worker in mesh.workers.values()
        ),
        what="both to be unsure",
    )
    visited.release("a")
    mesh.database.start()
    _all_end_well(mesh, visited, runs, nodes=2)


def test_without_the_registry_runs_of_known_versions_go_on_and_others_wait(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    known = mesh.publish(chain("a", "b"))
    visited.hold("a")
    going_on = [mesh.begin(known)["id"] for _ in range(4)]
    for run in going_on:
        visited.await_visit(run, "a")
    for worker in mesh.workers.values():
        worker.pause()
    unknown = mesh.publish(chain("c"))
    waiting = mesh.begin(unknown)["id"]
    mesh.registry.kill()
    for worker in mesh.workers.values():
        worker.go_on()
    visited.release("a")
    for run in going_on:
        assert mesh.await_end(run)["status"] == "succeeded"
    # Who took it gives it back after a while, for another worker may know the version.
    wait_for(
        lambda: any(worker.logged("run_given_back") for worker in mesh.workers.values()), what="it to be given back"
    )
    assert mesh.execution(waiting)["status"] == "queued"
    mesh.registry.start()
    assert mesh.await_end(waiting)["status"] == "succeeded"
    assert len(visited.of(waiting)) == 1


def test_the_orchestrator_restarts_while_runs_go_on(mesh: WorkerMesh, visited: VisitedServer) -> None:
    flow = mesh.publish(chain("a", "b"))
    visited.hold("a")
    run = mesh.begin(flow)["id"]
    visited.await_visit(run, "a")
    mesh.orchestrator.kill()
    visited.release("a")
    mesh.mend()
    assert mesh.await_end(run)["status"] == "succeeded"
    assert len(visited.of(run)) == 2


def test_runs_can_start_only_while_a_worker_holds_a_lease(mesh_without_workers: WorkerMesh) -> None:
    mesh = mesh_without_workers
    wait_for(lambda: not mesh.can_start(), what="NOT_SERVING without a worker")
    mesh.worker("w1")
    wait_for(mesh.can_start, what="SERVING with one")
    mesh.workers["w1"].kill()
    wait_for(lambda: not mesh.can_start(), what="NOT_SERVING after it died")
