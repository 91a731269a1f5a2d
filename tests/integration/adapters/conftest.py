"""An opened catalogue, contexts for calls, and a web server that misbehaves as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from triggerflow_adapter_sdk import AdapterSettings, Catalogue
from triggerflow_adapter_sdk.capture import OutputLine


class Log:
    """`ctx.log` that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def debug(self, message: str) -> None:
        self.lines.append(("debug", message))

    def info(self, message: str) -> None:
        self.lines.append(("info", message))

    def warning(self, message: str) -> None:
        self.lines.append(("warning", message))

    def error(self, message: str) -> None:
        self.lines.append(("error", message))


@dataclass
class Context:
    """What an orchestrator hands to a handler."""

    activation_id: str = "activation"
    execution_id: str = "execution"
    node_id: str = "node"
    attempt: int = 1
    idempotency_key: str = "key"
    cancelled: bool = False
    config: Any = None
    log: Log = field(default_factory=Log)


@dataclass
class Host:
    """A catalogue, and what its handlers printed."""

    catalogue: Catalogue
    printed: list[OutputLine]

    async def run(self, node: dict[str, Any], inputs: dict[str, Any], ctx: Context | None = None) -> dict[str, Any]:
        """One attempt of a node."""
        return await self.catalogue.bind(node).invoke(inputs, ctx or Context())


OpenHost = Callable[..., Awaitable[Host]]


@pytest.fixture
async def open_host() -> AsyncIterator[OpenHost]:
    """Open a catalogue of the installed adapters with these settings; closed after the test."""
    opened: list[Catalogue] = []

    async def open_with(**settings: Any) -> Host:
        catalogue = Catalogue.load(AdapterSettings(**settings))
        printed: list[OutputLine] = []
        await catalogue.open(sink=printed.append)
        opened.append(catalogue)
        return Host(catalogue, printed)

    yield open_with
    for catalogue in opened:
        await catalogue.close()


@dataclass
class Received:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


class Web:
    """An HTTP/1.1 server whose routes write their answers byte by byte."""

    def __init__(self) -> None:
        self.routes: dict[str, Answer] = {}
        self.received: list[Received] = []
        self.connections = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def allow(self) -> str:
        return f"127.0.0.1:{self.port}"

    def reply(
        self, path: str, status: int = 200, body: bytes = b"", *headers: tuple[str, str], length: bool = True
    ) -> None:
        """Answer a path with these bytes."""

        async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
            lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers)]
            if length:
                lines.append(f"Content-Length: {len(body)}")
            writer.write("\r\n".join([*lines, "", ""]).encode() + (b"" if request.method == "HEAD" else body))
            await writer.drain()

        self.routes[path] = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, target, _ = head[0].split(" ")
                headers = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in head[1:] if line}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                request = Received(method, target, headers, body)
                self.received.append(request)
                await self.routes[target.partition("?")[0]](request, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest.fixture
async def make_web() -> AsyncIterator[Callable[[], Awaitable[Web]]]:
    """Start web servers on free ports."""
    started: list[tuple[Web, asyncio.Server]] = []

    async def make() -> Web:
        web = Web()
        server = await asyncio.start_server(web.serve, "127.0.0.1", 0)
        web.port = server.sockets[0].getsockname()[1]
        started.append((web, server))
        return web

    yield make
    for web, server in started:
        server.close()
        await web.stop()


@pytest.fixture
async def web(make_web: Callable[[], Awaitable[Web]]) -> Web:
    """One web server."""
    return await make_web()
