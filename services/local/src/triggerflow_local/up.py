"""`tfcanvas up`: be the server of a folder, or say where it is served already."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import typer
from triggerflow_chassis.settings import SettingsError

from triggerflow_local.home import AlreadyRunning, CannotStart, Home, RunNote, alive
from triggerflow_local.settings import LocalSettings, read_settings
from triggerflow_local.sockets import open_port, socket_folder

# The contract gives five seconds from the signal to the end.
_STOP_SECONDS = 4.0
_WAIT_SECONDS = 60.0


def run() -> NoReturn:
    """`main`, then leave at once: by then all is closed, and a thread that still runs (a handler's, an import's) has
    nothing to finish."""
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> int:
    """The exit code: 0 after a clean stop or a link to the server there is, 1 where none can start."""
    # What flows read and write is their owner's alone, in a folder that others may read too.
    os.umask(0o077)
    try:
        settings = read_settings()
        home = Home(settings.home)
        home.prepare()
        while True:
            try:
                with home.locked():
                    return _serve(settings, home)
            except AlreadyRunning:
                link = _link_of_other(home)
            if link is not None:
                _say(link)
                return 0
    except SettingsError as error:
        for problem in error.problems:
            typer.echo(f"tfcanvas: {problem}", err=True)
    except CannotStart as error:
        typer.echo(f"tfcanvas: {error}", err=True)
    return 1


def _serve(settings: LocalSettings, home: Home) -> int:
    # Bound before anything slow: a taken port is told at once, and early callers wait instead of being refused.
    listening = open_port(settings.port)
    with listening, socket_folder() as grpc_socket:
        import gc

        import uvloop
        from triggerflow_chassis import logging
        from triggerflow_chassis.errors import ServiceError

        # Enabled again when everything is loaded: until then collecting is wasted.
        gc.disable()
        logging.configure(settings.log_level)
        # Not uvloop.run, which ends by waiting for threads: the import of agently, for one, takes seconds.
        loop = uvloop.new_event_loop()
        try:
            loop.run_until_complete(_serve_until_stopped(settings, home, listening, grpc_socket))
        except (OSError, ServiceError) as error:
            raise CannotStart(f"TFCANVAS_HOME: cannot serve from {settings.home}: {error}") from error
        finally:
            home.remove_note()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
    return 0


async def _serve_until_stopped(
    settings: LocalSettings, home: Home, listening: socket.socket, grpc_socket: Path
) -> None:
    from triggerflow_chassis.lifecycle import stop_signals

    from triggerflow_local.front import open_front

    token = home.token()
    with stop_signals() as stopped:
        async with open_front(home=settings.home, token=token, listening=listening, grpc_socket=grpc_socket) as front:
            home.write_note(RunNote(os.getpid(), front.url, front.grpc))
            _say(front.link())
            stop = asyncio.create_task(stopped.wait(), name="stop")
            stop.add_done_callback(lambda _: _end_in_time(home))
            # Imported in a thread, so that the link answers meanwhile.
            loading = asyncio.create_task(asyncio.to_thread(import_module, "triggerflow_local.services"))
            await asyncio.wait([stop, loading], return_when=asyncio.FIRST_COMPLETED)
            if not stop.done():
                services = loading.result()
                async with services.open_services(settings, token=token, front=front):
                    await stop
                    # Before the services go, those who ask them must have.
                    await front.stop()


def _say(link: str) -> None:
    typer.echo(link)


def _end_in_time(home: Home) -> None:
    home.remove_note()
    # What has to outlive us is in the journal at any moment. Nothing that will not end may hold up the end.
    timer = threading.Timer(_STOP_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _link_of_other(home: Home) -> str | None:
    """A fresh link to the server that holds the folder, once it is up; None where it went away meanwhile."""
    from triggerflow_local.api import Api, ApiError, NothingRuns

    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        note = home.note()
        if note is not None and alive(note):
            try:
                return Api.of(home, "local").link()
            except (NothingRuns, ApiError):
                pass
        try:
            with home.locked():
                return None
        except AlreadyRunning:
            time.sleep(0.05)
    raise CannotStart(f"TFCANVAS_HOME: another server holds {home.path} but does not answer. Stop it first.")
