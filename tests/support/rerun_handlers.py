"""Handlers that note each call, and fail where a test says so."""

from __future__ import annotations

from typing import Any

CALLS: list[tuple[str, Any]] = []
"""Name and input, in the order of the calls."""
BROKEN: set[tuple[str, Any]] = set()
"""What fails: a name with an input, or with None for every input."""


async def work(inputs: Any, ctx: Any) -> Any:
    """Passes its input on."""
    name, given = ctx.config["name"], _key(inputs["input"])
    CALLS.append((name, given))
    if (name, given) in BROKEN or (name, None) in BROKEN:
        raise ValueError(f"{name} is broken")
    return inputs["input"]


def _key(value: Any) -> Any:
    return value["item"] if isinstance(value, dict) and "item" in value else str(value)
