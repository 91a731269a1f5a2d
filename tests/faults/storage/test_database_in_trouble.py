"""A locked database and a full disk: a clear error for who asks now, and nothing lost of what runs."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from drawing import Drawing
from running_product import Product, wait_for

HANDLERS = str(Path(__file__).resolve().parents[2] / "handlers")


def with_handlers(make_product: Callable[..., Product], **more: str) -> Product:
    return make_product(PYTHONPATH=HANDLERS, TFCANVAS_PYTHON_MODULES="sample_handlers", **more)


def slow_chain() -> Drawing:
    """start → waits a tenth → waits a tenth → result."""
    drawing = Drawing("slow")
    drawing.trigger()
    last = "start"
    for name in ("one", "two", "three", "four", "five"):
        drawing.node("action", name, "sample_handlers.sleep_tenth")
        drawing.wire(last, name)
        last = name
    drawing.node("output", "result")
    drawing.wire(last, "result")
    return drawing


def publish(client: Any, drawing: Drawing) -> str:
    flow_id = str(client.post("/flows", json=drawing.body()).raise_for_status().json()["id"])
    client.post(f"/flows/{flow_id}/versions", json={}).raise_for_status()
    return flow_id


def ended(client: Any, execution_id: str) -> Any:
    execution = client.get(f"/executions/{execution_id}").json()
    return execution if execution["endedAt"] is not None else None


def assert_whole(client: Any, execution_id: str) -> None:
    """The run went well, and each event is there once."""
    execution = wait_for(lambda: ended(client, execution_id), what="the end of the run")
    assert execution["status"] == "succeeded", execution["error"]
    page = client.get(f"/executions/{execution_id}/events?limit=5000", headers={"Accept": "application/json"}).json()
    types = [event["type"] for event in page["items"]]
    assert types.count("chunk.started") == types.count("chunk.completed") == 7
    assert (types[0], types[-1]) == ("execution.started", "execution.completed")


@contextmanager
def locked(database: Path) -> Iterator[None]:
    connection = sqlite3.connect(database, isolation_level=None, timeout=10)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def test_while_the_database_is_locked_runs_wait_and_new_ones_are_refused(make_product: Callable[..., Product]) -> None:
    product = with_handlers(make_product).start()
    with product.client() as client:
        flow_id = publish(client, slow_chain())
        body = {"flowId": flow_id, "inputs": {}}
        running = client.post("/executions", json=body).json()["id"]
        with locked(product.home / "orchestrator.sqlite3"):
            refused = client.post("/executions", json=body)
            assert refused.status_code == 503
            problem = refused.json()
            assert problem["reason"] == "UNAVAILABLE"
            assert "locked" in problem["detail"]
            assert client.get(f"/executions/{running}").json()["endedAt"] is None
        assert_whole(client, running)
        again = client.post("/executions", json=body)
        assert again.status_code == 202
        assert_whole(client, again.json()["id"])
        listed = client.get(f"/executions?flowId={flow_id}").json()["items"]
        assert len(listed) == 2, "the refused run left something behind"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_on_a_full_disk_runs_wait_for_room_and_new_ones_are_refused(small_disk: Path) -> None:
    product = Product(small_disk / "home", {"PYTHONPATH": HANDLERS, "TFCANVAS_PYTHON_MODULES": "sample_handlers"})
    product.start()
    try:
        with product.client() as client:
            flow_id = publish(client, slow_chain())
            body = {"flowId": flow_id, "inputs": {}}
            running = client.post("/executions", json=body).json()["id"]
            filler = small_disk / "filler"
            with filler.open("wb") as file:
                written = 0
                try:
                    while True:
                        written += os.write(file.fileno(), b"x" * 4096)
                except OSError:
                    assert written > 0
            large = {**body, "inputs": {"padding": "x" * 1_000_000}}
            refused = client.post("/executions", json=large)
            assert refused.status_code == 503, refused.text
            assert refused.json()["reason"] == "UNAVAILABLE"
            filler.unlink()
            assert_whole(client, running)
            again = client.post("/executions", json=body)
            assert again.status_code == 202
            assert_whole(client, again.json()["id"])
    finally:
        assert product.stop() == 0
