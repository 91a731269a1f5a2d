"""Send an execution's events over a WebSocket: one a frame, or arrays of them, and close with the contract's codes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress

from starlette.types import Receive, Scope, Send
from triggerflow_chassis import ids, tracing
from triggerflow_chassis.errors import NotFound, ServiceError
from triggerflow_chassis.identity import Principal

from triggerflow_bff import problems
from triggerflow_bff.defects import as_refusal
from triggerflow_bff.live.event import Chunk
from triggerflow_bff.live.feeds import Reader
from triggerflow_bff.live.waiting import stop, taken, too_slow, until_gone
from triggerflow_bff.live.wire import Disconnected, FrameWriter, cut, frame_writer
from triggerflow_bff.parts import Parts
from triggerflow_bff.query import Query

BATCH = "triggerflow.batch.v1"
NORMAL = 1000
RESTART = 1012


async def refuse_upgrade(error: ServiceError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the upgrade with a problem instead of accepting it."""
    await receive()
    answer = problems.answer(error, tracing.current())
    if "websocket.http.response" not in scope.get("extensions", {}):
        # A server without the extension can say 403 only, and does so for a close before the accept.
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "websocket.http.response.body", "body": answer.body})


async def refuse(error: ServiceError, receive: Receive, send: Send, subprotocol: str | None = None) -> None:
    """Accept, then close with the error's code: a browser's script sees no status of a refused upgrade."""
    await receive()
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    await _close(send, error)


def negotiated(scope: Scope) -> str | None:
    """The subprotocol both know."""
    return BATCH if BATCH in scope.get("subprotocols", ()) else None


class EventSocket:
    """The ASGI application behind `GET /executions/{id}/events` with an upgrade."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        subprotocol = negotiated(scope)
        feeds = self._parts.feeds
        try:
            feeds.admit()
        except ServiceError as error:
            await refuse(error, receive, send, subprotocol)
            return
        try:
            try:
                reader = await self._reader(scope)
                await reader.open()
            except Exception as error:
                await refuse(as_refusal(error, path=scope["path"]), receive, send, subprotocol)
                return
            await receive()
            await send({"type": "websocket.accept", "subprotocol": subprotocol})
            await self._serve(reader, subprotocol == BATCH, scope, receive, send)
        finally:
            feeds.release()

    async def _reader(self, scope: Scope) -> Reader:
        who: Principal = scope["triggerflow.principal"]
        execution_id = scope["path_params"]["executionId"]
        if not ids.is_uuid(execution_id):
            raise NotFound("execution", execution_id[:100])
        execution_id = ids.normalise(execution_id)
        try:
            after = Query.parse(scope["query_string"]).cursor("after")
        except ServiceError:
            # What the path names comes first.
            await self._parts.orchestrator.get(who, execution_id)
            raise
        return self._parts.feeds.reader(who, execution_id, after)

    async def _serve(self, reader: Reader, batched: bool, scope: Scope, receive: Receive, send: Send) -> None:
        limits = self._parts.settings.limits
        writer = frame_writer(scope)
        deliver = _frames(writer, batched) if writer is not None else _messages(send, batched)
        sending = asyncio.create_task(_send_all(reader.chunks(), deliver, limits.stall_seconds))
        gone = asyncio.create_task(until_gone(receive))
        closing = self._parts.closing.future
        try:
            await asyncio.wait({sending, gone, reader.dropped, closing}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return
            end: ServiceError | int
            if sending.done():
                error = sending.exception()
                if isinstance(error, Disconnected):
                    return
                end = NORMAL if error is None else as_refusal(error, path=scope["path"])
            else:
                end = RESTART if closing.done() else too_slow()
            await stop(sending)
            # A reader that takes nothing takes no close frame either; after a while the connection is just cut.
            closed = asyncio.create_task(_close(send, end))
            await asyncio.wait({closed, gone}, timeout=limits.close_seconds, return_when=asyncio.FIRST_COMPLETED)
            await stop(closed)
            if closed.cancelled() and not gone.done():
                cut(scope)
        finally:
            for task in (sending, gone):
                await stop(task)


Deliver = Callable[[Chunk], Awaitable[None] | None]


async def _send_all(chunks: AsyncGenerator[Chunk], deliver: Deliver, stall_seconds: float) -> None:
    async with aclosing(chunks) as steps:
        async for chunk in steps:
            waiting = deliver(chunk)
            if waiting is not None:
                await taken(waiting, stall_seconds)


def _frames(writer: FrameWriter, batched: bool) -> Deliver:
    def deliver(chunk: Chunk) -> Awaitable[None] | None:
        writer.write(chunk.array_frame if batched else chunk.frames)
        return None if writer.writable else writer.drained()

    return deliver


def _messages(send: Send, batched: bool) -> Deliver:
    async def deliver(chunk: Chunk) -> None:
        texts = [chunk.array] if batched else [event.body for event in chunk.events]
        for text in texts:
            await send({"type": "websocket.send", "text": text.decode()})

    return deliver


async def _close(send: Send, end: ServiceError | int) -> None:
    if isinstance(end, ServiceError):
        message = {"type": "websocket.close", "code": problems.kind_of(end).close_code, "reason": end.reason}
    else:
        message = {"type": "websocket.close", "code": end}
    # The other side may have closed first.
    with suppress(RuntimeError, OSError):
        await send(message)
