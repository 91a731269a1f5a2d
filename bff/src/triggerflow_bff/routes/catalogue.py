"""`/handlers` and `/schemas`: what nodes there are, and what everything looks like."""

from __future__ import annotations

from triggerflow_chassis import schemas
from triggerflow_chassis.errors import NotFound

from triggerflow_bff.answers import Answer, ok, raw
from triggerflow_bff.call import Call
from triggerflow_bff.routes.parameters import PAGE
from triggerflow_bff.table import Operation, Reply, Resource


async def list_handlers(call: Call) -> Answer:
    page = await call.parts.registry.list_handlers(call.principal, call.query.page_size, call.query.page_token)
    return ok({"items": page.items, "nextPageToken": page.next_token or None})


async def list_schemas(call: Call) -> Answer:
    items = [
        {"name": name, "title": schemas.load(name)["title"], "id": schemas.load(name)["$id"]} for name in schemas.NAMES
    ]
    return ok({"items": items, "nextPageToken": None})


async def get_schema(call: Call) -> Answer:
    # Byte for byte the file: whoever compares hashes must find the same.
    return raw(schemas.text(_name(call)).encode())


async def _exists(call: Call) -> None:
    _name(call)


def _name(call: Call) -> str:
    name = call.parameter("name").removesuffix(".json")
    if name not in schemas.NAMES:
        raise NotFound("schema", call.parameter("name")[:100])
    return name


RESOURCES = (
    Resource(
        "/handlers",
        "Catalogue",
        (
            Operation(
                "GET",
                list_handlers,
                "List what nodes can do, by reference",
                (Reply(200, "A page of handlers.", "HandlerPage"),),
                reasons=("BAD_PARAMETER", "BAD_CURSOR"),
                parameters=PAGE,
            ),
        ),
    ),
    Resource(
        "/schemas",
        "Catalogue",
        (
            Operation(
                "GET",
                list_schemas,
                "List the schemas",
                (Reply(200, "All schemas.", "SchemaPage"),),
            ),
        ),
    ),
    Resource(
        "/schemas/{name}",
        "Catalogue",
        (
            Operation(
                "GET",
                get_schema,
                "Read a schema, byte for byte",
                (Reply(200, "A JSON Schema (2020-12).", "JsonObject"),),
                reasons=("NOT_FOUND",),
            ),
        ),
        exists=_exists,
    ),
)
