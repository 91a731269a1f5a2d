"""Break a JSON Schema one keyword at a time: from a whole instance make every instance that is wrong in one place.

Each comes with the pointer of the member itself, missing or surplus, at which an answer must stand.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WRONG_TYPE = {"string": 7, "object": [], "array": {}, "integer": 1.5, "number": "1", "boolean": "true"}


@dataclass(frozen=True)
class Broken:
    """An instance with one violation."""

    keyword: str
    pointer: str
    instance: Any

    def __str__(self) -> str:
        return f"{self.keyword}:{self.pointer or '/'}"


def broken(schema: dict[str, Any], whole: Any) -> list[Broken]:
    """All of them. Raises where the whole instance leaves a part of the schema out."""
    return [Broken(keyword, _pointer(path), _edited(whole, path, edit)) for keyword, path, edit in _walk(schema, whole)]


_DROP = object()


def _walk(schema: dict[str, Any], at: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[str, tuple[Any, ...], Any]]:
    kind = schema.get("type")
    if kind is not None:
        yield "type", path, WRONG_TYPE[kind]
        yield "null", path, None
    if "enum" in schema:
        yield "enum", path, "none of these"
        yield "enum-case", path, str(at).upper()
    if schema.get("format") == "uuid":
        for text in ("not-a-uuid", "", str(at).replace("-", ""), "{" + str(at) + "}", f"urn:uuid:{at}", f"{at} "):
            yield f"format {text[:9]!r}", path, text
    if "minimum" in schema:
        yield "minimum", path, schema["minimum"] - 1
    if "minLength" in schema:
        yield "minLength", path, ""
    if kind == "object":
        for name in schema.get("required", []):
            yield "required", (*path, name), _DROP
        for name, part in schema.get("properties", {}).items():
            assert name in at, f"the whole instance has no {name}"
            yield from _walk(part, at[name], (*path, name))
        more = schema.get("additionalProperties")
        if more is False:
            yield "additionalProperties", (*path, "sur/plus~"), "x"
        elif isinstance(more, dict):
            yield from _walk(more, next(iter(at.values())), (*path, next(iter(at))))
    elif kind == "array":
        yield from _walk(schema["items"], at[0], (*path, 0))


def _edited(whole: Any, path: tuple[Any, ...], edit: Any) -> Any:
    if not path:
        return edit
    instance = copy.deepcopy(whole)
    parent = instance
    for step in path[:-1]:
        parent = parent[step]
    if edit is _DROP:
        del parent[path[-1]]
    else:
        parent[path[-1]] = edit
    return instance


def _pointer(path: tuple[Any, ...]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
