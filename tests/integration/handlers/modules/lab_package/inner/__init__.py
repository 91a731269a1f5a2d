"""A function in it."""

from typing import Any


def hello(inputs: dict[str, Any], ctx: Any) -> Any:
    return "hello"
