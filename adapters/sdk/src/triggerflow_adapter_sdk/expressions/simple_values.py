"""What the simple part of JSONata means: functions from the inputs object to a value, for `simple.py` to compose.

Where types ask for JSONata's finer coercions, or there is an error to be told, they raise `NeedsEngine`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final


class NeedsEngine(Exception):
    """These inputs need the engine."""


UNDEFINED: Final = object()

Evaluate = Callable[[Mapping[str, Any]], Any]


def constant(value: Any) -> Evaluate:
    return lambda inputs: value


def number(value: float) -> int | float:
    """A double as JSON writes it: whole ones without a point, as long as 64 bits hold them."""
    if not math.isfinite(value):
        raise NeedsEngine
    return int(value) if value.is_integer() and -(2.0**63) <= value < 2.0**63 else value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def path(names: tuple[str, ...]) -> Evaluate:
    def walk(inputs: Mapping[str, Any]) -> Any:
        value: Any = inputs
        for index, name in enumerate(names):
            if type(value) is dict or isinstance(value, Mapping):
                value = value.get(name, UNDEFINED)
            elif type(value) is list:
                return _over_list(value, names[index:])
            else:
                return UNDEFINED
        return value

    return walk


def _over_list(items: list[Any], names: tuple[str, ...]) -> Any:
    """The rest of a path over a list: mapped, flattened by one level a step, a sequence of one its item."""
    sequence = items
    for index, name in enumerate(names):
        found = [value for value in (_lookup(item, name) for item in sequence) if value is not UNDEFINED]
        if index == len(names) - 1 and len(found) == 1 and isinstance(found[0], list):
            return found[0]
        sequence = []
        for value in found:
            if isinstance(value, list):
                sequence.extend(value)
            else:
                sequence.append(value)
    if not sequence:
        return UNDEFINED
    return sequence[0] if len(sequence) == 1 else sequence


def _lookup(item: Any, name: str) -> Any:
    if isinstance(item, dict):
        return item.get(name, UNDEFINED)
    if isinstance(item, list):
        # A list right inside a list: rare, and its flattening is the engine's to decide.
        raise NeedsEngine
    return UNDEFINED


def negated(operand: Evaluate) -> Evaluate:
    def negate(inputs: Mapping[str, Any]) -> Any:
        value = operand(inputs)
        if value is UNDEFINED:
            return UNDEFINED
        if not _is_number(value):
            raise NeedsEngine
        return number(-float(value))

    return negate


def binary(op: str, left: Evaluate, right: Evaluate) -> Evaluate:
    match op:
        case "and" | "or":
            return _logical(op, left, right)
        case "&":
            return lambda inputs: _text(left(inputs)) + _text(right(inputs))
        case "=" | "!=":
            return _equality(op, left, right)
        case "<" | "<=" | ">" | ">=":
            return _comparison(op, left, right)
    return _arithmetic(op, left, right)


def _logical(op: str, left: Evaluate, right: Evaluate) -> Evaluate:
    decisive = op == "or"

    def decide(inputs: Mapping[str, Any]) -> Any:
        first = _truth(left(inputs))
        return decisive if first is decisive else _truth(right(inputs))

    return decide


def _truth(value: Any) -> bool:
    if value is True:
        return True
    if value is False or value is UNDEFINED or value is None:
        return False
    raise NeedsEngine


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is UNDEFINED:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    # Longer numbers and fractions are written by JSONata's own rules.
    if isinstance(value, int) and abs(value) < 10**15:
        return str(value)
    raise NeedsEngine


def _equality(op: str, left: Evaluate, right: Evaluate) -> Evaluate:
    def equal(inputs: Mapping[str, Any]) -> Any:
        a, b = left(inputs), right(inputs)
        if a is UNDEFINED or b is UNDEFINED or isinstance(a, (list, dict)) or isinstance(b, (list, dict)):
            raise NeedsEngine
        numbers = _is_number(a) and _is_number(b)
        same = float(a) == float(b) if numbers else type(a) is type(b) and a == b
        return same if op == "=" else not same

    return equal


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _comparison(op: str, left: Evaluate, right: Evaluate) -> Evaluate:
    compare = _COMPARE[op]

    def decide(inputs: Mapping[str, Any]) -> Any:
        a, b = left(inputs), right(inputs)
        if _is_number(a) and _is_number(b):
            return compare(float(a), float(b))
        if isinstance(a, str) and isinstance(b, str) and a.isascii() and b.isascii():
            return compare(a, b)
        raise NeedsEngine

    return decide


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": math.fmod,
}  # fmt: skip


def _arithmetic(op: str, left: Evaluate, right: Evaluate) -> Evaluate:
    apply = _ARITHMETIC[op]

    def compute(inputs: Mapping[str, Any]) -> Any:
        a, b = left(inputs), right(inputs)
        if not _is_number(a) or not _is_number(b):
            if (a is UNDEFINED or _is_number(a)) and (b is UNDEFINED or _is_number(b)):
                return UNDEFINED
            raise NeedsEngine
        try:
            return number(apply(float(a), float(b)))
        except (ArithmeticError, ValueError):  # division by zero: the engine tells the error
            raise NeedsEngine from None

    return compute
