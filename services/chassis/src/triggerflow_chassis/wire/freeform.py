"""Carry free-form JSON inside messages: as compact text, read strictly where a client may have written it."""

from __future__ import annotations

import math
from typing import Any

import orjson

from triggerflow_chassis import jsontext
from triggerflow_chassis.errors import BadJson, Invalid, Violation

_MAX_INT64 = 2**63 - 1
_EXACT_DOUBLE = float(2**53)


def read(text: str, at: str) -> Any:
    """The value of JSON text that a client may have written. Raises Invalid with pointers below `at`."""
    try:
        return jsontext.parse(text)
    except BadJson as error:
        raise Invalid([Violation(at, error.detail)]) from None
    except Invalid as error:
        raise Invalid([Violation(at + found.pointer, found.message) for found in error.violations]) from None


def trusted(text: str) -> Any:
    """The value of JSON text that a service of ours wrote."""
    return orjson.loads(text)


def whole(number: int | float, at: str) -> int:
    """A JSON integer, which a schema also takes as 3.0. Raises Invalid where 64 bits cannot hold it."""
    if not -_MAX_INT64 <= number <= _MAX_INT64:
        raise Invalid([Violation(at, f"{number:g} does not fit into 64 bits. Send a smaller number.")])
    return int(number)


def plain(number: float) -> int | float:
    """A double as people write it: 100, not 100.0, where nothing is lost. No integer has the sign of -0.0."""
    whole = number.is_integer() and abs(number) < _EXACT_DOUBLE and not (number == 0 and math.copysign(1, number) < 0)
    return int(number) if whole else number
