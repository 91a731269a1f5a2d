"""A real S3 server, SeaweedFS, that a test may kill, pause and start again at the same address."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

WEED = Path(sys.executable).parent / "weed"
MISSING = "the server wheels are not installed: run `make setup-servers`"
KEY = "canvas"
SECRET = "not/a+secret"  # what a URL must encode
_READY_SECONDS = 30.0
_PORTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")


class S3Server:
    """SeaweedFS in one process, its data under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "data").mkdir(parents=True)
        identity = {
            "name": "canvas",
            "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        self._ports = _free_ports(len(_PORTS) + 2)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """`host:port` of its S3 API."""
        return f"127.0.0.1:{self._ports[-2]}"

    def url(self, bucket: str = "values", secret: str = "not%2Fa%2Bsecret") -> str:
        """What S3_URL is."""
        return f"http://{KEY}:{secret}@{self.host}/{bucket}"

    def start(self) -> S3Server:
        """Returns once it answers."""
        named = zip((*_PORTS, "s3.port", "s3.port.grpc"), self._ports, strict=True)
        with (self._folder / "weed.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(WEED, "server", f"-dir={self._folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
                    *("-filer", "-s3", f"-s3.config={self._folder / 's3.json'}", "-s3.iam=false"),
                    *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
                    "-master.electionTimeout=1s",  # of a single master; by default a start after a crash takes 18 s
                    *("-volume.max=300", "-master.volumeSizeLimitMB=64"),
                    *(f"-{name}={port}" for name, port in named),
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "weed.log").read_text()[-2_000:]
            assert time.monotonic() < deadline, "SeaweedFS does not answer"
            time.sleep(0.05)
        return self

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
        host, port = self.host.split(":")
        try:
            with socket.create_connection((host, int(port)), timeout=1) as connection:
                connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode())
                return b" 200 " in connection.recv(64)
        except OSError:
            return False


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
