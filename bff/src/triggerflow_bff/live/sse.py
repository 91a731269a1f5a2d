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
from triggerflow_bff.live.event import Chunk
from triggerflow_bff.live.waiting import stop, taken, until_gone
from triggerflow_bff.live.wire import cut
from triggerflow_bff.settings import Limits

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Proxies that buffer would turn live into late.
    (b"x-accel-buffering", b"no"),
    NOSNIFF,
]

_COMMENT = b":\n\n"
# What a reader that is to leave gets to take the end of its answer.
_POLITE_SECONDS = 1.0

log = structlog.get_logger("triggerflow.bff")


class EventStream:
    """An answer that goes on. `release` is called exactly once, when it ends in whatever way."""

    def __init__(
        self,
        chunks: AsyncGenerator[Chunk],
        *,
        closing: asyncio.Future[None],
        dropped: asyncio.Future[None] | None,
        limits: Limits,
        release: Callable[[], None],
    ) -> None:
        self._chunks = chunks
        self._ends = {closing} if dropped is None else {closing, dropped}
        self._limits = limits
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(until_gone(receive))
        sending = asyncio.create_task(self._send_all(scope, send))
        try:
            await asyncio.wait({gone, sending, *self._ends}, return_when=asyncio.FIRST_COMPLETED)
            error = sending.exception() if sending.done() else None
            if gone.done() or (sending.done() and error is None):
                return
            if isinstance(error, ServiceError):
                # Headers are gone, so there is no status left to say it with.
                log.info("event_stream_ended", reason=error.reason, trace_id=tracing.current())
            elif error is not None:
                as_refusal(error, path=scope["path"], method=scope["method"])
            # However it ends, the client comes back by its cursor.
            await stop(sending)
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLITE_SECONDS):
                    await send({"type": "http.response.body", "body": b""})
                    return
            cut(scope)
        finally:
            for task in (sending, gone):
                await stop(task)
            await self._chunks.aclose()
            self._release()

    async def _send_all(self, scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        # Something at once, so that whatever stands between passes the headers on.
        await self._write(send, _COMMENT)
        upcoming: asyncio.Task[Chunk | None] | None = None
        try:
            while True:
                if upcoming is None:
                    upcoming = asyncio.ensure_future(_next(self._chunks))
                done, _ = await asyncio.wait({upcoming}, timeout=self._limits.sse_comment_seconds)
                if not done:
                    await self._write(send, _COMMENT)
                    continue
                chunk = upcoming.result()
                upcoming = None
                if chunk is None:
                    break
                await self._write(send, chunk.event_stream)
        finally:
            if upcoming is not None:
                await stop(upcoming)
        await send({"type": "http.response.body", "body": b""})

    async def _write(self, send: Send, body: bytes) -> None:
        await taken(send({"type": "http.response.body", "body": body, "more_body": True}), self._limits.stall_seconds)


async def _next(chunks: AsyncIterator[Chunk]) -> Chunk | None:
    # An empty chunk only says that a watch stands; none means the end.
    async for chunk in chunks:
        if chunk.events:
            return chunk
    return None
