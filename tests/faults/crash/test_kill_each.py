"""`kill -9` of the one process during each kind of going on and of waiting (`kill_scenarios`). Each ends right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from kill_scenarios import SCENARIOS
from kill_stage import KillStage
from running_product import Product
from visited_server import VisitedServer

HANDLERS = Path(__file__).resolve().parents[2] / "handlers"


class OneProcess(KillStage):
    """Local mode: whoever has a run is the product itself."""

    def __init__(self, product: Product, visited: VisitedServer) -> None:
        self.product = product
        self.visited = visited

    def strike(self, execution_id: str) -> None:
        self.product.kill()

    def strike_all(self) -> None:
        self.product.kill()

    def mend(self) -> None:
        if self.product.process is None or self.product.process.poll() is not None:
            self.product.start()

    def client(self) -> httpx.Client:
        return self.product.client()

    @property
    def grpc(self) -> tuple[str, str]:
        found = str(self.product.run_file()["grpc"])
        return f"unix:{found}" if found.startswith("/") else found, self.product.token


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneProcess]:
    visited = VisitedServer()
    environment = {
        "PYTHONPATH": str(HANDLERS),
        "TFCANVAS_PYTHON_MODULES": "sample_handlers",
        "VISITED_SERVER": visited.url,
    }
    stage = OneProcess(Product(tmp_path_factory.mktemp("killed") / "home", environment), visited)
    try:
        yield stage
    finally:
        visited.close()
        if stage.product.process is not None:
            stage.product.stop()


@pytest.fixture
def stage(one_process: OneProcess) -> OneProcess:
    """Up, whatever the test before left."""
    one_process.visited.release_all()
    one_process.mend()
    return one_process


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_run_that_is_killed_ends_right(stage: OneProcess, name: str) -> None:
    SCENARIOS[name](stage)
