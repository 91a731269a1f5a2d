"""Send events as Server-Sent Events: `id:` and `data:`, a comment when nothing happens for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress

import structlog
from starlette.types import Receive, Scope, Send
from triggerflow_chassis import tracing
from triggerflow_chassis.errors import ServiceError

from triggerflow_bff.answers import NOSNIFF
from triggerflow_bff.defects import as_refusal
from triggerflow_bff.live.connection import Sending, cut, stop, until_gone
from triggerflow_bff.live.event import LiveEvent
from triggerflow_bff.settings import Limits

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Proxies that buffer would turn live into late.
    (b"x-accel-buffering", b"no"),
    NOSNIFF,
]

log = structlog.get_logger("triggerflow.bff")


def encode(events: list[LiveEvent]) -> bytes:
    """The events as text/event-stream. Compact JSON has no line breaks, so one data line holds it."""
    return "".join([f"id: {event.id}\ndata: {event.body}\n\n" for event in events]).encode()


class EventStream:
    """An answer that goes on. `release` is called exactly once, when it ends in whatever way."""

    def __init__(
        self,
        batches: AsyncGenerator[list[LiveEvent]],
        *,
        closing: asyncio.Future[None],
        dropped: asyncio.Future[None] | None,
        limits: Limits,
        release: Callable[[], None],
    ) -> None:
        self._batches = batches
        self._ends = {closing} if dropped is None else {closing, dropped}
        self._limits = limits
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(until_gone(receive))
        line = Sending(send)
        sending = asyncio.create_task(self._send_all(scope, line))
        stalled = asyncio.create_task(line.stalled(self._limits.stall_seconds))
        try:
            await asyncio.wait({gone, sending, stalled, *self._ends}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                error = sending.exception()
                if error is not None:
                    as_refusal(error, path=scope["path"], method=scope["method"])
            elif not gone.done():
                # The server stops, or the reader is too slow: it resumes by its cursor.
                await stop(sending)
                with suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await send({"type": "http.response.body", "body": b""})
                        return
                cut(send)
        finally:
            for task in (sending, stalled, gone):
                await stop(task)
            await self._batches.aclose()
            self._release()

    async def _send_all(self, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        # Something at once, so that whatever stands between passes the headers on.
        await self._write(send, b":\n\n")
        upcoming: asyncio.Task[list[LiveEvent]] | None = None
        try:
            while True:
                if upcoming is None:
                    upcoming = asyncio.ensure_future(_next(self._batches))
                done, _ = await asyncio.wait({upcoming}, timeout=self._limits.sse_comment_seconds)
                if not done:
                    await self._write(send, b":\n\n")
                    continue
                events = upcoming.result()
                upcoming = None
                if not events:
                    break
                await self._write(send, encode(events))
        except ServiceError as error:
            # Headers are gone, so there is no status left to say it with. The client comes back by its cursor.
            log.info("event_stream_ended", reason=error.reason, trace_id=tracing.current())
        finally:
            if upcoming is not None:
                await stop(upcoming)
        await send({"type": "http.response.body", "body": b""})

    async def _write(self, send: Send, body: bytes) -> None:
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def _next(batches: AsyncIterator[list[LiveEvent]]) -> list[LiveEvent]:
    # Empty batches only say that a watch stands; empty here means the end.
    async for events in batches:
        if events:
            return events
    return []
