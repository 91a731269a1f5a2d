"""One mesh with two orchestrators for all these tests; before each, both can start runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from replica_mesh import ReplicaMesh
from visited_server import VisitedServer


@pytest.fixture(scope="session")
def visited() -> Iterator[VisitedServer]:
    server = VisitedServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def standing_mesh(tmp_path_factory: pytest.TempPathFactory, visited: VisitedServer) -> Iterator[ReplicaMesh]:
    mesh = ReplicaMesh(tmp_path_factory.mktemp("replicas"), VISITED_SERVER=visited.url)
    try:
        yield mesh.start()
    finally:
        mesh.stop()


@pytest.fixture
def mesh(standing_mesh: ReplicaMesh) -> ReplicaMesh:
    standing_mesh.await_replicas()
    return standing_mesh
