"""Answers that carry an etag, and the etag a write asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from triggerflow_chassis.errors import StaleEtag

from triggerflow_bff import preconditions
from triggerflow_bff.answers import Answer, empty, ok
from triggerflow_bff.call import Call
from triggerflow_bff.clients.registry import Tagged


def answer(call: Call, found: Tagged, status: int = 200, *more: tuple[bytes, bytes]) -> Answer:
    """The resource with its ETag; 304 to a GET that has it already."""
    etag = (b"etag", preconditions.entity_tag(found.etag).encode())
    seen = call.header(b"if-none-match")
    if seen is not None and call.method in ("GET", "HEAD") and preconditions.not_modified(seen, found.etag):
        return empty(304, etag, (b"cache-control", b"private, no-cache"))
    return ok(found.value, status, etag, *more)


def wanted(call: Call) -> tuple[str, ...]:
    """What If-Match names."""
    return preconditions.tags(call.header(b"if-match"))


async def if_match(call: Call, current: Callable[[], Awaitable[Tagged]]) -> str:
    """The one etag to send to the service, "" where there is none, for it to refuse.

    Of several, the one that holds: only for that the current state is asked for. Raises StaleEtag where none does.
    """
    tags = wanted(call)
    if len(tags) < 2:
        return tags[0] if tags else ""
    etag = preconditions.bare((await current()).etag)
    if etag not in tags:
        raise StaleEtag(etag)
    return etag
