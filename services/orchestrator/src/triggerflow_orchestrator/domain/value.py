"""Hold one JSON value with its compact text, and say whether a handler's result is JSON at all.

Rules: CONTRACT section 3 "Handlers" (what counts as JSON) and section 1 "Large values".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import orjson

INLINE_BYTES: Final = 64 * 1024
# What one port may carry. Above it a value belongs into storage of its own, and a link to it into the run.
MOST_BYTES: Final = 16 * 1024 * 1024
PREVIEW_CHARACTERS: Final = 200
# Each reference in a value is a file of its own; a value of thousands of them would stop the writer for everyone.
MOST_MARKS: Final = 64
_ORJSON_DEEPEST: Final = 254
_DEEPEST: Final = 250
# Of a port, so that there is room for what events, pages and the inputs of sub-flows put around its value.
_DEEPEST_OF_PORT: Final = 200
_INT_MIN: Final = -(2**63)
_INT_MAX: Final = 2**63 - 1
_LONG_NUMBER: Final = re.compile(rb"[0-9]{19}")
_MARK: Final = "$value"
_MARK_TEXT: Final = b'"$value"'


class NotJson(Exception):
    """A handler gave what JSON cannot hold. The message says where and what. Never retried."""


@dataclass(frozen=True, slots=True)
class Value:
    """A JSON value and its compact UTF-8 text. `plain` is never mutated; `fresh` hands out copies."""

    plain: Any
    text: bytes

    def fresh(self) -> Any:
        """The value for a handler to keep: a copy of its own where it could be mutated."""
        return orjson.loads(self.text) if isinstance(self.plain, dict | list) else self.plain


NULL: Final = Value(None, b"null")

Spill = Callable[[bytes], str]
"""Stores the compact text of a large value and returns its reference."""


def unfit(port: str, value: Value) -> tuple[str, str] | None:
    """Type and message of the failure where a port may not carry this value."""
    if len(value.text) > MOST_BYTES:
        said = f"{len(value.text)} bytes of JSON, and a port may carry {MOST_BYTES}. Store it and pass a link."
        return "ValueTooLarge", f"port {port}: {said}"
    if _too_deep(value):
        said = f"more than {_DEEPEST_OF_PORT} lists and objects inside each other. Pass a flatter value."
        return "NotJson", f"port {port}: {said}"
    return None


def _too_deep(value: Value) -> bool:
    if value.text.count(b"[") + value.text.count(b"{") <= _DEEPEST_OF_PORT:
        return False
    # orjson counts for us, in C: inside so many lists it reaches its own end.
    within = value.plain
    for _ in range(_ORJSON_DEEPEST - _DEEPEST_OF_PORT):
        within = [within]
    try:
        orjson.dumps(within)
    except TypeError:
        return True
    return False


def encode(value: Any) -> Value:
    """Take a handler's result. Raises NotJson, naming the place, for all that is not JSON."""
    kind = type(value)
    if value is None:
        return NULL
    if kind is dict or kind is list:
        return _encode_container(value)
    if kind is str or kind is int or kind is float or kind is bool:
        _check(value)
        try:
            return Value(value, orjson.dumps(value))
        except TypeError as error:
            raise NotJson(f"the result holds text that is not Unicode: {error}") from error
    _check(value)
    return _normalised(value)


def as_value(value: Any) -> Value:
    """A token's value, or a port's default, which the plan holds as plain JSON."""
    return value if isinstance(value, Value) else encode(value)


def plain_of(value: Any) -> Any:
    """The JSON of either."""
    return value.plain if isinstance(value, Value) else value


def object_of(members: Mapping[str, Value]) -> Value:
    """The object of these values, not encoded again."""
    text = orjson.dumps({key: orjson.Fragment(value.text) for key, value in members.items()})
    return Value({key: value.plain for key, value in members.items()}, text)


def list_of(values: Iterable[Value]) -> Value:
    """The list of these values, not encoded again."""
    listed = list(values)
    return Value([value.plain for value in listed], b"[" + b",".join([value.text for value in listed]) + b"]")


def _encode_container(value: Any) -> Value:
    try:
        text = orjson.dumps(value)
        copy = orjson.loads(text)
    except (TypeError, ValueError, RecursionError):
        _check(value)
        return _normalised(value)
    # All in C: whatever orjson would change (NaN, UUIDs, enums, tuples) makes the copy unequal.
    if copy == value and b"\\u0000" not in text and _LONG_NUMBER.search(text) is None:
        return Value(copy, text)
    _check(value)
    return _normalised(value)


