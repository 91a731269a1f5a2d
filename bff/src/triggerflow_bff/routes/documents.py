"""`/openapi.json`, `/asyncapi.json` and `/docs`: this interface, described by what it is made of."""

from __future__ import annotations

import hashlib
from functools import cache

from triggerflow_bff.answers import Answer, encode, html, raw
from triggerflow_bff.call import Call
from triggerflow_bff.preconditions import not_modified
from triggerflow_bff.routes.parameters import IF_NONE_MATCH
from triggerflow_bff.table import Operation, Reply, Resource


async def openapi_json(call: Call) -> Answer:
    return _document(call, *_openapi())


async def asyncapi_json(call: Call) -> Answer:
    return _document(call, *_asyncapi())


async def docs(call: Call) -> Answer:
    return html(_page(), 200)


# The table is whole only once every route is known, so the documents are made at first use.
@cache
def _openapi() -> tuple[bytes, str]:
    from triggerflow_bff.openapi import document
    from triggerflow_bff.routes import ROUTES

    return _tagged(encode(document(ROUTES)))


@cache
def _asyncapi() -> tuple[bytes, str]:
    from triggerflow_bff.asyncapi import document
    from triggerflow_bff.routes import ROUTES

    return _tagged(encode(document(ROUTES)))


@cache
def _page() -> str:
    from triggerflow_bff.reference import render
    from triggerflow_bff.routes import ROUTES

    return render(ROUTES)


def _tagged(body: bytes) -> tuple[bytes, str]:
    return body, f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def _document(call: Call, body: bytes, etag: str) -> Answer:
    seen = call.header(b"if-none-match")
    if seen is not None and not_modified(seen, etag):
        return Answer(304, b"", [(b"etag", etag.encode())])
    return raw(body, 200, (b"etag", etag.encode()))


_NOT_MODIFIED = Reply(304, "It is as it was read.", headers=("ETag",))

RESOURCES = (
    Resource(
        "/openapi.json",
        "Reference",
        (
            Operation(
                "GET",
                openapi_json,
                "This interface as OpenAPI 3.1",
                (Reply(200, "The document.", "JsonObject", headers=("ETag",)), _NOT_MODIFIED),
                parameters=(IF_NONE_MATCH,),
            ),
        ),
    ),
    Resource(
        "/asyncapi.json",
        "Reference",
        (
            Operation(
                "GET",
                asyncapi_json,
                "Its WebSocket, its event streams and the topics of the mesh as AsyncAPI 3.0",
                (Reply(200, "The document.", "JsonObject", headers=("ETag",)), _NOT_MODIFIED),
                parameters=(IF_NONE_MATCH,),
            ),
        ),
    ),
    Resource(
        "/docs",
        "Reference",
        (Operation("GET", docs, "The same for people", (Reply(200, "A page.", media_type="text/html"),)),),
    ),
)
