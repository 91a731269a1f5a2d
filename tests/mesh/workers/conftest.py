"""One mesh for all these tests, mended before each: its servers answer, and two workers hold leases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from visited_server import VisitedServer
from worker_mesh import WorkerMesh


@pytest.fixture(scope="session")
def visited_server() -> Iterator[VisitedServer]:
    server = VisitedServer()
    yield server
    server.close()


@pytest.fixture
def visited(visited_server: VisitedServer) -> Iterator[VisitedServer]:
    """Holding back nobody, before and after."""
    yield visited_server
    visited_server.release_all()


@pytest.fixture(scope="session")
def standing_mesh(tmp_path_factory: pytest.TempPathFactory, visited_server: VisitedServer) -> Iterator[WorkerMesh]:
    mesh = WorkerMesh(tmp_path_factory.mktemp("mesh"), VISITED_SERVER=visited_server.url)
    try:
        yield mesh.start()
    finally:
        mesh.stop()


@pytest.fixture
def mesh(standing_mesh: WorkerMesh) -> WorkerMesh:
    """With the workers `w1` and `w2`."""
    standing_mesh.mend()
    standing_mesh.only_workers("w1", "w2")
    return standing_mesh


@pytest.fixture
def mesh_without_workers(standing_mesh: WorkerMesh) -> WorkerMesh:
    standing_mesh.mend()
    standing_mesh.only_workers()
    return standing_mesh
