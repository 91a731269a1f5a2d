"""Where a config holds `$expr` and `$env`, and what is wrong with how it does. Pure; compiles, never evaluates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from triggerflow_adapter_sdk.expressions.jsonata import compile_problem
from triggerflow_adapter_sdk.pointers import Path, matches, parse_pattern

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PRINTABLE = re.compile(r"[\x20-\x7e]*\Z")


@dataclass(frozen=True, slots=True)
class Expression:
    """`{"$expr": text}` at `path`."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class EnvironmentText:
    """`{"$env": name, "prefix": prefix}` at `path`."""

    path: Path
    name: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A problem of form. `literal_secret`: what stands at a secret place is no reference to the environment."""

    path: Path
    message: str
    literal_secret: bool = False


Marker = Expression | EnvironmentText | Misplaced


class Marks:
    """Which places of a handler's config are expressions themselves, secrets, or header maps."""

    __slots__ = ("_expressions", "_headers", "_secrets")

    def __init__(self, expressions: Mapping[str, str], secrets: tuple[str, ...], headers: tuple[str, ...]) -> None:
        self._expressions = [(parse_pattern(pattern), language) for pattern, language in expressions.items()]
        self._secrets = [parse_pattern(pattern) for pattern in secrets]
        self._headers = [parse_pattern(pattern) for pattern in headers]

    def language(self, path: Path) -> str | None:
        """The language of a field that is an expression itself."""
        return next((language for pattern, language in self._expressions if matches(pattern, path)), None)

    def is_secret(self, path: Path) -> bool:
        """Whether only the environment may fill this place."""
        if any(matches(pattern, path) for pattern in self._secrets):
            return True
        return self._is_header(path) and str(path[-1]).strip().lower() in SECRET_HEADERS

    def takes_environment(self, path: Path) -> bool:
        """Whether `$env` may stand here."""
        return self._is_header(path) or any(matches(pattern, path) for pattern in self._secrets)

    def _is_header(self, path: Path) -> bool:
        return bool(path) and any(matches(pattern, path[:-1]) for pattern in self._headers)

    def scan(self, config: Any) -> Iterator[Marker]:
        """Every marker and every misuse of one, in document order."""
        yield from self._scan((), config)

    def environment_places(self, config: Any) -> Iterator[tuple[Path, Any]]:
        """Every place of this config that the environment may fill, and what stands there."""
        for pattern in self._secrets:
            yield from _expand((), config, pattern)
        for pattern in self._headers:
            for path, headers in _expand((), config, pattern):
                if isinstance(headers, dict):
                    yield from (((*path, name), value) for name, value in headers.items())

    def _scan(self, path: Path, value: Any) -> Iterator[Marker]:
        if self.language(path) is not None:
            return
        if isinstance(value, dict):
            if "$env" in value:
                yield self._environment(path, value)
                return
            if path and value.keys() == {"$expr"}:
                yield self._expression(path, value["$expr"])
                return
        if self.is_secret(path):
            yield Misplaced(
                path, 'A secret belongs here. Name the variable that holds it: {"$env": "NAME"}.', literal_secret=True
            )
            return
        if isinstance(value, dict):
            for key, item in value.items():
                yield from self._scan((*path, key), item)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._scan((*path, index), item)

    def _environment(self, path: Path, value: Mapping[str, Any]) -> Marker:
        if not self.takes_environment(path):
            return Misplaced(path, "$env may stand only in secret fields and header values.")
        name, prefix = value["$env"], value.get("prefix", "")
        if not isinstance(name, str) or value.keys() - {"$env", "prefix"} or not isinstance(prefix, str):
            message = '$env takes the form {"$env": "NAME", "prefix": "text"}.'
            return Misplaced(path, message, literal_secret=self.is_secret(path))
        if not _NAME.match(name):
            return Misplaced(
                (*path, "$env"),
                "This is no name of an environment variable. Use letters, digits and underscores, such as API_KEY.",
            )
        if not _PRINTABLE.match(prefix):
            return Misplaced((*path, "prefix"), "The prefix may hold printable ASCII characters only.")
        return EnvironmentText(path, name, prefix)

    def _expression(self, path: Path, text: Any) -> Marker:
        if self.is_secret(path):
            message = 'A secret belongs here, and no expression. Name the variable that holds it: {"$env": "NAME"}.'
            return Misplaced(path, message, literal_secret=True)
        if not isinstance(text, str):
            return Misplaced((*path, "$expr"), "An expression must be text.")
        problem = compile_problem(text)
        return Expression(path, text) if problem is None else Misplaced((*path, "$expr"), problem)


def _expand(path: Path, value: Any, pattern: tuple[str, ...]) -> Iterator[tuple[Path, Any]]:
    if not pattern:
        yield path, value
        return
    members: Iterable[tuple[str | int, Any]]
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    else:
        return
    for key, item in members:
        if pattern[0] in ("*", str(key)):
            yield from _expand((*path, key), item, pattern[1:])
