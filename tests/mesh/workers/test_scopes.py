"""A worker dies during a loop and a for-each, and another goes on: nothing that ended runs again."""

from __future__ import annotations

from running_product import wait_for
from scoped_flows import CONCURRENCY, expect_once, for_each, item, rounds
from visited_server import VisitedServer
from worker_mesh import WorkerMesh


def test_a_for_each_goes_on_in_another_worker_with_the_items_that_had_not_ended(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    flow_id, _ = mesh.publish(item())
    run = mesh.begin(mesh.publish(for_each(flow_id)), {"items": list(range(150))})["id"]
    wait_for(lambda: len(visited.of(run)) >= 40, what="item 40")
    visited.hold("item")  # the run could be over before a heartbeat names its worker
    mesh.owner().kill()
    visited.release("item")
    ended = mesh.await_end(run)
    assert ended["status"] == "succeeded", ended
    doubled = [one["doubled"] for one in ended["outputs"]["result"]]
    assert doubled == [2 * index for index in range(150)]
    again = expect_once(visited.of(run), 150, mesh.events(run))
    assert len(again) <= 2 * CONCURRENCY


def test_a_loop_goes_on_in_another_worker_in_the_iteration_it_was_in(mesh: WorkerMesh, visited: VisitedServer) -> None:
    run = mesh.begin(mesh.publish(rounds(80)), {"n": 0})["id"]
    wait_for(lambda: len(visited.of(run)) >= 20, what="round 20")
    visited.hold("round")
    mesh.owner().kill()
    visited.release("round")
    ended = mesh.await_end(run)
    assert (ended["status"], ended["outputs"]) == ("succeeded", {"result": {"n": 80, "by": "round"}})
    assert len(expect_once(visited.of(run), 80, mesh.events(run))) <= 2
