"""JSONata: compiled once by text, run in this process where that is provably cheap, else in a child process."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonatapy

from triggerflow_adapter_sdk.errors import ExpressionFailed
from triggerflow_adapter_sdk.expressions.pool import current_pool
from triggerflow_adapter_sdk.expressions.simple import NotSimple, compile_simple
from triggerflow_adapter_sdk.expressions.simple_values import UNDEFINED, Evaluate, NeedsEngine

MAX_LENGTH = 65_536

_EVAL = re.compile(r"\$eval(?![A-Za-z0-9_])")
_IMPURE = re.compile(r"\$(?:now|millis|random|shuffle)(?![A-Za-z0-9_])")


@lru_cache(maxsize=4_096)
def compile_problem(text: str) -> str | None:
    """Why a text is no expression that may run, or None. Parses only."""
    if len(text) > MAX_LENGTH:
        return f"An expression has at most {MAX_LENGTH} characters."
    if not text.strip():
        return "Fill this in."
    # Any mention, in a string or comment too: what is never there cannot be reached in another way.
    if _EVAL.search(text):
        return "$eval is refused: an expression may not run text as code."
    try:
        jsonatapy.compile(text)
    except ValueError as refused:
        return str(refused)
    return None


def is_pure(text: str) -> bool:
    """Whether the same inputs always give the same value: no clock, no chance."""
    return _IMPURE.search(text) is None


@lru_cache(maxsize=4_096)
def _simple(text: str) -> Evaluate | None:
    try:
        return compile_simple(text)
    except (NotSimple, NeedsEngine):
        return None


class JsonataExpression:
    """One expression over an inputs object. Raises ExpressionFailed where the text is none."""

    __slots__ = ("_simple", "pure", "text")

    def __init__(self, text: str) -> None:
        problem = compile_problem(text)
        if problem is not None:
            raise ExpressionFailed(problem)
        self.text = text
        self.pure = is_pure(text)
        self._simple = _simple(text)

    async def evaluate(self, inputs: Mapping[str, Any]) -> Any:
        """The value, None where there is none. A sequence of one is its item. Raises ExpressionFailed."""
        if self._simple is not None:
            try:
                value = self._simple(inputs)
            except NeedsEngine:
                pass
            else:
                return None if value is UNDEFINED else value
        return await current_pool().evaluate("j", self.text, inputs)

    def at_once(self, inputs: Mapping[str, Any]) -> Any:
        """The same, in this process or not at all. Raises NeedsEngine where a child process is needed for it."""
        if self._simple is None:
            raise NeedsEngine
        value = self._simple(inputs)
        return None if value is UNDEFINED else value
