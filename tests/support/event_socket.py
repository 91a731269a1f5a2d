"""Watch an execution of the BFF under test over a WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

BATCH = Subprotocol("triggerflow.batch.v1")


def socket(bff: Any, execution_id: str, after: str = "", **options: Any) -> connect:
    """A connection to come: an async context manager."""
    path = f"{bff.ws}/executions/{execution_id}/events" + (f"?after={after}" if after else "")
    return connect(path, additional_headers=bff.bearer, compression=None, **options)


async def some(connection: ClientConnection, count: int) -> list[dict[str, Any]]:
    """The next events, at least so many, however they are framed."""
    events: list[dict[str, Any]] = []
    while len(events) < count:
        said = json.loads(await asyncio.wait_for(connection.recv(), 10))
        events += said if isinstance(said, list) else [said]
    return events


async def rest(connection: ClientConnection, pause: float = 0) -> tuple[list[dict[str, Any]], int]:
    """What comes until the close, and its code."""
    events: list[dict[str, Any]] = []
    try:
        while True:
            events += await some(connection, 1)
            if pause:
                await asyncio.sleep(pause)
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return events, closed.rcvd.code


async def until(true: Callable[[], Any]) -> None:
    """Wait for a condition; fail after ten seconds."""
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


def messages(events: list[dict[str, Any]]) -> list[str]:
    """What the log events among them say, without filler."""
    return [event["payload"]["message"].rstrip("x") for event in events if event["type"] == "log"]
