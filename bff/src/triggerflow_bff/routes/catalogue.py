"""`/handlers` and `/schemas`: what nodes there are, and what everything looks like."""

from __future__ import annotations

from triggerflow_chassis import schemas

from triggerflow_bff.answers import Answer, ok, raw
from triggerflow_bff.call import Call
from triggerflow_bff.routes.parameters import PAGE
from triggerflow_bff.table import Operation, Parameter, Reply, Resource

_HIGHEST_VERSION = 999_999_999


async def list_handlers(call: Call) -> Answer:
    page = await call.parts.registry.list_handlers(call.principal, call.query.page_size, call.query.page_token)
    return ok({"items": page.items, "nextPageToken": page.next_token or None})


async def list_schemas(call: Call) -> Answer:
    items = [
        {"name": name, "title": schemas.load(name)["title"], "id": schemas.load(name)["$id"]} for name in schemas.NAMES
    ]
    items += await call.parts.registry.list_schemas(call.principal)
    return ok({"items": items, "nextPageToken": None})


async def get_schema(call: Call) -> Answer:
    # Byte for byte the file, or what was registered: whoever compares hashes must find the same.
    return raw((await _text(call)).encode())


async def _exists(call: Call) -> None:
    await _text(call)


async def _text(call: Call) -> str:
    name = call.parameter("name")
    if name.removesuffix(".json") in schemas.NAMES:
        return schemas.text(name.removesuffix(".json"))
    version = call.query.integer("version", default=0, most=_HIGHEST_VERSION)
    return await call.parts.registry.schema_text(call.principal, name, version)


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
                "List the schemas: those of this interface, then the newest of each subject that was registered",
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
                (Reply(200, "A JSON Schema (2020-12), or the Avro schema of a topic's records.", "JsonObject"),),
                reasons=("NOT_FOUND", "BAD_PARAMETER"),
                parameters=(
                    Parameter(
                        "version",
                        "Of a registered schema. Absent: the newest.",
                        {"type": "integer", "minimum": 1, "maximum": _HIGHEST_VERSION},
                    ),
                ),
            ),
        ),
        exists=_exists,
    ),
)
