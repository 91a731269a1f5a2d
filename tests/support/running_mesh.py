"""Start the whole mesh as a user does, in a folder of its own on free ports, and stop it by process id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from running_product import wait_for
from triggerflow_local.mesh.process import launched

# A first start may fetch Kafka, and the machine may be busy.
START_SECONDS = 240.0
_TFCANVAS = str(Path(sys.executable).parent / "tfcanvas")


@dataclass
class Mesh:
    """One supervisor and all it keeps running."""

    home: Path
    workers: int = 2
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    link: str = ""
    # Every process this mesh ever told of.
    seen: dict[int, psutil.Process] = field(default_factory=dict)

    def start(self) -> Mesh:
        """Start and wait for the link: then runs can start."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "stderr.log").open("a") as log:
            self.process = subprocess.Popen(
                self.command_line(),
                env=self.environ(),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        # Its own end, by error or by a deadline of its own, ends this loop.
        for line in self.process.stdout:
            if line.startswith("http://") and "/canvas/?code=" in line:
                self.link = line.strip()
                break
        assert self.link, f"no link was printed; see {self.home}/stderr.log: {self.log_tail()}"
        self.pids()
        return self

    def command_line(self) -> list[str]:
        """What a user types, stopped where the test run is killed: nobody else would stop it."""
        command = (_TFCANVAS, "mesh", "up", "--workers", str(self.workers))
        return launched(command, end_signal=signal.SIGTERM)

    def environ(self) -> dict[str, str]:
        """What it is started with. Servers of the developer's own are not for tests."""
        ours = ("TFCANVAS_", "DATABASE_URL", "REDIS_URL", "KAFKA_BOOTSTRAP", "S3_URL")
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith(ours)},
            "TFCANVAS_HOME": str(self.home),
            "TFCANVAS_PORT": "0",
            "TFCANVAS_GRPC_PORT": "0",
            **self.environment,
        }

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `tfcanvas` on the same folder."""
        return subprocess.run(
            [_TFCANVAS, *arguments],
            env={**self.environ(), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def log_tail(self, name: str = "") -> str:
        """The end of the log of a process, or of what the supervisor wrote."""
        path = self.home / "mesh" / "logs" / f"{name}.log" if name else self.home / "stderr.log"
        return path.read_text(errors="replace")[-4000:]

    def run_file(self) -> dict[str, Any]:
        """run.json of the mesh."""
        content: dict[str, Any] = json.loads((self.home / "mesh" / "run.json").read_text())
        return content

    @property
    def url(self) -> str:
        """Envoy's address for browsers and REST, without a slash at its end."""
        return str(self.run_file()["url"]).rstrip("/")

    @property
    def grpc(self) -> str:
        """Envoy's address for gRPC, host:port."""
        return str(self.run_file()["grpc"])

    @property
    def addresses(self) -> dict[str, str]:
        """Where what stands behind Envoy is: database, redis, kafka, s3, admin, registry and so on."""
        return dict(self.run_file()["addresses"])

    @property
    def token(self) -> str:
        """The bearer token."""
        return (self.home / "token").read_text().strip()

    def client(self, **options: Any) -> httpx.Client:
        """An HTTP client that is signed in."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60.0, trust_env=False, **options)

    def pids(self) -> dict[str, int]:
        """The process ids by name."""
        found: dict[str, int] = self.run_file()["processes"]
        for pid in found.values():
            if pid not in self.seen and psutil.pid_exists(pid):
                self.seen[pid] = psutil.Process(pid)
        return found

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send a process a signal; its id."""
        pid = self.pids()[name]
        os.kill(pid, number)
        return pid

    def kill(self, name: str) -> int:
        """kill -9; the id it had. The supervisor starts another: see `wait_back`."""
        return self.signal(name, signal.SIGKILL)

    def wait_back(self, name: str, killed: int, *, seconds: float = 60.0) -> int:
        """Wait until a process that had the id `killed` runs again and is ready; its new id."""

        def back() -> int | None:
            standing = json.loads((self.home / "mesh" / "processes.json").read_text())[name]
            return standing["pid"] if standing["state"] == "ready" and standing["pid"] != killed else None

        return int(wait_for(back, seconds=seconds, what=f"{name} after {killed}"))

    def kill_supervisor(self) -> None:
        """kill -9 of the supervisor itself."""
        assert self.process is not None
        self.pids()
        self.process.kill()
        self._close()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        return self._close()

    def left(self) -> list[psutil.Process]:
        """Those of its processes that still run."""
        return [each for each in self.seen.values() if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]

    def _close(self) -> int:
        assert self.process is not None
        code = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code
