"""JSON that came from outside: integers beyond 64 bits become doubles, NaN and broken text are refused."""

from __future__ import annotations

import re
from typing import Any

import orjson

from triggerflow_adapter_sdk.errors import ParseFailed

# What may be an integer that orjson keeps although 64 bits with a sign do not hold it.
_LONG = re.compile(r"[1-9][0-9]{18}")
_LONG_BYTES = re.compile(rb"[1-9][0-9]{18}")


def parse_json(text: str | bytes) -> Any:
    """The value. Raises ParseFailed."""
    try:
        value = orjson.loads(text.removeprefix("\ufeff") if isinstance(text, str) else text)
    except orjson.JSONDecodeError as broken:
        raise ParseFailed(f"not JSON: {broken}") from None
    long = _LONG.search(text) if isinstance(text, str) else _LONG_BYTES.search(text)
    return value if long is None else _within_64_bits(value)


def _within_64_bits(value: Any) -> Any:
    if type(value) is int:
        return value if value < 2**63 else float(value)
    if type(value) is list:
        return [_within_64_bits(item) for item in value]
    if type(value) is dict:
        return {key: _within_64_bits(item) for key, item in value.items()}
    return value
