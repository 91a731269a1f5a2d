"""JSON pointers, and patterns of them in which `*` stands for any member."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Path = tuple[str | int, ...]


def to_pointer(path: Iterable[str | int]) -> str:
    """RFC 6901; the whole document is the empty text."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def parse_pattern(pattern: str) -> tuple[str, ...]:
    """The parts of a pointer pattern."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pattern.split("/")[1:])


def matches(pattern: tuple[str, ...], path: Path) -> bool:
    """Whether a path is one that the pattern names."""
    return len(pattern) == len(path) and all(want in ("*", str(part)) for want, part in zip(pattern, path, strict=True))


def placed(document: Any, path: Path, value: Any) -> Any:
    """The document with `value` at `path`; changes the containers on the way, which the caller owns."""
    if not path:
        return value
    at = document
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return document
