"""A TCP proxy on loopback that loses what it is told to: the reply to what was sent, or the way back for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_Pair = tuple[asyncio.StreamWriter, asyncio.StreamWriter]


class CuttingProxy:
    """Passes bytes both ways until it is told otherwise."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._pairs: set[_Pair] = set()
        self._silenced: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost_reply: bytes | None = None
        self._lost_request: bytes | None = None
        self._keep_server = False
        self.refusing = False
        self.cut = asyncio.Event()
        """Set once something was cut."""

    def lose_reply_to(self, text: str) -> None:
        """The server gets the request that holds this text and does what it asks; the client hears of a broken
        connection instead."""
        self.cut.clear()
        self._lost_reply = text.encode()

    def lose_request_with(self, text: str) -> None:
        """The server never gets the request that holds this text."""
        self.cut.clear()
        self._lost_request = text.encode()

    def hang_up_on_clients(self) -> None:
        """Clients hear of a broken connection; the server does not, and goes on with what it was asked."""
        self._keep_server = True
        for client, _ in self._pairs:
            client.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self.refusing:
            client.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        answers, server = await asyncio.open_connection("127.0.0.1", self._port)
        pair = (client, server)
        self._pairs.add(pair)
        back = asyncio.create_task(self._backward(answers, pair))
        self._tasks.add(back)
        with suppress(OSError):
            while data := await reader.read(65_536):
                if self._lost_request is not None and self._lost_request in data:
                    self._lost_request = None
                    self._abort(pair)
                    break
                if self._lost_reply is not None and self._lost_reply in data:
                    self._lost_reply = None
                    self._silenced.add(pair)
                server.write(data)
        if not self._keep_server:
            server.transport.abort()
        await asyncio.wait([back])
        self._pairs.discard(pair)

    async def _backward(self, answers: asyncio.StreamReader, pair: _Pair) -> None:
        client = pair[0]
        with suppress(OSError):
            while data := await answers.read(65_536):
                if pair in self._silenced:
                    self._silenced.discard(pair)
                    self._abort(pair)
                    break
                client.write(data)
        client.transport.abort()

    def _abort(self, pair: _Pair) -> None:
        for writer in pair:
            writer.transport.abort()
        self.cut.set()

    async def close(self) -> None:
        self._keep_server = False
        for pair in self._pairs:
            for writer in pair:
                writer.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)


@asynccontextmanager
async def open_proxy(port: int) -> AsyncIterator[tuple[CuttingProxy, int]]:
    """A proxy in front of that port of loopback, and the port it listens on."""
    proxy = CuttingProxy(port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    try:
        yield proxy, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await proxy.close()
