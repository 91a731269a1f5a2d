"""The half of the product that answers first: the BFF over HTTP, and the gRPC server that the services join.

Loading the services takes a second and TriggerFlow two more. The link works before that: what it asks of a service
waits in the gRPC server until the service is there.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import grpc.aio
from triggerflow_bff.bootstrap import create_app
from triggerflow_bff.server import Server
from triggerflow_bff.settings import BUILT_CANVAS, BffSettings
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.grpc.server import WaitingServer, open_waiting_server
from triggerflow_chassis.settings import Secret


class Front:
    """Answers HTTP and gRPC. Made by `open_front`."""

    def __init__(self, bff: BffSettings, address: str, channel: grpc.aio.Channel, grpc_server: WaitingServer) -> None:
        self.url = bff.url
        self.port = bff.port
        self.grpc = address
        self.channel = channel
        self.grpc_server = grpc_server
        self._app = create_app(bff, channel=channel)
        self._http = Server(self._app)

    def link(self) -> str:
        """A fresh address that signs a browser in, once."""
        return str(self._app.state.sign_in.link())

    async def start(self, listening: socket.socket) -> None:
        """Answer at the socket, which is closed by `stop`."""
        await self._http.start(listening)

    async def stop(self) -> None:
        """Let requests end, HTTP's first, and take no more. May be called again."""
        await self._http.stop()
        await self.grpc_server.stop()


@asynccontextmanager
async def open_front(*, home: Path, token: str, listening: socket.socket, grpc_socket: Path) -> AsyncIterator[Front]:
    """The BFF answering at `listening`, and a gRPC server without services yet, until the block ends."""
    address = f"unix:{grpc_socket}"
    bff = BffSettings(port=listening.getsockname()[1], token=Secret(token), home=home, canvas_dir=BUILT_CANVAS)
    async with AsyncExitStack() as stack:
        grpc_server = await stack.enter_async_context(open_waiting_server(addresses=[address]))
        channel = await stack.enter_async_context(open_channel(address, token))
        front = Front(bff, address, channel, grpc_server)
        stack.push_async_callback(front.stop)
        await front.start(listening)
        yield front
