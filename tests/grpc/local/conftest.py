"""Servers as a user starts them: the command, a folder of their own, a free port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

TFCANVAS = Path(sys.executable).parent / "tfcanvas"


class Up:
    """One `tfcanvas up`."""

    def __init__(self, home: Path, port: int = 0) -> None:
        self.home = home
        self.began = time.monotonic()
        with (home.parent / f"{home.name}.err").open("ab") as errors:
            self.process = subprocess.Popen(
                [TFCANVAS, "up"], stdout=subprocess.PIPE, stderr=errors, text=True, env=environ(home, port)
            )

    def link(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def note(self) -> dict[str, Any]:
        note: dict[str, Any] = json.loads((self.home / "run.json").read_text())
        return note

    def client(self) -> httpx.Client:
        token = (self.home / "token").read_text().strip()
        return httpx.Client(
            base_url=self.note()["url"], headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
        )

    def ready(self) -> None:
        deadline = time.monotonic() + 30
        with self.client() as client:
            while client.get("/readyz").status_code != 200:
                assert time.monotonic() < deadline, "not ready within 30 s"

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code, and the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(15), time.monotonic() - began


def environ(home: Path, port: int = 0) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TFCANVAS_")}
    return {**kept, "TFCANVAS_HOME": str(home), "TFCANVAS_PORT": str(port), "NO_COLOR": "1"}


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Starts servers; those that still run are killed by their handle."""
    started: list[Up] = []

    def start(home: str = "home", port: int = 0) -> Up:
        started.append(Up(tmp_path / home, port))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.wait()
        assert each.process.stdout is not None
        each.process.stdout.close()


@pytest.fixture
def tfcanvas(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command on a folder, `home` unless told."""

    def run(*arguments: str, home: str = "home", port: int = 0, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [TFCANVAS, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environ(tmp_path / home, port),
        )

    return run
