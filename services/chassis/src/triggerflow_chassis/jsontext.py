"""Read JSON from outside strictly, and write it. The rules are those of docs/contract.md, section 1."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from triggerflow_chassis.errors import MAX_VIOLATIONS, BadJson, Invalid, Violation

MAX_DEPTH = 100
_MAX_INT = 2**63 - 1
_MIN_INT = -(2**63)

_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_NINETEEN_DIGITS = b"0" * 19
_ESCAPED_COLON = re.compile(rb"\\u003[aA]")
_ESCAPED_NUL = b"\\u0000"


def parse(body: bytes | bytearray | memoryview | str) -> Any:
    """The value of a JSON text. Raises BadJson, or Invalid with the pointers of what no store of ours can hold."""
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body)
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        # An integer of 400 digits overflows orjson, yet is a 422 like any other large integer.
        if "infinity" in str(error) and _has_long_number(data):
            _parse_slowly(data)
        raise BadJson(f"The body is not JSON: {error}.") from None
    # orjson keeps the last of equal keys and rounds large integers. Cheap scans tell, without a false "fine",
    # that neither happened; only where they cannot does the slow reading decide.
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH:
        _check_depth(value)
    if _ESCAPED_NUL in data or _has_long_number(data) or _may_repeat_keys(data, value):
        _parse_slowly(data)
    return value


def dumps(value: Any) -> str:
    """Compact JSON text."""
    return orjson.dumps(value).decode()


def canonical(value: Any) -> bytes:
    """Compact JSON with sorted keys: equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def pointer(*parts: str | int) -> str:
    """The JSON pointer (RFC 6901) of these steps. No step is the whole document, \"\"."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _has_long_number(data: bytes) -> bool:
    return _NINETEEN_DIGITS in data.translate(_DIGITS_TO_ZERO)


def _may_repeat_keys(data: bytes, value: Any) -> bool:
    # Writing the value again gives back every colon of the text, unless a repeated key took one with it. An
    # escaped colon is the one thing that could make up for the loss.
    return orjson.dumps(value).count(b":") != data.count(b":") or _ESCAPED_COLON.search(data) is not None


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return
        level = [
            child
            for container in level
            for child in (container.values() if type(container) is dict else container)
            if type(child) is dict or type(child) is list
        ]
    if level:
        raise BadJson(f"The body has more than {MAX_DEPTH} lists and objects inside each other.")


class _LargeInteger(NamedTuple):
    digits: int


def _parse_slowly(data: bytes) -> None:
    # Only judges: what passes is what orjson read.
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
        )
    except (ValueError, RecursionError) as error:
        raise BadJson(f"The body is not JSON: {error}.") from None
    _check_depth(value)
    found = list(_unstorable(value))
    if found:
        raise Invalid(found[:MAX_VIOLATIONS])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise BadJson(f"The key {json.dumps(key[:100])} stands twice in one object.")
            seen.add(key)
    return result


def _integer(text: str) -> int | _LargeInteger:
    # Nineteen digits and a sign always tell; reading thousands of digits would only cost time.
    if len(text) > 20 or not _MIN_INT <= int(text) <= _MAX_INT:
        return _LargeInteger(len(text.lstrip("-")))
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise BadJson(f"The number {text[:40]} is larger than any double.")
    return number


def _unstorable(value: Any, at: str = "") -> Iterator[Violation]:
    # The depth was checked, so this cannot recurse too deep.
    if isinstance(value, _LargeInteger):
        yield Violation(at, f"This integer of {value.digits} digits does not fit into 64 bits. Send it as text.")
    elif isinstance(value, str):
        if "\0" in value:
            yield Violation(at, "Text may not contain U+0000. Remove it.")
    elif isinstance(value, dict):
        for key, child in value.items():
            here = at + pointer(key)
            if "\0" in key:
                yield Violation(here, "A key may not contain U+0000. Remove it.")
            yield from _unstorable(child, here)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _unstorable(child, f"{at}/{index}")