def _normalised(value: Any) -> Value:
    try:
        text = orjson.dumps(value)
    except TypeError as error:
        raise NotJson(f"the result cannot be written as JSON: {error}") from error
    return Value(orjson.loads(text), text)


def _check(root: Any) -> None:
    pending: list[tuple[Any, str, int]] = [(root, "", 0)]
    while pending:
        value, place, depth = pending.pop()
        if value is None or isinstance(value, bool):
            continue
        if isinstance(value, str):
            _check_text(value, place)
        elif isinstance(value, int):
            if not _INT_MIN <= value <= _INT_MAX:
                raise NotJson(f"the integer at {place or 'the top'} does not fit 64 bits")
        elif isinstance(value, float):
            if not isfinite(value):
                raise NotJson(f"the number at {place or 'the top'} is {value}, which JSON cannot hold")
        elif isinstance(value, dict):
            if depth >= _DEEPEST:
                raise NotJson(f"the result nests deeper than {_DEEPEST} lists and objects")
            for key, member in value.items():
                if not isinstance(key, str):
                    raise NotJson(f"the key {key!r} at {place or 'the top'} is {type(key).__name__}, not text")
                _check_text(key, place)
                pending.append((member, f"{place}/{key}", depth + 1))
        elif isinstance(value, list | tuple):
            if depth >= _DEEPEST:
                raise NotJson(f"the result nests deeper than {_DEEPEST} lists and objects")
            pending.extend((member, f"{place}/{index}", depth + 1) for index, member in enumerate(value))
        else:
            raise NotJson(
                f"the value at {place or 'the top'} is {type(value).__name__}; "
                "a result is made of dict, list, tuple, str, int, float, bool and None"
            )


def _check_text(text: str, place: str) -> None:
    if "\0" in text:
        raise NotJson(f"the text at {place or 'the top'} holds U+0000")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise NotJson(f"the text at {place or 'the top'} holds a lone surrogate") from error


def reference(text: bytes, ref: str) -> dict[str, Any]:
    """The form in which a large value appears everywhere: CONTRACT section 1."""
    preview = text[: PREVIEW_CHARACTERS * 4].decode(errors="ignore")[:PREVIEW_CHARACTERS]
    return {_MARK: ref, "bytes": len(text), "preview": preview}


def shown(value: Value, spill: Spill) -> bytes:
    """The compact text in which a value appears outside: itself, or with references in place."""
    if len(value.text) > INLINE_BYTES:
        return orjson.dumps(reference(value.text, spill(value.text)))
    marks = value.text.count(_MARK_TEXT)
    if not marks:
        return value.text
    if marks > MOST_MARKS:
        return orjson.dumps(reference(value.text, spill(value.text)))
    return orjson.dumps(_with_marks_replaced(value.plain, spill))


def _with_marks_replaced(value: Any, spill: Spill) -> Any:
    if isinstance(value, dict):
        if _MARK in value:
            text = orjson.dumps(value)
            return reference(text, spill(text))
        return {key: _with_marks_replaced(member, spill) for key, member in value.items()}
    if isinstance(value, list):
        return [_with_marks_replaced(member, spill) for member in value]
    return value


def restored(shape: Any, load: Callable[[str], bytes]) -> Any:
    """The value behind what `shown` wrote. Every object with the key `$value` is a reference."""
    if isinstance(shape, dict):
        if _MARK in shape:
            return orjson.loads(load(shape[_MARK]))
        return {key: restored(member, load) for key, member in shape.items()}
    if isinstance(shape, list):
        return [restored(member, load) for member in shape]
    return shape


def references(shape: Any) -> list[str]:
    """Every reference in what `shown` wrote."""
    if isinstance(shape, dict):
        if _MARK in shape:
            return [shape[_MARK]]
        return [ref for member in shape.values() for ref in references(member)]
    if isinstance(shape, list):
        return [ref for member in shape for ref in references(member)]
    return []


def fresh_inputs(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs for a handler to keep. Values come from tokens; a port's default comes as plain JSON."""
    return {
        port: value.fresh()
        if isinstance(value, Value)
        else (orjson.loads(orjson.dumps(value)) if isinstance(value, dict | list) else value)
        for port, value in inputs.items()
    }


def object_text(members: Mapping[str, bytes]) -> str:
    """One JSON object of members that are JSON already."""
    return orjson.dumps({key: orjson.Fragment(text) for key, text in members.items()}).decode() if members else "{}"
