"""Put every service into one process: one gRPC server on a Unix socket, one uvicorn on loopback."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triggerflow_adapter_sdk import AdapterSettings, Catalogue
from triggerflow_bff.bootstrap import create_app
from triggerflow_bff.server import Server
from triggerflow_bff.settings import BffSettings
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.grpc.server import open_server
from triggerflow_chassis.lifecycle import open_task
from triggerflow_chassis.settings import Secret
from triggerflow_orchestrator.bootstrap import Orchestrator, open_orchestrator
from triggerflow_orchestrator.settings import OrchestratorSettings
from triggerflow_registry.bootstrap import open_registry
from triggerflow_registry.settings import RegistrySettings
from triggerflow_stream.bootstrap import open_stream
from triggerflow_stream.settings import StreamSettings

from triggerflow_local.home import RunNote
from triggerflow_local.settings import LocalSettings


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    url: str
    grpc: str
    app: Any

    def link(self) -> str:
        """A fresh address that signs a browser in, once."""
        return str(self.app.state.sign_in.link())

    def note(self, pid: int) -> RunNote:
        """What `run.json` says of it."""
        return RunNote(pid, self.url, self.grpc)


@asynccontextmanager
async def open_local(
    settings: LocalSettings, *, token: str, listening: socket.socket, grpc_socket: Path
) -> AsyncIterator[Running]:
    """The whole product, answering at `listening` until the block ends; it closes that socket and nothing else given.

    Runs start a little later: TriggerFlow loads in a thread meanwhile. Raises OSError, Unavailable where a database
    cannot be opened.
    """
    port = listening.getsockname()[1]
    address = f"unix:{grpc_socket}"
    adapters = AdapterSettings(
        python_modules=settings.python_modules,
        env_allow=settings.env_allow,
        http_allow=settings.http_allow
        if settings.http_allow is not None
        else (f"127.0.0.1:{port}", f"localhost:{port}"),
    )
    bff = BffSettings(port=port, token=Secret(token), home=settings.home, canvas_dir=_canvas())
    bus = InProcessBus()

    async with AsyncExitStack() as stack:
        channel = await stack.enter_async_context(open_channel(address, token))
        catalogue = Catalogue.load(adapters)
        await catalogue.open()
        stack.push_async_callback(catalogue.close)
        registry = await stack.enter_async_context(
            open_registry(
                RegistrySettings(settings.home / "registry.db"), channel=channel, bus=bus, catalogue=catalogue
            )
        )
        orchestrator = await stack.enter_async_context(
            open_orchestrator(OrchestratorSettings.under(settings.home), channel=channel, bus=bus, catalogue=catalogue)
        )
        stream = await stack.enter_async_context(open_stream(StreamSettings(), channel=channel, bus=bus))
        await stack.enter_async_context(
            open_server(
                addresses=[address],
                register=[registry.register, orchestrator.register, stream.register],
                token=token,
                interceptors=orchestrator.interceptors,
            )
        )
        app = create_app(bff, channel=channel)
        await stack.enter_async_context(_open_http(app, listening))
        await stack.enter_async_context(open_task("settle-memory", lambda: _settle_memory(orchestrator)))
        yield Running(bff.url, address, app)


@asynccontextmanager
async def _open_http(app: Any, listening: socket.socket) -> AsyncIterator[None]:
    server = _Server(app)
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="http")
    started = asyncio.create_task(server.answers.wait())
    try:
        await asyncio.wait([serving, started], return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
            raise OSError("the HTTP server ended as it started")
        yield
    finally:
        started.cancel()
        server.should_exit = True
        await serving


class _Server(Server):
    """The BFF's server, stopped by us and not by signals, and telling when it answers."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.answers = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answers.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _settle_memory(orchestrator: Orchestrator) -> None:
    # What start-up made stays; the collector need not walk it again and again. Its thresholds stay the default ones.
    gc.freeze()
    await orchestrator.ready()
    gc.freeze()


def _canvas() -> Path:
    """The built canvas beside the sources; where it is not built, the BFF says how to build it."""
    return Path(__file__).resolve().parents[4] / "canvas-web" / "dist"
