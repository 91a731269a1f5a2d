"""core:form: a page at /hooks/{path} with a field for each property of a JSON Schema; sending it starts the flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from triggerflow_adapter_sdk.pointers import Path
from triggerflow_adapter_sdk.schemas import SchemaRefused, compile_schema

from triggerflow_adapter_core.hook_path import CONFIG, PATH_SCHEMA, check_path
from triggerflow_adapter_core.limits import LIMITS_FIELDS, LIMITS_SCHEMA, check_limits
from triggerflow_adapter_core.manual import ManualTrigger

_FIELDS = "A form shows text, number, integer, boolean, a choice (enum) and files ({type: object, format: file})."


def check(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The path can be one, the schema is one, and each of its properties can be a field."""
    yield from check_path(config)
    yield from check_limits(config)
    schema = config.get("schema")
    if not isinstance(schema, dict):
        return
    at: Path = (*CONFIG, "schema")
    try:
        compile_schema(schema)
    except SchemaRefused as refused:
        yield at, f"This is no JSON Schema 2020-12: {refused}"
        return
    if schema.get("type") != "object":
        yield (*at, "type"), 'A form is of type object. Write "type": "object".'
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        yield (*at, "properties"), "A form needs at least one field. Add a property."
        return
    for name, field in properties.items():
        if not _is_field(field):
            yield (*at, "properties", name), _FIELDS


def _is_field(field: Any) -> bool:
    if not isinstance(field, dict):
        return False
    if "enum" in field:
        return all(isinstance(choice, str | int | float) for choice in field["enum"])
    kind = field.get("type")
    return kind in ("string", "number", "integer", "boolean") or (kind, field.get("format")) == ("object", "file")


HANDLER = ManualTrigger()

ENTRY: Mapping[str, Any] = {
    "reference": "core:form",
    "node": {
        "type": "trigger",
        "name": "Form",
        "description": "Starts the flow when someone fills in its page, which anybody with the address can open.",
        "handlers": {
            "main": {
                "entrypoint": "core:form",
                "config": {
                    "path": "my-form",
                    "title": "Ask us",
                    "schema": {
                        "type": "object",
                        "properties": {"question": {"type": "string", "title": "Your question", "minLength": 1}},
                        "required": ["question"],
                    },
                    "answer": "async",
                },
            }
        },
        "ports": {"outputs": [{"key": "out", "label": "Fields", "type": "object"}]},
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Form",
        "type": "object",
        "properties": {
            "path": PATH_SCHEMA,
            "title": {
                "title": "Title",
                "description": "Above the fields. Absent: the flow's name.",
                "type": "string",
                "maxLength": 200,
                "examples": ["Ask us"],
            },
            "schema": {
                "title": "Fields",
                "description": "A JSON Schema of type object: a field for each property. Format date, email or uri of "
                'text; "format": "textarea" for long text; {"type": "object", "format": "file"} for an '
                "upload of at most 5 MiB, given as {name, type, bytes, content} with content in base64.",
                "type": "object",
                "examples": [
                    {
                        "type": "object",
                        "properties": {"city": {"type": "string", "title": "City"}},
                        "required": ["city"],
                    }
                ],
            },
            "answer": {
                "title": "Answer",
                "description": "async: a page of thanks. sync: the run's outputs as soon as they are there.",
                "type": "string",
                "enum": ["async", "sync"],
                "default": "async",
                "examples": ["async", "sync"],
            },
            "limits": LIMITS_SCHEMA,
        },
        "required": ["path", "schema", "answer"],
        "additionalProperties": False,
    },
    "ui": {
        "group": "Triggers",
        "kind": "trigger",
        "icon": "list-checks",
        "order": 16,
        "summary": "/hooks/{path}",
        "keywords": ["page", "field", "upload", "submit", "ask"],
        "fields": {"/schema": {"widget": "code", "language": "json", "rows": 12}, **LIMITS_FIELDS},
    },
    "pure": False,
    "check": check,
}
