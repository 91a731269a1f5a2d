"""Make the Go program from proto/ and what stands beside this file: generated, built, nothing of it committed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROTO = HERE.parents[2] / "proto"
_PLUGINS = {
    "go": "google.golang.org/protobuf/cmd/protoc-gen-go",
    "go-grpc": "google.golang.org/grpc/cmd/protoc-gen-go-grpc",
}


def build(folder: Path) -> Path:
    """The program, built in `folder`. Raises subprocess.CalledProcessError with what the tools said."""
    for name in ("main.go", "go.mod", "go.sum"):
        shutil.copy(HERE / name, folder / name)
    sources = sorted(str(path.relative_to(PROTO)) for path in (PROTO / "triggerflow").rglob("*.proto"))
    arguments = []
    for name, package in _PLUGINS.items():
        plugin = folder / f"protoc-gen-{name}"
        _run(["go", "build", "-o", str(plugin), package], folder)
        # Our protos name no Go package: who generates decides where the code lives.
        packages = [
            f"--{name}_opt=M{source}=example.com/flowclient/gen/{source.rpartition('/')[0]}" for source in sources
        ]
        arguments += [f"--plugin=protoc-gen-{name}={plugin}", f"--{name}_out={folder}", *packages]
        arguments.append(f"--{name}_opt=module=example.com/flowclient")
    include = files("grpc_tools").joinpath("_proto")
    _run([sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", f"-I{include}", *arguments, *sources], PROTO)
    program = folder / "flowclient"
    _run(["go", "build", "-o", str(program), "."], folder)
    return program


def _run(command: list[str], where: Path) -> None:
    subprocess.run(command, cwd=where, check=True, capture_output=True, text=True, timeout=600)
