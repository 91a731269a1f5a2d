"""PostgreSQL takes connections and answers nothing: people are told so soon, and all goes on when it does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psutil
from running_mesh import Mesh
from running_product import wait_for

# What is said within about five seconds, and what this machine may be late by.
SOON = 8.0


@contextmanager
def hanging(mesh: Mesh) -> Iterator[None]:
    """All processes of the server, stopped by SIGSTOP."""
    server = psutil.Process(mesh.pids()["postgres"])
    processes = [server, *server.children(recursive=True)]
    for each in processes:
        each.suspend()
    try:
        yield
    finally:
        for each in reversed(processes):
            if each.is_running():
                each.resume()


def test_reads_and_starts_are_refused_with_the_reason_within_seconds(
    mesh: Mesh, client: httpx.Client, flow: dict[str, Any]
) -> None:
    body = {"flowId": flow["id"], "inputs": {}}
    before = client.post("/executions", json=body).raise_for_status().json()
    key = {"Idempotency-Key": "asked while it hangs"}
    with hanging(mesh):
        for method, path, more in (
            ("POST", "/executions", {"json": body, "headers": key}),
            ("GET", f"/executions/{before['id']}", {}),
            ("GET", "/flows", {}),
            ("POST", "/flows", {"json": {"name": "never"}}),
            ("GET", "/executions", {}),
        ):
            began = time.monotonic()
            answer = client.request(method, path, **more)
            assert time.monotonic() - began < SOON, path
            assert (answer.status_code, answer.json()["reason"]) == (503, "UNAVAILABLE"), answer.text
            assert "PostgreSQL at 127.0.0.1" in answer.json()["detail"]
    wait_for(lambda: client.get("/executions").status_code == 200, seconds=30, what="the database to be found again")
    # The same request again: whatever became of the first one, there is one run.
    again = client.post("/executions", json=body, headers=key).raise_for_status().json()
    assert client.post("/executions", json=body, headers=key).json()["id"] == again["id"]
    for run in (before, again):
        path = f"/executions/{run['id']}"
        wait_for(lambda path=path: client.get(path).json()["status"] == "succeeded", seconds=60, what="its end")
    assert "never" not in {each["name"] for each in client.get("/flows").json()["items"]}
