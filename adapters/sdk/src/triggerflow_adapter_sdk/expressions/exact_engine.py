"""jsonata-python, mended: the slower engine, for inputs with integers that no double holds.

Loaded by `child.py` from its own file, as that imports nothing of ours. Version 0.7 makes doubles of integers that only
pass through a function, sums integers exactly, cuts `5.5 % 2` to 1 and writes text as ASCII; here each is the other way
round, as in the original.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from jsonata.functions import Functions
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

_convert = Utils.convert_number
_compute = Jsonata.evaluate_numeric_expression
_string = Functions.string


def compile_exact(text: str, refuse_eval: Callable[..., Any]) -> Callable[[Any], Any]:
    """A function from inputs to the engine's own result."""
    compiled = Jsonata(text)
    compiled.register_lambda("eval", refuse_eval)
    evaluate: Callable[[Any], Any] = compiled.evaluate
    return evaluate


def _keep_integers(number: Any) -> Any:
    return number if type(number) is int else _convert(number)


def _remainder(self: Any, left: Any, right: Any, op: str) -> Any:
    if op == "%" and Utils.is_numeric(left) and Utils.is_numeric(right):
        return _convert(math.fmod(float(left), float(right)))
    return _compute(self, left, right, op)


def _total(numbers: Sequence[Any] | None) -> Any:
    if numbers is None:
        return None
    result = 0.0
    for number in numbers:
        result += float(number)
    return _convert(result)


def _mean(numbers: Sequence[Any] | None) -> Any:
    return None if not numbers else _convert(float(_total(numbers)) / len(numbers))


def _written(arg: Any, prettify: Any = None) -> Any:
    if isinstance(arg, Utils.JList) and arg.outer_wrapper:
        arg = arg[0]
    if isinstance(arg, bool) or arg is None or arg is Utils.NULL_VALUE or Utils.is_function(arg):
        return _string(arg, prettify)
    if isinstance(arg, str):
        return arg
    if isinstance(arg, (int, float)):
        return _number(arg)
    plain = _plain(arg)
    if prettify:
        return json.dumps(plain, ensure_ascii=False, indent=2)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """A value as JSON writes it: numbers as the doubles they would be, functions as empty text."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if -(2**53) <= value <= 2**53 else _plain(float(value))
    if isinstance(value, float):
        if value.is_integer():
            return int(value) if abs(value) < 1e21 else value
        return float(f"{value:.15g}")
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if value is Utils.NULL_VALUE else ""


def _number(value: float) -> str:
    """As JavaScript writes it: fifteen digits, an exponent without leading zeros."""
    plain = _plain(value)
    text = repr(plain)
    if "e" not in text:
        return text
    digits, _, exponent = text.partition("e")
    return f"{digits}e{'-' if exponent[0] == '-' else '+'}{exponent.lstrip('+-').lstrip('0')}"


def _clone(value: Any) -> Any:
    """Not by way of text, as the engine does it: text would round."""
    if isinstance(value, dict):
        return {key: _clone(item) for key, item in value.items()}
    return [_clone(item) for item in value] if isinstance(value, list) else value


Utils.convert_number = staticmethod(_keep_integers)
Jsonata.evaluate_numeric_expression = _remainder
Functions.string, Functions.function_clone = staticmethod(_written), staticmethod(_clone)
for _name, _function in (("sum", _total), ("average", _mean), ("string", _written), ("clone", _clone)):
    Jsonata.static_frame.lookup(_name).method = _function
