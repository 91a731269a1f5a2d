"""Kicks that come twice, or not at all, and Redis gone: runs start once, and all of them."""

from __future__ import annotations

import time
from collections import Counter

from running_product import wait_for
from triggerflow_orchestrator.domain.lease import Queued
from triggerflow_orchestrator.queue.sender import KickSender
from visited_server import VisitedServer
from visiting_flows import chain
from worker_mesh import WorkerMesh


def test_a_run_that_is_kicked_many_times_runs_once(mesh: WorkerMesh, visited: VisitedServer) -> None:
    flow = mesh.publish(chain("a", "b"))
    visited.hold("a")
    sender = KickSender(mesh.redis.url)
    runs = [mesh.begin(flow)["id"] for _ in range(5)]
    try:
        for run in runs * 20:
            sender.kick([Queued(run, 1)])
            sender.kick([Queued(run, 0)])
        for run in runs:
            visited.await_visit(run, "a")
        visited.release("a")
        for run in runs:
            assert mesh.await_end(run)["status"] == "succeeded"
            sender.kick([Queued(run, 2)])  # one that has ended
    finally:
        sender.close()
    assert mesh.begin(flow, wait_seconds=20)["status"] == "succeeded"
    for run in runs:
        assert Counter(visit.name for visit in visited.of(run)) == {"a": 1, "b": 1}


def test_kicks_that_were_lost_are_not_missed(mesh_without_workers: WorkerMesh, visited: VisitedServer) -> None:
    mesh = mesh_without_workers
    flow = mesh.publish(chain("a"))
    runs = [mesh.begin(flow, priority=name)["id"] for name in ("high", "normal", "low") * 5]
    with mesh.redis_client() as client:
        wait_for(lambda: sum(client.llen(name) for name in ("high", "normal", "low")) > 0, what="kicks that wait")
        client.flushall()
    mesh.worker("w1")
    for run in runs:
        assert mesh.await_end(run)["status"] == "succeeded"
        assert len(visited.of(run)) == 1


def test_without_redis_runs_start_cancel_works_and_kicks_come_again_with_it(
    mesh: WorkerMesh, visited: VisitedServer
) -> None:
    flow = mesh.publish(chain("a", "b"))
    mesh.redis.kill()
    started = time.monotonic()
    run = mesh.begin(flow, wait_seconds=20)
    assert run["status"] == "succeeded"
    assert time.monotonic() - started < 10

    visited.hold("a")
    cancelled = mesh.begin(flow)["id"]
    visited.await_visit(cancelled, "a")
    mesh.cancel(cancelled)
    assert mesh.await_end(cancelled, seconds=5)["status"] == "cancelled"
    visited.release("a")

    mesh.redis.start()
    with mesh.redis_client() as client:

        def probe() -> bool:
            """A kick was taken off its queue by a worker: what Redis counts of its commands says so."""
            assert mesh.begin(flow, wait_seconds=20)["status"] == "succeeded"
            stats = client.info("commandstats")
            return "cmdstat_lpush" in stats and "cmdstat_brpop" in stats and client.llen("normal") == 0

        wait_for(probe, seconds=20, what="kicks over the new Redis")
    dropped = mesh.orchestrator.logged("kicks_dropped")
    assert dropped
    assert all("Traceback" not in str(line) for line in dropped)


def test_a_worker_starts_and_works_without_redis(mesh_without_workers: WorkerMesh) -> None:
    mesh = mesh_without_workers
    mesh.redis.kill()
    mesh.worker("alone")
    assert mesh.begin(mesh.publish(chain("a")), wait_seconds=20)["status"] == "succeeded"
    assert mesh.workers["alone"].stop() == 0


def test_redis_that_hangs_holds_up_nobody(mesh: WorkerMesh) -> None:
    flow = mesh.publish(chain("a"))
    mesh.pause_redis()
    try:
        for _ in range(5):
            started = time.monotonic()
            run = mesh.begin(flow)
            assert time.monotonic() - started < 2
            assert mesh.await_end(run["id"])["status"] == "succeeded"
        assert mesh.workers["w1"].stop() == 0
    finally:
        mesh.continue_redis()
