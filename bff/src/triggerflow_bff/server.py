"""Run the application under uvicorn, with what its live readers need."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette

from triggerflow_bff.live.wire import Wired
from triggerflow_bff.unfinished import BoundedProtocol

# A reader that does not even answer pings is gone; one that is only slow gets its close code first.
PING_SECONDS = 20.0
PONG_SECONDS = 60.0
_FILES = 16_384


OPTIONS: dict[str, Any] = {
    "http": BoundedProtocol,
    "ws": "websockets-sansio",
    # A compressed frame could not be shared between clients, and a context a client costs more than the events.
    "ws_per_message_deflate": False,
    "ws_ping_interval": PING_SECONDS,
    "ws_ping_timeout": PONG_SECONDS,
    # Nothing is said to this end of the socket.
    "ws_max_size": 64 * 1024,
    "lifespan": "off",
    "access_log": False,
    "log_config": None,
    "server_header": False,
    "timeout_graceful_shutdown": 2,
}


class Server(uvicorn.Server):
    """uvicorn that ends live readers before it waits for connections to close. Stopped by its owner, not by signals."""

    def __init__(self, app: Starlette, **more: Any) -> None:
        super().__init__(uvicorn.Config(Wired(app), **{**OPTIONS, **more}))
        self._app = app
        self._answers = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def start(self, listening: socket.socket) -> None:
        """Answer at the socket, which is closed by `stop`."""
        _allow_connections()
        self._serving = asyncio.create_task(self.serve(sockets=[listening]), name="http")
        answers = asyncio.create_task(self._answers.wait())
        await asyncio.wait([self._serving, answers], return_when=asyncio.FIRST_COMPLETED)
        if not answers.done():
            answers.cancel()
            self._serving.result()
            raise OSError("the HTTP server ended as it started")

    async def stop(self) -> None:
        """Let requests end, and take no more. May be called again."""
        if self._serving is not None:
            self.should_exit = True
            await self._serving
            self._serving = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._answers.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.drain()
        await super().shutdown(sockets)


def _allow_connections() -> None:
    # Each live reader is an open file, and the usual 1,024 are only there for programs that use select().
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
