"""The member `path` of triggers that are reached at /hooks/{path}."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from triggerflow_adapter_sdk.pointers import Path

CONFIG: Final[Path] = ("handlers", "main", "config")

_PATH: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)*", re.ASCII)

PATH_SCHEMA: Final[Mapping[str, Any]] = {
    "title": "Path",
    "description": "The address is /hooks/ and this. Letters, digits, - and _, in parts divided by /. "
    "No other flow of the project may have it.",
    "type": "string",
    "minLength": 1,
    "maxLength": 200,
    "examples": ["orders", "github/push"],
}


def check_path(config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The path can be one."""
    path = config.get("path")
    if not isinstance(path, str) or not path or len(path) > 200:
        return
    if not _PATH.fullmatch(path):
        yield (
            (*CONFIG, "path"),
            "Use letters, digits, - and _, in parts divided by /, each beginning with a letter or digit.",
        )
    elif path.partition("/")[0] == "test":
        yield (*CONFIG, "path"), "Paths that begin with test are those of drafts. Choose another one."
