"""`/values/{ref}`: values too large to travel inside an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from starlette.types import ASGIApp, Receive, Scope, Send

from triggerflow_bff.answers import JSON, NOSNIFF
from triggerflow_bff.call import Call
from triggerflow_bff.table import Operation, Reply, Resource


class _Pieces:
    """An answer sent as its pieces come, so that a large value is never whole in memory."""

    def __init__(self, size: int, pieces: AsyncIterator[bytes]) -> None:
        self._size = size
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", JSON),
            (b"content-length", str(self._size).encode()),
            (b"cache-control", b"private, no-cache"),
            NOSNIFF,
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] != "HEAD":
            async for piece in self._pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def get_value(call: Call) -> ASGIApp:
    size, pieces = await call.parts.orchestrator.value(call.principal, call.parameter("ref"))
    return _Pieces(size, pieces)


async def _exists(call: Call) -> None:
    _, pieces = await call.parts.orchestrator.value(call.principal, call.parameter("ref"))
    if isinstance(pieces, AsyncGenerator):
        await pieces.aclose()


RESOURCES = (
    Resource(
        "/values/{ref}",
        "Executions",
        (
            Operation(
                "GET",
                get_value,
                "Read a large value",
                (Reply(200, "The value itself.", "Anything"),),
                reasons=("NOT_FOUND",),
            ),
        ),
        exists=_exists,
    ),
)
