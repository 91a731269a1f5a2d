"""Write proto/gen from proto/triggerflow. `--check` fails where the committed code differs.

buf has no builtin for grpc_python, so this calls the compiler that grpcio-tools carries.
"""

from __future__ import annotations

import filecmp
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parent
GENERATED = ROOT / "gen" / "src"


def generate(into: Path) -> None:
    """Compile every proto of ours into `into`, typed stubs beside it."""
    sources = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "triggerflow").rglob("*.proto"))
    plugin = Path(sysconfig.get_path("scripts")) / "protoc-gen-mypy_grpc"
    builtin = files("grpc_tools").joinpath("_proto")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"-I{ROOT}",
            f"-I{builtin}",
            f"--plugin=protoc-gen-mypy_grpc={plugin}",
            f"--python_out={into}",
            f"--pyi_out={into}",
            f"--grpc_python_out={into}",
            f"--mypy_grpc_out={into}",
            *sources,
        ],
        check=True,
        cwd=ROOT,
    )
    for folder in [into / "triggerflow", *sorted(p for p in (into / "triggerflow").rglob("*") if p.is_dir())]:
        (folder / "__init__.py").touch()
    (into / "triggerflow" / "py.typed").touch()


def differing(left: Path, right: Path) -> list[str]:
    """Paths that are in one tree only, or differ."""
    names = {
        str(p.relative_to(base))
        for base in (left, right)
        for p in base.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    same = {
        name
        for name in names
        if (left / name).is_file() and (right / name).is_file() and filecmp.cmp(left / name, right / name, False)
    }
    return sorted(names - same)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(fresh)
        if "--check" in sys.argv:
            stale = differing(fresh, GENERATED)
            for name in stale:
                print(f"proto/gen is stale: {name}. Run `make proto`.")
            return 1 if stale else 0
        shutil.rmtree(GENERATED / "triggerflow", ignore_errors=True)
        shutil.copytree(fresh / "triggerflow", GENERATED / "triggerflow")
    return 0


if __name__ == "__main__":
    sys.exit(main())
