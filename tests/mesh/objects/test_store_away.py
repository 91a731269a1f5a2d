"""The object store goes away under running flows. Real services, workers, PostgreSQL, Valkey and SeaweedFS."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest
from drawing import Drawing
from running_product import wait_for
from s3_server import S3Server
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as runs_pb
from triggerflow_orchestrator.app.archive import ReadArchive
from triggerflow_orchestrator.app.results_first import WAITS
from triggerflow_orchestrator.bucket_place import BucketPlace
from triggerflow_orchestrator.store.s3_archives import S3Archives
from triggerflow_orchestrator.store.s3_bucket import Bucket
from worker_mesh import TOKEN, WorkerMesh

PROJECT = "00000000-0000-7000-8000-000000000001"


class Store:
    """A mesh with an object store that can be taken away."""

    def __init__(self, mesh: WorkerMesh, s3: S3Server) -> None:
        self.mesh = mesh
        self.s3 = s3

    def value(self, ref: str) -> bytes:
        """A large value. Raises grpc.RpcError."""
        request = runs_pb.GetValueRequest(ref=ref)
        answer = self.mesh.runs.GetValue(request, timeout=30, metadata=(("authorization", f"Bearer {TOKEN}"),))
        found: bytes = answer.json
        assert len(found) == answer.total_bytes
        return found

    def logs(self, execution_id: str) -> list[tuple[str, str]]:
        """Level and words of a run's log events."""
        events = self.mesh.events(execution_id)
        return [(e["payload"]["level"], e["payload"]["message"]) for e in events if e["type"] == "log"]

    def until_it_says_that_it_waits(self, execution_id: str) -> None:
        wait_for(lambda: ("warning", WAITS) in self.logs(execution_id), seconds=30, what="the run to say that it waits")


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory, own_s3: S3Server) -> Iterator[Store]:
    mesh = WorkerMesh(
        tmp_path_factory.mktemp("mesh"),
        S3_URL=own_s3.url(),
        TFCANVAS_ARCHIVE_AFTER_SECONDS="0",
    )
    try:
        mesh.start()
        mesh.worker("one")
        yield Store(mesh, own_s3)
    finally:
        mesh.stop()


@pytest.fixture
def large() -> dict[str, Any]:
    """start → a node with a result of 200 KiB → result."""
    drawing = Drawing("large")
    drawing.trigger()
    drawing.node("action", "large", "sample_handlers.large")
    drawing.node("output", "result")
    drawing.wire("start", "large")
    drawing.wire("large", "result")
    return drawing.body()


@pytest.fixture
def small() -> dict[str, Any]:
    """start → result."""
    drawing = Drawing("small")
    drawing.trigger()
    drawing.node("output", "result")
    drawing.wire("start", "result")
    return drawing.body()


def test_runs_that_need_no_large_value_go_on_and_the_others_wait_and_say_why(
    store: Store, large: dict[str, Any], small: dict[str, Any]
) -> None:
    mesh = store.mesh
    large_flow, small_flow = mesh.publish(large), mesh.publish(small)
    # Traced, so that one value is shown at a port, in an input and at an output: it is one object.
    before = mesh.await_end(mesh.begin(large_flow, trace=True)["id"])
    ref = before["outputs"]["result"]["$value"]
    whole = store.value(ref)
    assert len(orjson.loads(whole)["rows"]) == 20_000

    store.s3.kill()
    waits, cancelled = mesh.begin(large_flow)["id"], mesh.begin(large_flow)["id"]
    assert mesh.await_end(mesh.begin(small_flow, {"n": 1})["id"])["status"] == "succeeded"
    for run in (waits, cancelled):
        store.until_it_says_that_it_waits(run)
        assert mesh.execution(run)["status"] == "running"

    with pytest.raises(grpc.RpcError) as refused:
        store.value(ref)
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    assert "S3_URL" in refused.value.details()
    assert store.s3.secret not in refused.value.details()
    with pytest.raises(grpc.RpcError) as refused:
        mesh.begin(small_flow, {"text": "x" * 100_000})
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    assert "S3_URL" in refused.value.details()

    mesh.cancel(cancelled)
    assert mesh.await_end(cancelled, seconds=15)["status"] == "cancelled"
    assert mesh.execution(waits)["status"] == "running"

    store.s3.start()
    ended = mesh.await_end(waits, seconds=60)
    assert ended["status"] == "succeeded"
    assert orjson.loads(store.value(ended["outputs"]["result"]["$value"])) == orjson.loads(whole)
    assert any(level == "info" and "took the result after" in words for level, words in store.logs(waits))
    sequences = [event["type"] for event in mesh.events(waits)]
    assert sequences.count("chunk.completed") == 3
    assert any(line["execution_id"] == waits for line in mesh.workers["one"].logged("large_value_waits"))
    assert store.value(ref) == whole


