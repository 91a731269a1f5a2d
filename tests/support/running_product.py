"""Start the product as a user does, in a folder of its own, and stop it by its process id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 60.0


def wait_for(probe: Callable[[], Any], *, seconds: float = 30.0, what: str = "the condition") -> Any:
    """Ask until the answer is true; fail after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {seconds} s; the last answer was {answer!r}")
        time.sleep(0.01)


@dataclass
class Product:
    """One process of the product."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    link: str = ""

    def start(self) -> Product:
        """Start and wait until runs can start."""
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("TFCANVAS_")},
            "TFCANVAS_HOME": str(self.home),
            "TFCANVAS_PORT": "0",
            **self.environment,
        }
        self.home.mkdir(parents=True, exist_ok=True)
        log = (self.home / "stderr.log").open("a")
        self.process = subprocess.Popen(
            [str(Path(sys.executable).parent / "tfcanvas"), "up"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        log.close()
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("http://") and "/canvas/?code=" in line:
                self.link = line.strip()
                break
        assert self.link, f"no link was printed; see {self.home}/stderr.log: {self.log_tail()}"
        wait_for(self.ready, seconds=START_SECONDS, what="/readyz")
        return self

    def log_tail(self) -> str:
        """The end of the process log."""
        return (self.home / "stderr.log").read_text()[-2000:]

    def run_file(self) -> dict[str, Any]:
        """run.json."""
        content: dict[str, Any] = json.loads((self.home / "run.json").read_text())
        return content

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return str(self.run_file()["url"]).rstrip("/")

    @property
    def token(self) -> str:
        """The bearer token."""
        return (self.home / "token").read_text().strip()

    def client(self, **options: Any) -> httpx.Client:
        """An HTTP client that is signed in."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60.0, **options)

    def ready(self) -> bool:
        """Whether /readyz says so. Fails where the process is gone."""
        assert self.process is not None
        assert self.process.poll() is None, f"the product ended: {self.log_tail()}"
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5.0).status_code == 200
        except (httpx.TransportError, FileNotFoundError):
            return False

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._close()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._close()
        return code

    def _close(self) -> None:
        assert self.process is not None
        if self.process.stdout is not None:
            self.process.stdout.close()
