"""Run the benches of the mesh that are named, or all of them, and print their figures.

Each starts a mesh of its own in a temporary folder, unless `--home` names the folder of one that runs.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1] / "tests" / "support")]

import recovery  # noqa: E402
import work  # noqa: E402
from fanout.main import main as fan_out  # noqa: E402
from fanout.watchers import raise_file_limit  # noqa: E402
from instance import MeshSetting  # noqa: E402


def through_edge(setting: MeshSetting) -> None:
    """Clients at Envoy's address."""
    fan_out(setting.edge, setting.mesh.pids()["bff"], name="fanout through Envoy")


def at_bff(setting: MeshSetting) -> None:
    """Clients at the BFF's own address: one process of ours between the stream and them."""
    fan_out(setting.bff, setting.mesh.pids()["bff"], name="fanout at the BFF")


BENCHES: dict[str, Callable[[MeshSetting], None]] = {
    "w1": work.w1,
    "fanout": at_bff,
    "fanout-edge": through_edge,
    "recovery": recovery.main,
}
SCALING = "scaling"


def main() -> int:
    """Print a line a figure."""
    parser = argparse.ArgumentParser(prog="make bench-mesh")
    parser.add_argument(
        "names", nargs="*", help=f"of {', '.join([*BENCHES, SCALING])}; all of them where none is named"
    )
    parser.add_argument("--home", type=Path, help="the TFCANVAS_HOME of a mesh that runs and knows bench_handlers")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in (*BENCHES, SCALING)]
    if unknown:
        parser.error(f"no bench is called {', '.join(unknown)}; there are {', '.join([*BENCHES, SCALING])}")
    names = asked.names or [*BENCHES, SCALING]
    raise_file_limit()
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}", flush=True)
    for name in names:
        if name == SCALING:
            # Needs meshes of different sizes, so always its own.
            work.scaling()
            continue
        with tempfile.TemporaryDirectory() as folder:
            home = asked.home or Path(folder) / "home"
            with MeshSetting(home, given=asked.home is not None) as setting:
                BENCHES[name](setting)
    return 0


if __name__ == "__main__":
    sys.exit(main())
