"""What WebSocket and SSE share about waiting for the other side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from starlette.types import Receive
from triggerflow_chassis.errors import TooMany


def too_slow() -> TooMany:
    """What a dropped reader is told."""
    return TooMany("The reader is too slow. Go on from the last event it got.")


async def taken(sending: Awaitable[None], seconds: float) -> None:
    """Wait until the other side takes what is sent. Raises TooMany where it takes nothing for so long."""
    try:
        async with asyncio.timeout(seconds):
            await sending
    except TimeoutError:
        raise too_slow() from None


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
