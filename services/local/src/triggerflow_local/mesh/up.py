"""`tfcanvas mesh up`: be the supervisor of a folder, or say where its mesh runs already."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from typing import NoReturn

import typer
from triggerflow_chassis import logging
from triggerflow_chassis.lifecycle import stop_signals
from triggerflow_chassis.settings import SettingsError

from triggerflow_local.api import Api, ApiError, NothingRuns
from triggerflow_local.home import AlreadyRunning, CannotStart, Home
from triggerflow_local.mesh.external import check
from triggerflow_local.mesh.folder import MeshFolder
from triggerflow_local.mesh.logs import Console
from triggerflow_local.mesh.plan import Plan, plan
from triggerflow_local.mesh.settings import MeshSettings, read_mesh_settings
from triggerflow_local.mesh.supervisor import Supervisor
from triggerflow_local.sockets import open_port

# A first start fetches Kafka and makes every database.
_WAIT_SECONDS = 300.0


def run() -> NoReturn:
    """`main`, then leave at once: what a thread still waits for has nothing to finish."""
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> int:
    """The exit code: 0 after a clean stop or a link to the mesh there is, 1 where none can start."""
    # What flows read and write is their owner's alone.
    os.umask(0o077)
    try:
        settings = read_mesh_settings()
        home, folder = Home(settings.home), MeshFolder(settings.home)
        home.prepare()
        folder.home.prepare()
        while True:
            try:
                with folder.home.locked():
                    return _supervise(settings, home, folder)
            except AlreadyRunning:
                link = _link_of_other(home, folder)
            if link is not None:
                typer.echo(link)
                return 0
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(f"tfcanvas: {problem}", err=True)
    except CannotStart as error:
        typer.echo(f"tfcanvas: {error}", err=True)
    except KeyboardInterrupt:
        # Before anything was started.
        return 0
    return 1


def _supervise(settings: MeshSettings, home: Home, folder: MeshFolder) -> int:
    for name in folder.end_left_over():
        typer.echo(f"tfcanvas: ended {name}, left by a mesh that was killed", err=True)
    # Taken ports are told before anything slow.
    for port, setting in ((settings.port, "TFCANVAS_PORT"), (settings.grpc_port, "TFCANVAS_GRPC_PORT")):
        open_port(port, setting).close()
    folder.logs.mkdir(mode=0o700, exist_ok=True)
    console = Console()
    # Its own words go to the console; what is left to say otherwise, to stderr, where it disturbs no program.
    logging.configure("error")
    try:
        token = home.token()
        made = plan(settings, folder.path, token, say=lambda line: console.say("mesh", line))
        check(settings.external)
        asyncio.run(_run_until_stopped(made, home, folder, console, token))
    finally:
        folder.remove_note()
        console.close()
    return 0


async def _run_until_stopped(made: Plan, home: Home, folder: MeshFolder, console: Console, token: str) -> None:
    supervisor = Supervisor(made, folder, console)
    with stop_signals() as stopped:
        # A terminal that is closed.
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, stopped.set)
        stop = asyncio.create_task(stopped.wait(), name="stop")
        start = asyncio.create_task(supervisor.start(), name="start")
        turning = asyncio.create_task(supervisor.turn_access_log(), name="access log")
        try:
            await asyncio.wait([stop, start], return_when=asyncio.FIRST_COMPLETED)
            if not stop.done():
                start.result()
                link = await asyncio.to_thread(Api(home, made.url, token, "mesh").link)
                typer.echo(f"HTTP {made.url}")
                typer.echo(f"gRPC {made.grpc}")
                typer.echo(link)
                await stop
        finally:
            start.cancel()
            turning.cancel()
            await asyncio.wait([start, turning])
            await supervisor.stop()


def _link_of_other(home: Home, folder: MeshFolder) -> str | None:
    """A fresh link to the mesh that holds the folder, once it is up; None where it went away meanwhile."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        with suppress(NothingRuns, ApiError):
            return Api.of(home, "mesh").link()
        try:
            with folder.home.locked():
                return None
        except AlreadyRunning:
            time.sleep(0.05)
    raise CannotStart(f"TFCANVAS_HOME: another mesh holds {folder.path} but does not answer. Stop it first.")
