"""Read the body of a request, in the contract's order of checks: 413, 415, 400, 422.

A path that names what does not exist comes before all of these. So routes read the body first, since that costs
nothing, and ask whether the path exists only where the body is refused (`path_first`); where the body is good the
service asks itself, in the same hop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from triggerflow_chassis import jsontext, schemas
from triggerflow_chassis.errors import (
    BadCursor,
    BadJson,
    BadParameter,
    Invalid,
    TooLarge,
    TooSlow,
    UnsupportedMediaType,
    Violation,
)

from triggerflow_bff.call import Call

# What is wrong with what was sent, whatever the path names.
_OF_THE_CALLER = (TooLarge, TooSlow, UnsupportedMediaType, BadJson, BadParameter, BadCursor, Invalid)


@asynccontextmanager
async def path_first(exists: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Inside, a refusal of the body or of a parameter waits for what `exists` raises, which goes first."""
    try:
        yield
    except _OF_THE_CALLER:
        await exists()
        raise


async def read(call: Call) -> bytes:
    """The body of a request that may have JSON. Raises TooLarge, TooSlow, UnsupportedMediaType."""
    body = await call.read()
    media = call.header(b"content-type")
    if media is None:
        if body:
            raise UnsupportedMediaType
        return body
    # An empty body has no media type to be wrong about, but one that is told wrong is told wrong.
    if media.partition(";")[0].strip().lower() != "application/json" and (body or media.strip()):
        raise UnsupportedMediaType
    encoding = call.header(b"content-encoding")
    if encoding is not None and encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType("Send the body as application/json, without Content-Encoding.")
    return body


def parse(body: bytes, *, empty: bool = False) -> Any:
    """The JSON of a body; with `empty`, no body means {}. Raises BadJson, Invalid."""
    if not body:
        if empty:
            return {}
        raise BadJson("The body is empty. Send JSON.")
    return jsontext.parse(body)


def checked(call: Call, request_id: str, body: Any, found: list[Violation]) -> None:
    """Raise IdempotencyKeyReused, or Invalid with what was found, and remember under which key it was refused."""
    call.parts.remembered.check(request_id, body)
    if found:
        call.parts.remembered.keep(request_id, body)
        raise Invalid(found)


def violations(schema: str, body: Any) -> list[Violation]:
    """What the schema says about the body."""
    return schemas.violations(schema, body)
