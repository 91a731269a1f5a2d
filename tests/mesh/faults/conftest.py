"""One mesh for all of these tests; each leaves it as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from drawing import Drawing
from running_mesh import Mesh


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    one = Mesh(
        tmp_path_factory.mktemp("faults") / "home",
        environment={"TFCANVAS_ARCHIVE_AFTER_SECONDS": "1", "TFCANVAS_KEEP_DAYS": "1"},
    )
    try:
        yield one.start()
    finally:
        one.stop()


@pytest.fixture
def client(mesh: Mesh) -> Iterator[httpx.Client]:
    with mesh.client() as client:
        yield client


@pytest.fixture
def flow(client: httpx.Client) -> dict[str, Any]:
    """start → result, published."""
    drawing = Drawing("plain")
    drawing.trigger()
    drawing.node("output", "result")
    drawing.wire("start", "result")
    made: dict[str, Any] = client.post("/flows", json=drawing.body()).raise_for_status().json()
    client.post(f"/flows/{made['id']}/versions", json={}).raise_for_status()
    return made
