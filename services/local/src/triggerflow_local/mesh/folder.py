"""The mesh's folder, `$TFCANVAS_HOME/mesh`: who runs in it, and what is left of who did."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from triggerflow_local.home import Home
from triggerflow_local.mesh.process import end
from triggerflow_local.mesh.secret import write_private

_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class MeshNote:
    """`run.json`: where a mesh runs. `addresses` hold passwords, so the file is its owner's alone."""

    pid: int
    # Envoy's, for browsers and for gRPC clients.
    url: str
    grpc: str
    processes: Mapping[str, int]
    addresses: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a process of the mesh is doing, for `tfcanvas mesh status`."""

    state: str
    pid: int | None
    # When that process was made, as the system says it: an id alone may be another one's by now.
    born: float | None
    restarts: int


class MeshFolder:
    """`$TFCANVAS_HOME/mesh`. Its lock and its note work as those of local mode, beside which it may run."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home).mesh
        self.path = self.home.path
        self.logs = self.path / "logs"
        self._note = self.path / "run.json"
        self._standings = self.path / "processes.json"

    def write_note(self, note: MeshNote) -> None:
        """Say where the mesh runs, all at once."""
        write_private(self._note, json.dumps(asdict(note)) + "\n")

    def read_note(self) -> MeshNote | None:
        """Where the mesh runs; None where none does, or what is said cannot be read."""
        try:
            return MeshNote(**json.loads(self._note.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def remove_note(self) -> None:
        """Say that no mesh runs."""
        self._note.unlink(missing_ok=True)

    def write_standings(self, standings: Mapping[str, Standing]) -> None:
        """Say how each process is doing, all at once."""
        write_private(
            self._standings, json.dumps({name: asdict(each) for name, each in standings.items()}) + "\n", durable=False
        )

    def standings(self) -> dict[str, Standing]:
        """What was last said of each process; empty where nothing was, or it cannot be read."""
        try:
            found = json.loads(self._standings.read_text("utf-8"))
            return {name: Standing(**each) for name, each in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def end_left_over(self) -> list[str]:
        """End what a killed supervisor left, where the system did not; their names. Call with the lock held."""
        left = {name: process for name, each in self.standings().items() if (process := process_of(each)) is not None}
        # They have their signal already and may need a moment to put their house in order.
        _, alive = psutil.wait_procs(list(left.values()), timeout=3.0)
        end(alive)
        self._standings.unlink(missing_ok=True)
        return sorted(name for name, process in left.items() if process in alive)

    def clear(self) -> None:
        """Remove everything but the lock. Call with the lock held."""
        for each in self.path.iterdir():
            if each.name == _LOCK:
                continue
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink()


def process_of(standing: Standing) -> psutil.Process | None:
    """The process that a standing names, None where it is gone."""
    if standing.pid is None or standing.born is None:
        return None
    try:
        process = psutil.Process(standing.pid)
        same = abs(process.create_time() - standing.born) < 0.1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return process if same else None
