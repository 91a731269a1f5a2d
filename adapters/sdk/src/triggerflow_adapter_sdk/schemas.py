"""JSON Schema 2020-12 for configs: compiled offline, every violation at the member itself, linear-time patterns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jsonschema_rs

from triggerflow_adapter_sdk.pointers import Path

ENV_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "title": "From the environment",
    "properties": {
        "$env": {"type": "string", "title": "Variable", "minLength": 1},
        "prefix": {"type": "string", "title": "Prefix", "examples": ["Bearer "]},
    },
    "required": ["$env"],
    "additionalProperties": False,
}
"""The form `{"$env": NAME, "prefix"?: text}`, to stand in `anyOf` beside the schema of the text itself."""

BLANK = "Fill this in."


class SchemaRefused(ValueError):
    """A schema that is none, or that points outside itself."""


def compile_schema(schema: Any) -> jsonschema_rs.Draft202012Validator:
    """A validator with formats asserted. Raises SchemaRefused; never reaches for the network or a file."""
    if not isinstance(schema, (dict, bool)):
        raise SchemaRefused("a schema is an object")
    try:
        return jsonschema_rs.Draft202012Validator(
            schema,
            validate_formats=True,
            offline=True,
            # The linear engine: a pattern from a flow must not freeze the process.
            pattern_options=jsonschema_rs.RegexOptions(),
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as broken:
        raise SchemaRefused(str(getattr(broken, "message", broken))) from None


# Keywords whose verdict at a value also rests on what lies deeper inside it.
_LOOKS_INSIDE = frozenset(
    {
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "const", "enum"),
        *("contains", "minContains", "maxContains", "uniqueItems", "unevaluatedItems", "unevaluatedProperties"),
    }
)


def violations(
    validator: jsonschema_rs.Draft202012Validator, instance: Any, unknown: Iterable[Path] = ()
) -> Iterator[tuple[Path, str]]:
    """`(path, message)` of each violation, surplus and missing members at their own path.

    What stands at an `unknown` path is not decided yet: nothing is said about it, nor what depends on it.
    """
    undecided = tuple(unknown)
    try:
        errors = list(validator.iter_errors(instance))
    except ValueError as unsupported:  # a key that is no text, an int beyond 64 bits
        yield (), sentence(str(unsupported))
        return
    for error in errors:
        path: Path = tuple(error.instance_path)
        keyword = str(error.schema_path[-1]) if error.schema_path else ""
        if any(path[: len(hole)] == hole for hole in undecided):
            continue
        if any(hole[: len(path)] == path for hole in undecided) and _LOOKS_INSIDE & set(map(str, error.schema_path)):
            continue
        members = _members(error, keyword)
        if members:
            for member, message in members:
                yield (*path, member), message
        else:
            yield path, _said(keyword, error)


def _said(keyword: str, error: Any) -> str:
    if keyword in ("minLength", "minItems", "minProperties") and error.instance in ("", [], {}):
        return BLANK
    if keyword in ("anyOf", "oneOf"):
        return "This fits none of the forms it may have."
    return sentence(error.message)


def sentence(message: str) -> str:
    """With a full stop, and a capital where it begins with a plain word: a path or a name is told as it is."""
    first = message.split(" ", 1)[0]
    said = message[:1].upper() + message[1:] if first.isalpha() and first.islower() else message
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _members(error: Any, keyword: str) -> list[tuple[str, str]]:
    kind = error.kind
    if keyword == "required":
        name = getattr(kind, "property", None)
        return [(str(name), BLANK)] if name is not None else []
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        surplus = getattr(kind, "unexpected", None) or ()
        return [(str(name), "There is no such setting here. Remove it.") for name in surplus]
    return []