def test_a_run_whose_worker_dies_while_it_waits_ends_all_the_same(store: Store, large: dict[str, Any]) -> None:
    mesh = store.mesh
    flow = mesh.publish(large)
    store.s3.kill()
    run = mesh.begin(flow)["id"]
    store.until_it_says_that_it_waits(run)
    mesh.workers["one"].kill()
    mesh.worker("two")
    wait_for(lambda: store.logs(run).count(("warning", WAITS)) == 2, seconds=60, what="the second worker to wait")
    store.s3.start()
    assert mesh.await_end(run, seconds=60)["status"] == "succeeded"
    events = mesh.events(run)
    ids = [event["id"] for event in events]
    assert ids == sorted(set(ids))
    assert [event["type"] for event in events].count("chunk.completed") == 3


def test_a_store_that_hangs_is_said_to_at_once_and_holds_up_nobody_else(
    store: Store, large: dict[str, Any], small: dict[str, Any]
) -> None:
    mesh = store.mesh
    large_flow, small_flow = mesh.publish(large), mesh.publish(small)
    mesh.await_end(mesh.begin(large_flow)["id"])
    store.s3.pause()
    run = mesh.begin(large_flow)["id"]
    store.until_it_says_that_it_waits(run)
    assert mesh.await_end(mesh.begin(small_flow)["id"])["status"] == "succeeded"
    store.s3.go_on()
    assert mesh.await_end(run, seconds=60)["status"] == "succeeded"


def test_what_ended_meanwhile_is_archived_once_the_store_is_back(store: Store, small: dict[str, Any]) -> None:
    mesh = store.mesh
    flow = mesh.publish(small)
    store.s3.kill()
    runs = [mesh.begin(flow, {"n": number})["id"] for number in range(5)]
    for run in runs:
        mesh.await_end(run)
    wait_for(lambda: mesh.orchestrator.logged("archiving_waits"), seconds=30, what="archiving to wait")
    assert mesh.orchestrator.logged("executions_archived") == []
    store.s3.start()
    archives = ReadArchive(S3Archives(Bucket(BucketPlace.parse(store.s3.url()))))

    def archived() -> int:
        return sum(line["count"] for line in mesh.orchestrator.logged("executions_archived"))

    wait_for(lambda: archived() == 5, seconds=60, what="five archives")
    for number, run in enumerate(runs):
        found = asyncio.run(archives.get(PROJECT, run))
        assert found.execution == mesh.execution(run)
        assert found.execution["inputs"] == {"n": number}
        assert found.events == mesh.events(run)
    printed = subprocess.run(
        [Path(sys.executable).parent / "tfcanvas", "mesh", "archive", runs[0]],
        env={**os.environ, "S3_URL": store.s3.url(), "TFCANVAS_HOME": str(mesh.folder / "nowhere")},
        capture_output=True,
        text=True,
        check=True,
    )
    head, *events = map(json.loads, printed.stdout.splitlines())
    assert head["execution"]["id"] == runs[0]
    assert events == mesh.events(runs[0])
