"""The part of JSONata that runs in this process: paths of names, literals, operators and constructors.

Nothing here calls a function, repeats, matches a pattern or maps a constructor over a list, so a run costs at most the
length of the expression times the size of what its paths touch. Whatever is not understood to the last detail is left
to the engine: at compile time by `NotSimple`, at run time (a type that needs JSONata's coercions, an error to be told)
by `NeedsEngine`. A property test holds this module against the engine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from triggerflow_adapter_sdk.expressions.simple_values import (
    UNDEFINED,
    Evaluate,
    NeedsEngine,
    binary,
    constant,
    negated,
    number,
    path,
)


class NotSimple(Exception):
    """The expression needs the engine."""


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)?)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<quoted>`[^`]*`)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<root>\$\$?(?![A-Za-z0-9_$]))
      | (?P<op>!=|<=|>=|[-+*/%&=<>?:.,(){}\[\]])
    )""",
    re.VERBOSE | re.DOTALL,
)
_BINDING = {
    "?": 20, "or": 25, "and": 30, "=": 40, "!=": 40, "<": 40, "<=": 40, ">": 40, ">=": 40,
    "+": 50, "-": 50, "&": 50, "*": 60, "/": 60, "%": 60,
}  # fmt: skip
_MAX_LENGTH = 4_096
_MAX_DEPTH = 40


def compile_simple(text: str) -> Evaluate:
    """A function from the inputs object to the value, UNDEFINED where there is none. Raises NotSimple."""
    if len(text) > _MAX_LENGTH:
        raise NotSimple
    parser = _Parser(_tokens(text))
    evaluate = parser.expression(0)
    if parser.peek() != ("end", ""):
        raise NotSimple
    return evaluate


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise NotSimple
        kind = match.lastgroup
        following = text[match.end() : match.end() + 1]
        # `12a`, `1.`, `a$b`: told apart by the engine's tokenizer, not here.
        if kind in ("number", "name", "quoted", "root") and (following.isalnum() or following in tuple("_$`\"'")):
            raise NotSimple
        found.append((kind, match[kind]))
        at = match.end()
    found.append(("end", ""))
    return found


class _Parser:
    """Precedence climbing over JSONata's binding powers. One parse."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def peek(self) -> tuple[str, str]:
        return self._tokens[self._at]

    def _take(self, op: str | None = None) -> tuple[str, str]:
        token = self._tokens[self._at]
        if token[0] == "end" or (op is not None and token != ("op", op)):
            raise NotSimple
        self._at += 1
        return token

    def _next_is(self, op: str) -> bool:
        return self.peek() == ("op", op)

    def expression(self, least: int) -> Evaluate:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise NotSimple
        left = self._operand()
        while True:
            kind, text = self.peek()
            power = _BINDING.get(text) if kind in ("op", "name") else None
            if power is None:
                # Anything else after an operand (a predicate, a call, a group, a sort) ends the simple part.
                if kind != "end" and (kind, text) not in _CLOSERS:
                    raise NotSimple
                break
            if power <= least:
                break
            self._take()
            left = self._choice(left) if text == "?" else binary(text, left, self.expression(power))
        self._depth -= 1
        return left

    def _choice(self, condition: Evaluate) -> Evaluate:
        yes = self.expression(0)
        no: Evaluate = constant(UNDEFINED)
        if self._next_is(":"):
            self._take()
            no = self.expression(0)

        def choose(inputs: Mapping[str, Any]) -> Any:
            verdict = condition(inputs)
            if verdict is not True and verdict is not False and verdict is not UNDEFINED:
                raise NeedsEngine
            return yes(inputs) if verdict is True else no(inputs)

        return choose

    def _operand(self) -> Evaluate:
        kind, text = self._take()
        match kind:
            case "number":
                return constant(number(float(text)))
            case "string":
                return constant(_string(text))
            case "root":
                return self._path([])
            case "quoted":
                return self._path([text[1:-1]])
            case "name":
                if text in ("true", "false", "null"):
                    if self._next_is("."):
                        raise NotSimple
                    return constant({"true": True, "false": False, "null": None}[text])
                return self._path([_field(text)])
        match text:
            case "-":
                return negated(self.expression(70))
            case "(":
                inner = self.expression(0)
                self._take(")")
                # A block may be a path's first step, a callee, …
                if self._next_is("."):
                    raise NotSimple
                return inner
            case "[":
                return self._array()
            case "{":
                return self._object()
        raise NotSimple

    def _path(self, names: list[str]) -> Evaluate:
        while self._next_is("."):
            self._take()
            kind, text = self._take()
            if kind not in ("name", "quoted"):
                raise NotSimple
            names.append(text[1:-1] if kind == "quoted" else _field(text))
        return path(tuple(names))

    def _array(self) -> Evaluate:
        items: list[tuple[bool, Evaluate]] = []
        while not self._next_is("]"):
            if items:
                self._take(",")
            is_array = self._next_is("[")
            start = self._at
            item = self.expression(0)
            # `[1] = [1]` starts with a bracket too, but is no constructed array.
            items.append((is_array and self._closes(start), item))
        self._take("]")
        if self._next_is("."):
            raise NotSimple

        def build(inputs: Mapping[str, Any]) -> Any:
            result: list[Any] = []
            for constructed, item in items:
                value = item(inputs)
                if value is UNDEFINED:
                    continue
                if isinstance(value, list) and not constructed:
                    result.extend(value)
                else:
                    result.append(value)
            return result

        return build

    def _closes(self, start: int) -> bool:
        """Whether the bracket at `start` closes with the token just read."""
        depth = 0
        for index in range(start, self._at):
            if self._tokens[index][0] == "op":
                depth += (self._tokens[index][1] in "[({") - (self._tokens[index][1] in "])}")
            if depth == 0:
                return index == self._at - 1
        return False

    def _object(self) -> Evaluate:
        members: dict[str, Evaluate] = {}
        while not self._next_is("}"):
            if members:
                self._take(",")
            kind, text = self._take()
            if kind != "string":
                raise NotSimple
            key = _string(text)
            self._take(":")
            if key in members:
                raise NotSimple
            members[key] = self.expression(0)
        self._take("}")
        if self._next_is("."):
            raise NotSimple
        pairs = tuple(members.items())

        def build(inputs: Mapping[str, Any]) -> Any:
            result = {}
            for key, member in pairs:
                value = member(inputs)
                if value is not UNDEFINED:
                    result[key] = value
            return result

        return build


_CLOSERS = frozenset({("op", ")"), ("op", "]"), ("op", "}"), ("op", ","), ("op", ":")})


def _field(text: str) -> str:
    if text in ("and", "or", "in", "function", "true", "false", "null"):
        raise NotSimple
    return text


def _string(text: str) -> str:
    body = text[1:-1]
    if text[0] == "'":
        if "\\'" in body:
            raise NotSimple
        body = body.replace('"', '\\"') if "\\" not in body else body
    try:
        value = json.loads(f'"{body}"', strict=False)
    except ValueError:
        raise NotSimple from None
    if not isinstance(value, str) or any("\ud800" <= char <= "\udfff" for char in value):
        raise NotSimple
    return value
