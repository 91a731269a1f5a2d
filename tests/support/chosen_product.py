"""The product that black-box suites ask: one process, or with TEST_PRODUCT=mesh the whole mesh behind Envoy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from running_mesh import Mesh
from running_product import START_SECONDS, Product, wait_for


class MeshProduct(Product):
    """A mesh that looks like one process to a test."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        super().__init__(home, environment)
        self._mesh = Mesh(home, environment=environment)

    def start(self) -> Product:
        """Start and wait until runs can start."""
        self._mesh.start()
        self.process, self.link = self._mesh.process, self._mesh.link
        wait_for(self.ready, seconds=START_SECONDS, what="/readyz")
        return self

    def run_file(self) -> dict[str, Any]:
        """run.json of the mesh."""
        return self._mesh.run_file()

    def kill(self) -> None:
        """kill -9 of the supervisor, with which everything ends."""
        self._mesh.kill_supervisor()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        return self._mesh.stop()


def chosen_product(home: Path, environment: dict[str, str] | None = None) -> Product:
    """Not started yet."""
    if os.environ.get("TEST_PRODUCT") == "mesh":
        return MeshProduct(home, environment or {})
    return Product(home, environment or {})
