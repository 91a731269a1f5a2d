"""CEL by the CEL project's own runtime: in this process where the work is bounded, else in a child process.

The runtime ends a run by a budget of iterations, but one iteration may compare or hand over all of the data. So large
data, and loops over data that is not small, go where a clock can end them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from triggerflow_adapter_sdk.errors import ExpressionFailed, NotBoolean
from triggerflow_adapter_sdk.expressions.pool import current_pool

MAX_LENGTH = 65_536
# Compact JSON of the inputs, in bytes: up to here an expression runs in this process (loops up to the second).
_SMALL = 65_536
_SMALL_FOR_LOOPS = 4_096
# The same where the answer is needed at once, and there is no child process to give it.
_MOST_AT_ONCE = 1_048_576
_MOST_AT_ONCE_FOR_LOOPS = 65_536

_LOOPS = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter|existsOne|sortBy|transformList|transformMap)\s*\(")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RESERVED = frozenset(
    {
        *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop"),
        *("namespace", "null", "package", "return", "true", "var", "void", "while"),
    }
)


def variable_names(input_keys: Iterable[str]) -> tuple[str, ...]:
    """The variables of a node's expressions: its input ports, and `inputs`, the whole."""
    keys = sorted({key for key in input_keys if _IDENTIFIER.match(key) and key not in _RESERVED} | {"inputs"})
    return tuple(keys)


@lru_cache(maxsize=1_024)
def _compiled(text: str, names: tuple[str, ...]) -> Any:
    # Loaded at the first condition: the runtime takes about 20 ms.
    from cel_expr_python import cel

    if len(text) > MAX_LENGTH:
        raise ExpressionFailed(f"An expression has at most {MAX_LENGTH} characters.")
    environment = cel.NewEnv(variables=dict.fromkeys(names, cel.Type.DYN))
    try:
        return environment.compile(text)
    except RuntimeError as refused:
        # Numbers compare across types when they run, but `double(x) > 1` is refused by the type checker.
        if "no matching overload" not in str(refused) or "undeclared reference" in str(refused):
            raise ExpressionFailed(_message(refused)) from None
    try:
        return environment.compile(text, disable_check=True)
    except RuntimeError as refused:
        raise ExpressionFailed(_message(refused)) from None


# "ERROR: <input>:1:23: Syntax error: …", then the text again and an arrow under it, for each error found.
_PLACE: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?(.*)")
_WANTED: Final = re.compile(r"\s+expecting (\{.*\}|'.*'|<EOF>)$")
# What a parser says, in words for people.
_WORDS: Final = (
    (re.compile(r"^mismatched input '<EOF>'"), "it ends too early"),
    (re.compile(r"^missing ('.*') at .*"), r"\1 is missing"),
    (re.compile(r"^(?:extraneous|mismatched) input ('.*')"), r"\1 may not stand here"),
    (re.compile(r"^token recognition error at: ('.*')"), r"\1 is not understood"),
    (
        re.compile(r"^undeclared reference to ('.*?').*"),
        r"undeclared reference to \1, no variable or function here",
    ),
)


def _message(refused: RuntimeError) -> str:
    """The first error, with its place: what follows it comes of it. No colon, for that sets off the name of a field."""
    text = str(refused).removeprefix("INVALID_ARGUMENT: ").removesuffix(" [INVALID_ARGUMENT]")
    found = _PLACE.search(text)
    if found is None:
        return text.replace("<input>:", "").strip()
    line, character, said = int(found[1]), int(found[2]), _WANTED.sub("", found[3].strip().rstrip("."))
    for pattern, words in _WORDS:
        said = pattern.sub(words, said)
    place = f"line {line}, character {character}" if line > 1 else f"character {character}"
    return f"This is no CEL at {place}, {said}."


