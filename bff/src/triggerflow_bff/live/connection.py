"""What WebSocket and SSE share about the connection under them."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Message, Receive, Send


class Sending:
    """Sends on, and knows since when the other side has taken nothing."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._now = asyncio.get_running_loop().time
        self._since: float | None = None

    async def __call__(self, message: Message) -> None:
        self._since = self._now()
        await self._send(message)
        self._since = None

    async def stalled(self, seconds: float) -> None:
        """Return once one message has waited for so long."""
        while True:
            waited = 0.0 if self._since is None else self._now() - self._since
            if waited >= seconds:
                return
            await asyncio.sleep(max(seconds - waited, seconds / 4))


async def until_gone(receive: Receive) -> None:
    """Return once the client is gone. What it says is not listened to, but taken, or its leaving would not be seen."""
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


async def stop(task: asyncio.Task[Any]) -> None:
    """End the task and wait until it has. Its failure is the caller's to have looked at before."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


def cut(send: Send) -> None:
    """Drop the connection with what it still holds: closing politely would wait for a reader that does not read."""
    # ASGI has no word for this; uvicorn's protocol objects have the transport.
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
