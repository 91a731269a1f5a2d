"""`kill -9` in the mesh during each kind of going on and of waiting (`kill_scenarios`). Each ends right, with the
supervisor as it is: it starts again what was killed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest
from kill_scenarios import SCENARIOS
from kill_stage import SECONDS, KillStage
from running_mesh import Mesh
from running_product import wait_for
from visited_server import VisitedServer

HANDLERS = Path(__file__).resolve().parents[2] / "handlers"
WORKERS = ("worker-1", "worker-2")
# All that runs flows, answers, or fires what is due.
ALL = (*WORKERS, "orchestrator")
_OWNER = """\
SELECT w.name FROM orchestrator.executions AS e JOIN orchestrator.workers AS w ON w.id = e.owner WHERE e.id = $1"""


class TheMesh(KillStage):
    """Whoever has a run is the worker that the database names."""

    def __init__(self, mesh: Mesh, visited: VisitedServer) -> None:
        self.mesh = mesh
        self.visited = visited
        self._killed: dict[str, int] = {}

    def strike(self, execution_id: str) -> None:
        name = wait_for(lambda: self.owner(execution_id), seconds=SECONDS, what="the worker that has the run")
        self._killed[name] = self.mesh.kill(name)
        self._await_ends()

    def strike_all(self) -> None:
        # The supervisor stands still, or it would start them again before `mend`.
        self._supervisor(signal.SIGSTOP)
        for name in ALL:
            self._killed[name] = self.mesh.kill(name)
        self._await_ends()

    def mend(self) -> None:
        self._supervisor(signal.SIGCONT)
        for name, pid in self._killed.items():
            self.mesh.wait_back(name, pid, seconds=SECONDS)
        self._killed.clear()
        wait_for(self._ready, seconds=SECONDS, what="/readyz")

    def client(self) -> httpx.Client:
        return self.mesh.client()

    @property
    def grpc(self) -> tuple[str, str]:
        return self.mesh.grpc, self.mesh.token

    def owner(self, execution_id: str) -> str | None:
        """The name of the worker that has the run, as the database says."""
        return asyncio.run(self._owner(execution_id))

    async def _owner(self, execution_id: str) -> str | None:
        connection = await asyncpg.connect(self.mesh.addresses["database"])
        try:
            found: str | None = await connection.fetchval(_OWNER, execution_id)
        finally:
            await connection.close()
        return found

    def _await_ends(self) -> None:
        for pid in self._killed.values():
            wait_for(lambda at=pid: _has_ended(at), seconds=SECONDS, what=f"the end of {pid}")

    def _supervisor(self, number: signal.Signals) -> None:
        assert self.mesh.process is not None
        os.kill(self.mesh.process.pid, number)

    def _ready(self) -> bool:
        try:
            with self.client() as client:
                return client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False


def _has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture(scope="module")
def the_mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TheMesh]:
    visited = VisitedServer()
    environment = {
        "PYTHONPATH": str(HANDLERS),
        "TFCANVAS_PYTHON_MODULES": "sample_handlers",
        "TFCANVAS_LEASE_SECONDS": "2",
        "VISITED_SERVER": visited.url,
    }
    mesh = Mesh(tmp_path_factory.mktemp("killed") / "home", len(WORKERS), environment)
    stage = TheMesh(mesh, visited)
    try:
        mesh.start()
        yield stage
    finally:
        visited.close()
        if mesh.process is not None and mesh.process.poll() is None:
            mesh.process.send_signal(signal.SIGCONT)
            mesh.stop()


@pytest.fixture
def stage(the_mesh: TheMesh) -> TheMesh:
    """Up, whatever the test before left."""
    the_mesh.visited.release_all()
    the_mesh.mend()
    return the_mesh


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_run_that_is_killed_ends_right(stage: TheMesh, name: str) -> None:
    SCENARIOS[name](stage)
