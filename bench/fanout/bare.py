"""The least that broadcasts frames under uvicorn, set up as the BFF is: each frame by `send` to each client in turn.

Reads one JSON object a line from stdin, `{clients, count, perSecond, frame}`: waits for so many clients, sends each of
them `count` copies of the frame, with its id, time and number brought up to date, and closes them. No product code but
the server's options.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
import time
from typing import Any

import uvicorn
import uvloop
from triggerflow_bff.server import OPTIONS

_MEASURE = re.compile(r"t=\d+ n=\d+")
_ID = re.compile(r'"id":"[^"]*"')


class Broadcast:
    """The ASGI application, and who is connected to it."""

    def __init__(self) -> None:
        self.clients: list[Any] = []
        self.changed = asyncio.Event()
        self.over = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.clients.append(send)
        self.changed.set()
        await self.over.wait()
        await send({"type": "websocket.close", "code": 1000})

    async def run(self, clients: int, count: int, rate: float, frame: str) -> None:
        while len(self.clients) < clients:
            self.changed.clear()
            await self.changed.wait()
        begun = time.monotonic()
        for number in range(count):
            early = begun + number / rate - time.monotonic() if rate else 0.0
            await asyncio.sleep(max(early, 0.0))
            text = _MEASURE.sub(f"t={time.time_ns() // 1000} n={number}", frame)
            text = _ID.sub(f'"id":"{number:08x}-0000-7000-8000-000000000000"', text, count=1)
            for send in self.clients:
                await send({"type": "websocket.send", "text": text})
        self.over.set()
        self.clients, self.over = [], asyncio.Event()


async def main() -> None:
    app = Broadcast()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(2_048)
    server = uvicorn.Server(uvicorn.Config(app, **OPTIONS))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    print(listening.getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told = json.loads(line)
        await app.run(told["clients"], told["count"], told["perSecond"], told["frame"])
    server.should_exit = True
    await serving


if __name__ == "__main__":
    uvloop.run(main())
