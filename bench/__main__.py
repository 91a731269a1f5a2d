"""Run the benches named on the command line, or all of them, and print their figures."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "support")]

import foreach  # noqa: E402
import fusion  # noqa: E402
import latency  # noqa: E402
import left_behind  # noqa: E402
import rounds  # noqa: E402
import w1  # noqa: E402
import w2_w3  # noqa: E402
import waiting  # noqa: E402
import workers  # noqa: E402
from fanout.main import main as fan_out  # noqa: E402
from setting import Setting  # noqa: E402

BENCHES: dict[str, Callable[[Setting], None]] = {
    "w1": w1.main,
    "w2": w2_w3.w2,
    "w3": w2_w3.w3,
    "foreach": foreach.main,
    "fusion": fusion.main,
    "latency": latency.main,
    "memory": left_behind.memory,
    "recovery": left_behind.recovery,
    "waiting": waiting.main,
    "rounds": rounds.main,
    "fanout": lambda setting: fan_out(setting, setting.pid),
}
# Of the mesh: only by name, since they need its servers (`make setup-servers`).
MESH: dict[str, Callable[[Setting], None]] = {"workers": workers.main}


def main() -> int:
    """Print a line a figure."""
    names = sys.argv[1:] or list(BENCHES)
    benches = BENCHES | MESH
    unknown = [name for name in names if name not in benches]
    if unknown:
        print(f"no bench is called {', '.join(unknown)}; there are {', '.join(benches)}")
        return 2
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    for name in names:
        # A process of its own for each, so that none measures what another left behind.
        with tempfile.TemporaryDirectory() as folder, Setting(Path(folder) / "home") as setting:
            benches[name](setting)
    return 0


if __name__ == "__main__":
    sys.exit(main())
