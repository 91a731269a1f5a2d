"""Answer over ASGI with as little as it takes: the hot paths go through here."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"
# Said with every answer, the canvas included.
NOSNIFF = (b"x-content-type-options", b"nosniff")


def encode(value: Any) -> bytes:
    """Compact JSON."""
    return orjson.dumps(value)


class Answer:
    """A whole answer. It is an ASGI application, as Starlette's responses are."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, headers: Headers) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self.headers
        headers.append(NOSNIFF)
        # 204 and 304 have no body, and so no length.
        if self.status not in (204, 304):
            headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def ok(value: Any, status: int = 200, *more: tuple[bytes, bytes]) -> Answer:
    """A JSON value. It is private to the session, and asked for again each time."""
    return raw(encode(value), status, *more)


def raw(body: bytes, status: int = 200, *more: tuple[bytes, bytes]) -> Answer:
    """JSON that is already text."""
    return Answer(status, body, [(b"content-type", JSON), (b"cache-control", b"private, no-cache"), *more])


def empty(status: int, *more: tuple[bytes, bytes]) -> Answer:
    """An answer without a body."""
    return Answer(status, b"", list(more))


def html(page: str, status: int, *more: tuple[bytes, bytes]) -> Answer:
    """A page of our own, which may run nothing and fetch nothing."""
    policy = b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    return Answer(
        status,
        page.encode(),
        [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", policy),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-store"),
            *more,
        ],
    )
