"""Workers or streams are gone altogether, or the edge is: what the runbook says people see then."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import httpx
from running_mesh import Mesh
from running_product import wait_for
from triggerflow_chassis.ids import first_uuid7


@contextmanager
def stopped(mesh: Mesh, *names: str) -> Iterator[None]:
    """Held by SIGSTOP, since the supervisor would start again what ends."""
    for name in names:
        mesh.signal(name, signal.SIGSTOP)
    try:
        yield
    finally:
        for name in names:
            mesh.signal(name, signal.SIGCONT)


def test_without_workers_starts_are_queued_readyz_says_so_and_they_run_when_one_is_back(
    mesh: Mesh, client: httpx.Client, flow: dict[str, Any]
) -> None:
    with stopped(mesh, "worker-1", "worker-2"):
        wait_for(lambda: client.get("/readyz").status_code == 503, seconds=30, what="the leases to lapse")
        assert client.get("/readyz").json()["missing"] == ["orchestrator"]
        run = client.post("/executions", json={"flowId": flow["id"], "inputs": {}})
        assert run.status_code == 202
        path = f"/executions/{run.json()['id']}"
        assert client.get(path).json()["status"] == "queued"
    wait_for(lambda: client.get(path).json()["status"] == "succeeded", seconds=60, what="the queued run")
    wait_for(lambda: client.get("/readyz").status_code == 200, seconds=30, what="/readyz")


def test_without_streams_events_are_read_page_by_page_and_runs_go_on(
    mesh: Mesh, client: httpx.Client, flow: dict[str, Any]
) -> None:
    with stopped(mesh, "stream-1", "stream-2"):
        run = client.post("/executions", json={"flowId": flow["id"], "inputs": {}}).raise_for_status().json()
        path = f"/executions/{run['id']}"
        wait_for(lambda: client.get(path).json()["status"] == "succeeded", seconds=30, what="its end")
        page = client.get(f"{path}/events", headers={"Accept": "application/json"}).json()["items"]
        assert [page[0]["type"], page[-1]["type"]] == ["execution.started", "execution.completed"]
        wait_for(lambda: client.get("/events").status_code == 503, seconds=30, what="the edge to leave both out")
    wait_for(lambda: client.get("/readyz").status_code == 200, seconds=30, what="/readyz")
    with client.stream("GET", f"{path}/events", headers={"Accept": "text/event-stream"}) as live:
        told = [json.loads(line[6:]) for line in live.iter_lines() if line.startswith("data: ")]
    assert told == page


def test_an_edge_that_is_killed_is_back_and_a_reader_goes_on_by_its_cursor(
    mesh: Mesh, client: httpx.Client, flow: dict[str, Any]
) -> None:
    run = client.post("/executions", json={"flowId": flow["id"], "inputs": {}}).raise_for_status().json()
    path = f"/executions/{run['id']}"
    wait_for(lambda: client.get(path).json()["status"] == "succeeded", seconds=30, what="its end")
    page = client.get(f"{path}/events", headers={"Accept": "application/json"}).json()["items"]
    mesh.wait_back("envoy", mesh.kill("envoy"))
    headers = {"Accept": "text/event-stream", "Last-Event-ID": page[1]["id"]}
    with client.stream("GET", f"{path}/events", headers=headers) as live:
        told = [json.loads(line[6:]) for line in live.iter_lines() if line.startswith("data: ")]
    assert told == page[2:]


def test_what_ended_is_archived_on_postgresql_and_the_command_prints_it(
    mesh: Mesh, client: httpx.Client, flow: dict[str, Any]
) -> None:
    run = client.post("/executions", json={"flowId": flow["id"], "inputs": {}}).raise_for_status().json()

    def archived() -> str:
        said = mesh.command("mesh", "archive", run["id"])
        return said.stdout if said.returncode == 0 else ""

    text = wait_for(archived, seconds=60, what="its archive")
    path = f"/executions/{run['id']}"
    page = client.get(f"{path}/events", headers={"Accept": "application/json"}).json()["items"]
    lines = [json.loads(line) for line in str(text).splitlines()]
    assert [line.get("id") for line in lines[1:]] == [event["id"] for event in page]


def test_what_was_archived_and_is_old_is_forgotten_and_its_archive_stays(
    mesh: Mesh, client: httpx.Client, flow: dict[str, Any]
) -> None:
    kept = client.post("/executions", json={"flowId": flow["id"], "inputs": {}}).raise_for_status().json()["id"]
    wait_for(lambda: client.get(f"/executions/{kept}").json()["status"] == "succeeded", what="its end")
    three_days_us = 3 * 24 * 60 * 60 * 1_000_000
    old = first_uuid7(time.time_ns() // 1_000 - three_days_us)

    async def copy_to_the_past() -> None:
        connection = await asyncpg.connect(mesh.addresses["database"])
        try:
            for table, changed in (
                ("events", "jsonb_build_object('execution_id', $2::text)"),
                ("executions", "jsonb_build_object('id', $2::text, 'archived_at', NULL, 'ended_at', e.ended_at - $3)"),
            ):
                column = "id" if table == "executions" else "execution_id"
                await connection.execute(
                    f"INSERT INTO orchestrator.{table} SELECT (jsonb_populate_record(e, {changed})).*"
                    f" FROM orchestrator.{table} e WHERE e.{column} = $1"
                    + ("" if table == "executions" else " AND $3::bigint > 0"),
                    kept,
                    old,
                    three_days_us,
                )
        finally:
            await connection.close()

    asyncio.run(copy_to_the_past())
    wait_for(lambda: mesh.command("mesh", "archive", old).returncode == 0, seconds=60, what="its archive")
    assert client.get(f"/executions/{old}").status_code == 200
    # Retention looks when it starts, then every ten minutes.
    mesh.wait_back("orchestrator", mesh.kill("orchestrator"))
    wait_for(lambda: client.get(f"/executions/{old}").status_code == 404, seconds=30, what="it to be forgotten")
    assert client.get(f"/executions/{kept}").status_code == 200
    assert mesh.command("mesh", "archive", old).returncode == 0