def cel_problem(text: str, names: tuple[str, ...]) -> str | None:
    """Why a text is no condition over these variables, or None. Compiles only."""
    if not text.strip():
        return "Fill this in."
    try:
        _compiled(text, names)
    except ExpressionFailed as refused:
        return str(refused)
    return None


class CelCondition:
    """One condition over a node's inputs. Raises ExpressionFailed where the text is none."""

    __slots__ = ("_compiled", "_loops", "_names", "text")

    def __init__(self, text: str, input_keys: Iterable[str]) -> None:
        self.text = text
        self._names = variable_names(input_keys)
        self._compiled = _compiled(text, self._names)
        self._loops = _LOOPS.search(text) is not None

    async def evaluate(self, inputs: Mapping[str, Any]) -> bool:
        """True or false. Raises ExpressionFailed, and NotBoolean where the value is neither."""
        kind, value = await self.value(inputs)
        if kind != "BOOL":
            raise NotBoolean(f"a condition is true or false, and this is {_KINDS.get(kind, kind.lower())}")
        return bool(value)

    async def value(self, inputs: Mapping[str, Any]) -> tuple[str, Any]:
        """The kind of the value, such as BOOL, and where it is a boolean, text or a number, the value. Raises
        ExpressionFailed."""
        variables = {name: inputs[name] for name in self._names if name in inputs and name != "inputs"}
        variables["inputs"] = inputs
        if len(orjson.dumps(inputs)) > (_SMALL_FOR_LOOPS if self._loops else _SMALL):
            answer = await current_pool().evaluate("c", ",".join(self._names) + "\n" + self.text, variables)
            kind, value = answer["type"], answer["value"]
        else:
            kind, value = self._here(variables)
        if kind == "ERROR":
            raise ExpressionFailed(str(value))
        return kind, value

    def at_once(self, inputs: Mapping[str, Any]) -> bool:
        """`evaluate`, in this process or not at all. Raises ExpressionFailed where a child process is needed for it."""
        if len(orjson.dumps(inputs)) > (_SMALL_FOR_LOOPS if self._loops else _SMALL):
            raise ExpressionFailed("the inputs are too large to be looked at here")
        return self.decide(inputs)

    def decide(self, inputs: Mapping[str, Any]) -> bool:
        """`evaluate`, at once and in this process. Raises ExpressionFailed where the inputs are too large for that."""
        most = _MOST_AT_ONCE_FOR_LOOPS if self._loops else _MOST_AT_ONCE
        size = len(orjson.dumps(inputs))
        if size > most:
            raise ExpressionFailed(f"the inputs have {size} bytes, and this condition takes {most} at most")
        variables = {name: inputs[name] for name in self._names if name in inputs and name != "inputs"}
        return _truth(*self._here({**variables, "inputs": inputs}))

    def _here(self, variables: Mapping[str, Any]) -> tuple[str, Any]:
        try:
            result = self._compiled.eval(data=variables)
        except (RuntimeError, ValueError, TypeError) as refused:
            raise ExpressionFailed(str(refused)) from None
        return result.type().name(), result.value()


def _truth(kind: str, value: Any) -> bool:
    if kind == "ERROR":
        raise ExpressionFailed(str(value))
    if kind != "BOOL":
        raise NotBoolean(f"a condition is true or false, and this is {_KINDS.get(kind, kind.lower())}")
    return bool(value)


async def cel_key(text: str, inputs: Mapping[str, Any]) -> str:
    """What an expression over `inputs` tells things apart by, as compact JSON: text, a number or a boolean.

    All that gives none of these has the key `null`: a member that is absent, a list, an expression that fails.
    """
    try:
        kind, value = await CelCondition(text, ()).value(inputs)
    except ExpressionFailed:
        return "null"
    return orjson.dumps(value).decode() if kind in ("BOOL", "STRING", "INT", "DOUBLE") else "null"


_KINDS = {"NULL": "null", "NULL_TYPE": "null", "INT": "an integer", "DOUBLE": "a number", "STRING": "text"}
