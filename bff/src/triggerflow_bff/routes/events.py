"""Events: of one execution as a page, a stream or a WebSocket, and of the whole project as a stream."""

from __future__ import annotations

from starlette.types import ASGIApp

from triggerflow_bff import bodies
from triggerflow_bff.answers import Answer, empty, raw
from triggerflow_bff.call import Call
from triggerflow_bff.live.event import Chunk
from triggerflow_bff.live.sse import EventStream
from triggerflow_bff.query import MAX_EVENTS, cursor
from triggerflow_bff.routes.executions import execution_exists
from triggerflow_bff.routes.parameters import EVENT_PAGE, LAST_EVENT_ID
from triggerflow_bff.routes.waits import SIGNAL
from triggerflow_bff.table import Operation, Parameter, Reply, Resource

# Below every event id there can be: what `next` is before the first event.
_START = "00000000-0000-0000-0000-000000000000"
_SSE = "text/event-stream"


async def execution_events(call: Call) -> ASGIApp:
    accepted = call.header(b"accept") or ""
    if _SSE in accepted.lower():
        return await _stream(call)
    return await _page(call)


async def project_events(call: Call) -> ASGIApp:
    after = _resume(call)
    parts = call.parts
    parts.feeds.admit()
    chunks = parts.stream.project(call.principal, after)
    try:
        # The first chunk is empty: it tells that the watch stands, or raises why it does not.
        await anext(chunks)
        return EventStream(
            chunks,
            closing=parts.closing.future,
            dropped=None,
            limits=parts.settings.limits,
            release=parts.feeds.release,
        )
    except BaseException:
        await chunks.aclose()
        parts.feeds.release()
        raise


async def _page(call: Call) -> Answer:
    execution_id = call.id("executionId", "execution")
    async with bodies.path_first(lambda: execution_exists(call)):
        after = call.query.cursor("after")
        limit = call.query.integer("limit", default=500, most=MAX_EVENTS)
    page = await call.parts.orchestrator.events(call.principal, execution_id, after, limit)
    # The events are text already, so the page is written around them.
    return raw(b'{"items":%b,"next":"%b"}' % (Chunk(page.events).array, (page.next or after or _START).encode()))


async def _stream(call: Call) -> ASGIApp:
    execution_id = call.id("executionId", "execution")
    async with bodies.path_first(lambda: execution_exists(call)):
        after = _resume(call)
    parts = call.parts
    reader = parts.feeds.reader(call.principal, execution_id, after)
    parts.feeds.admit()
    try:
        if not await reader.open():
            # Asked again after the last event: 204 tells a browser not to come back.
            parts.feeds.release()
            return empty(204)
        return EventStream(
            reader.chunks(),
            closing=parts.closing.future,
            dropped=reader.dropped,
            limits=parts.settings.limits,
            release=parts.feeds.release,
        )
    except BaseException:
        parts.feeds.release()
        raise


def _resume(call: Call) -> str:
    last = call.header(b"last-event-id")
    # Read either way: a malformed parameter is one, even where the header wins.
    after = call.query.cursor("after")
    return cursor(last) if last else after


RESOURCES = (
    Resource(
        "/executions/{executionId}/events",
        "Events",
        (
            Operation(
                "GET",
                execution_events,
                "Read or follow the events of an execution",
                (
                    Reply(
                        200,
                        "A page of history, or with `Accept: text/event-stream` the events as they happen.",
                        "EventPage",
                        streamed="TriggerFlowExecutionEvent",
                    ),
                    Reply(204, "Of an event stream: nothing follows this cursor."),
                ),
                reasons=("NOT_FOUND", "BAD_PARAMETER", "BAD_CURSOR", "CURSOR_EXPIRED", "TOO_MANY"),
                parameters=(*EVENT_PAGE, LAST_EVENT_ID),
                description="An upgrade to WebSocket gets one event a frame; see `/asyncapi.json`.",
            ),
        ),
        exists=execution_exists,
        websocket=True,
    ),
    Resource(
        "/events",
        "Events",
        (
            Operation(
                "GET",
                project_events,
                "Follow what happens in the project",
                (Reply(200, "Events as they happen, from now on or from a cursor.", "ProjectEvent", media_type=_SSE),),
                reasons=("BAD_PARAMETER", "BAD_CURSOR", "TOO_MANY"),
                parameters=(
                    Parameter(
                        "after",
                        "The id of the last event seen. Absent: from now on.",
                        {"type": "string", "format": "uuid"},
                    ),
                    LAST_EVENT_ID,
                ),
            ),
            SIGNAL,
        ),
    ),
)
