"""The mesh under test: one of our own in a temporary folder, or one that runs already."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import psutil
from running_mesh import Mesh

HANDLERS = Path(__file__).resolve().parents[1]
# Of `tfcanvas mesh up`; what recovery is held against.
LEASE_SECONDS = float(os.environ.get("TFCANVAS_LEASE_SECONDS", "5"))


@dataclass(frozen=True, slots=True)
class At:
    """One of the addresses of the mesh, as the benches take an instance."""

    url: str
    token: str

    def publish(self, flow: dict[str, Any]) -> tuple[str, str]:
        """Id and version of a new flow. Exits with the remedy where the mesh may not run the bench's handlers."""
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=60) as client:
            made = client.post("/flows", json=flow).raise_for_status().json()
            published = client.post(f"/flows/{made['id']}/versions", json={})
            if any(problem["reason"] == "UNKNOWN_HANDLER" for problem in made["problems"]):
                raise SystemExit(
                    "The mesh does not know the bench's handlers: start it with PYTHONPATH=bench and "
                    "TFCANVAS_PYTHON_MODULES=bench_handlers."
                )
            return str(made["id"]), str(published.raise_for_status().json()["version"])


class MeshSetting:
    """A running mesh. One that was there before is left running."""

    def __init__(self, home: Path, *, given: bool = False, workers: int = 2) -> None:
        environment = {"PYTHONPATH": str(HANDLERS), "TFCANVAS_PYTHON_MODULES": "bench_handlers"}
        if "TFCANVAS_LEASE_SECONDS" in os.environ:
            environment["TFCANVAS_LEASE_SECONDS"] = os.environ["TFCANVAS_LEASE_SECONDS"]
        self._given = given
        self.mesh = Mesh(home, workers=workers, environment=environment)

    def __enter__(self) -> MeshSetting:
        if not self._given:
            self.mesh.start()
        self.edge = At(self.mesh.url, self.mesh.token)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._given:
            self.mesh.stop()

    @property
    def bff(self) -> At:
        """The BFF itself, past Envoy."""
        return At(f"http://{self.mesh.addresses['bff']}", self.mesh.token)

    @property
    def workers(self) -> list[str]:
        """The names of the worker processes."""
        return sorted(name for name in self.mesh.pids() if name.startswith("worker-"))

    def cpu_seconds(self) -> Mapping[str, float]:
        """User and system time of each process so far, by its name, what it started included."""
        return {name: cpu_seconds(pid) for name, pid in self.mesh.pids().items()}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, and of those that it started and that still run."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))
