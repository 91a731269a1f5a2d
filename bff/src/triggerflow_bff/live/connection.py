"""What WebSocket and SSE share about the connection under them."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Receive, Send


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
