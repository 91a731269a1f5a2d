"""Run the application under uvicorn, with what its live readers need."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn
from starlette.applications import Starlette

# A reader that does not even answer pings is gone; one that is only slow gets its close code first.
PING_SECONDS = 20.0
PONG_SECONDS = 60.0


class Server(uvicorn.Server):
    """uvicorn that ends live readers before it waits for connections to close."""

    def __init__(self, app: Starlette, **more: Any) -> None:
        options: dict[str, Any] = {
            "http": "httptools",
            "ws": "websockets-sansio",
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
        super().__init__(uvicorn.Config(app, **{**options, **more}))
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.drain()
        await super().shutdown(sockets)
