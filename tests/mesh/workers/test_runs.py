"""Runs on two workers: what any caller expects, whoever runs it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from drawing import Drawing
from running_product import wait_for
from visited_server import VisitedServer
from visiting_flows import chain, fan
from worker_mesh import WorkerMesh


def test_a_run_goes_through_and_its_end_wakes_who_waits(mesh: WorkerMesh, visited: VisitedServer) -> None:
    flow = mesh.publish(chain("a", "b", "c"))
    ended = mesh.begin(flow, wait_seconds=20)
    assert ended["status"] == "succeeded"
    assert ended["outputs"] == {"result": {"name": "c"}}
    assert [visit.name for visit in visited.of(ended["id"])] == ["a", "b", "c"]
    events = mesh.events(ended["id"])
    assert [event["type"] for event in events][:1] == ["execution.started"]
    assert [event["type"] for event in events][-1:] == ["execution.completed"]
    assert [event["id"] for event in events] == sorted({event["id"] for event in events})


def test_a_fan_out_runs_every_arm_once_and_joins(mesh: WorkerMesh, visited: VisitedServer) -> None:
    flow = mesh.publish(fan(20))
    ended = mesh.begin(flow, wait_seconds=25)
    assert ended["status"] == "succeeded"
    counts = Counter(visit.name for visit in visited.of(ended["id"]))
    assert counts == {"first": 1, **{f"arm-{index}": 1 for index in range(20)}}


def test_many_runs_are_shared_by_both_workers(mesh: WorkerMesh, visited: VisitedServer) -> None:
    flow = mesh.publish(chain("held"))
    # A worker has its lease a moment before it hears kicks; until both do, one is given everything.
    wait_for(lambda: _all_share(mesh, visited, flow, 4), seconds=60, what="kicks for both")
    assert _all_share(mesh, visited, flow, 40)


def _all_share(mesh: WorkerMesh, visited: VisitedServer, flow: tuple[str, str], count: int) -> bool:
    """Start so many runs, all held at once, and let them end. Whether no worker was without."""
    visited.hold("held")
    try:
        ids = [mesh.begin(flow)["id"] for _ in range(count)]
        wait_for(lambda: all(visited.of(one) for one in ids), seconds=60, what="all to run")
        wait_for(lambda: sum(mesh.owners().values()) == count, what="a heartbeat of both")
        shared = min(mesh.owners().values()) > 0
    finally:
        visited.release("held")
    for one in ids:
        assert mesh.await_end(one)["status"] == "succeeded"
        assert len(visited.of(one)) == 1
    wait_for(lambda: sum(mesh.owners().values()) == 0, what="a heartbeat of both")
    return shared


def test_one_request_id_starts_one_run_however_often_it_is_sent(mesh: WorkerMesh) -> None:
    flow = mesh.publish(chain("a"))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: mesh.begin(flow, request_id="the same")["id"], range(16)))
    assert len(set(answers)) == 1


def test_values_too_large_for_a_row_pass_from_node_to_node(mesh: WorkerMesh) -> None:
    drawing = Drawing("large")
    drawing.trigger()
    drawing.node("action", "make", "sample_handlers.large")
    drawing.node("action", "measure", "sample_handlers.length")
    drawing.node("output", "result")
    drawing.wire("start", "make")
    drawing.wire("make", "measure")
    drawing.wire("measure", "result")
    ended = mesh.begin(mesh.publish(drawing.body()), wait_seconds=20)
    assert ended["outputs"] == {"result": 20_000}


def test_published_then_run_runs_the_new_version(mesh: WorkerMesh) -> None:
    flow_id, _ = mesh.publish(chain("a"))
    for _ in range(5):
        version = mesh.publish_again(flow_id)
        assert mesh.begin((flow_id, ""), wait_seconds=20)["blueprintVersion"] == version


def test_a_full_worker_takes_no_more_and_low_is_not_starved_by_a_flood_of_high(
    mesh_without_workers: WorkerMesh, visited: VisitedServer
) -> None:
    mesh = mesh_without_workers
    flow = mesh.publish(chain("flood"))
    low = [mesh.begin(flow, priority="low")["id"] for _ in range(4)]
    high = [mesh.begin(flow, priority="high")["id"] for _ in range(60)]
    visited.hold("flood")
    mesh.worker("small", TFCANVAS_MAX_RUNS="3")
    wait_for(lambda: len({v.execution_id for v in visited.visits} & {*low, *high}) == 3, what="three that run")
    load = mesh.load()
    assert {one.priority: one.count for one in load.queued}["high"] > 50
    assert load.oldest_queued_seconds > 0
    visited.release("flood")
    for one in (*low, *high):
        assert mesh.await_end(one)["status"] == "succeeded"
    order = [visit.execution_id for visit in visited.visits if visit.execution_id in {*low, *high}]
    # One of ten is low while both wait; whoever drains by priority alone would run it last.
    assert order.index(next(one for one in order if one in low)) < 30
