"""Watch executions with the compiled client: build it once, connect, say when, read its figures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).resolve().parent
# A thousand connections at each end, and what else is open.
FILES = 8_192


def build(folder: Path) -> Path:
    """The client as a program. Exits with a sentence where there is no Go."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise SystemExit("The clients of this bench are compiled: install Go 1.26 or newer and put it on PATH.")
    program = folder / "fanout"
    subprocess.run([go, "build", "-o", str(program), "."], cwd=HERE, check=True)
    return program


def raise_file_limit() -> None:
    """Let this process and its children open enough connections."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), hard))


class Watchers:
    """Clients that are connected from entering the block on. `result` waits until the server has closed them all."""

    def __init__(
        self,
        program: Path,
        addresses: Sequence[str],
        *,
        each: int,
        token_file: Path | None = None,
        batch: bool = False,
        stuck: int = 0,
        seconds: int = 120,
    ) -> None:
        command = [str(program), "-each", str(each), "-stuck", str(stuck), "-timeout", f"{seconds}s"]
        if token_file is not None:
            command += ["-token-file", str(token_file)]
        if batch:
            command.append("-batch")
        self._addresses = addresses
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Watchers:
        assert self._process.stdin is not None
        self._process.stdin.write("\n".join(self._addresses))
        self._process.stdin.close()
        if self._line() != "ready":
            raise RuntimeError("the clients could not connect; see above")
        return self

    def result(self) -> dict[str, Any]:
        """The figures. Raises where an event was missing, twice, or out of order at any client."""
        figures: dict[str, Any] = json.loads(self._line())
        wrong = {name: figures[name] for name in ("disorder", "gaps", "broken", "different") if figures[name]}
        if wrong or set(figures["closes"]) != {"1000"}:
            raise RuntimeError(f"not delivered as promised: {json.dumps(figures)}")
        return figures

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None and error is not None:
            self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
