"""Write the OpenAPI 3.1 document from the route table the application serves. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from triggerflow_bff.components import all_schemas, ref
from triggerflow_bff.problems import KINDS
from triggerflow_bff.table import Operation, Parameter, Reply, Resource

Json = dict[str, Any]

_DESCRIPTION = (
    "Draw flows, run them, and watch them. Every answer of 400 and above is a problem (RFC 9457) with the JSON pointer "
    "of each member at fault. Checks come in this order: 403 origin, 401, 404, 405, 428, 412, 413, 415, 400, 422, 409."
)
_HEADERS: Json = {
    "ETag": {"description": "Names this state; send it back as If-Match.", "schema": {"type": "string"}},
    "Location": {"description": "Where it is.", "schema": {"type": "string"}},
    "Set-Cookie": {"description": "The session.", "schema": {"type": "string"}},
}
SESSION: Json = {
    "in": "cookie",
    "name": "tfcanvas_<port>",
    "description": "Set by the link that the server prints at its start.",
}
TOKEN: Json = {"type": "http", "scheme": "bearer", "description": "The text of $TFCANVAS_HOME/token."}
_ANY = ("FORBIDDEN", "INTERNAL", "UNAVAILABLE", "DEADLINE")
_OF_A_BODY = ("TOO_SLOW", "TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE", "BAD_JSON", "INVALID")
_CONVERTOR = re.compile(r":[a-z]+\}")
_IN_PATH = re.compile(r"\{([A-Za-z]+)\}")


def document(routes: Sequence[Resource]) -> Json:
    """The whole document. Raises ValueError for a route that nobody documented."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "TriggerFlow Canvas", "version": "1.0.0", "description": _DESCRIPTION},
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "security": [{"session": []}, {"token": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(resource.tag for resource in routes)],
        "paths": {shown_path(resource): _path(resource) for resource in routes},
        "components": {
            "schemas": all_schemas(),
            "securitySchemes": {"session": {"type": "apiKey", **SESSION}, "token": TOKEN},
        },
    }


def shown_path(resource: Resource) -> str:
    """The path without the router's convertors."""
    return _CONVERTOR.sub("}", resource.path)


def path_parameters(resource: Resource) -> list[str]:
    """The names in its path."""
    return _IN_PATH.findall(shown_path(resource))


def reasons(resource: Resource, operation: Operation) -> list[str]:
    """Every problem a caller may get, in the order of their statuses."""
    found = {*operation.reasons, *_ANY}
    if not resource.open:
        found.add("UNAUTHENTICATED")
    if operation.body is not None:
        found.update(_OF_A_BODY)
    return sorted(found, key=lambda reason: (KINDS[reason].status, reason))


def _path(resource: Resource) -> Json:
    path: Json = {}
    names = path_parameters(resource)
    if names:
        path["parameters"] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string", "format": "uuid"} if name.endswith("Id") else {"type": "string"},
            }
            for name in names
        ]
    for operation in resource.operations:
        path[operation.method.lower()] = _operation(resource, operation)
    return path


def _operation(resource: Resource, operation: Operation) -> Json:
    refused = reasons(resource, operation)
    if not operation.summary or not (operation.replies or operation.reasons):
        raise ValueError(f"{operation.method} {resource.path} has no documentation")
    shown: Json = {
        "operationId": _operation_id(operation),
        "summary": operation.summary,
        "tags": [resource.tag],
        "responses": {**_replies(operation.replies), **_problems(operation, refused)},
    }
    if operation.description:
        shown["description"] = operation.description
    if operation.parameters:
        shown["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.body is not None:
        shown["requestBody"] = {
            "required": operation.body_required,
            "content": {"application/json": {"schema": _known(operation.body)}},
        }
    if resource.open:
        shown["security"] = []
    return shown


def _operation_id(operation: Operation) -> str:
    head, *rest = operation.handler.__name__.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _replies(replies: Iterable[Reply]) -> Json:
    shown: Json = {}
    for reply in replies:
        answer: Json = {"description": reply.description}
        if reply.headers:
            answer["headers"] = {name: _HEADERS[name] for name in reply.headers}
        if reply.schema is not None:
            answer["content"] = {
                media_type: {"schema": _known(schema)} for media_type, schema in reply.media_types().items() if schema
            }
        elif reply.media_type != "application/json":
            types = (reply.media_type, *reply.also)
            answer["content"] = {media_type: {"schema": {"type": "string"}} for media_type in types}
        shown[str(reply.status)] = answer
    return shown


def _problems(operation: Operation, refused: Sequence[str]) -> Json:
    by_status: dict[int, list[str]] = {}
    for reason in refused:
        by_status.setdefault(KINDS[reason].status, []).append(reason)
    content = {"application/problem+json": {"schema": ref("Problem")}}
    shown: Json = {}
    for status, names in by_status.items():
        page = {"text/html": {"schema": {"type": "string"}}} if status in operation.told_as_page else {}
        answer: Json = {"description": " or ".join(f"`{name}`" for name in names), "content": {**content, **page}}
        if status == 412:
            answer["headers"] = {"ETag": _HEADERS["ETag"]}
        if status in (429, 503):
            answer["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
        shown[str(status)] = answer
    return shown


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _known(name: str) -> Json:
    if name not in all_schemas():
        raise ValueError(f"no schema is called {name}")
    return ref(name)
