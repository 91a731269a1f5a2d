"""Fetch a page that may be too large for one gRPC message: ask for less until it fits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from triggerflow_chassis.errors import TooLarge


async def fitting(fetch: Callable[[int], Awaitable[Any]], size: int) -> Any:
    """The page of at most `size` items that fits. A shorter page is still right, since its token goes on from there."""
    while True:
        try:
            return await fetch(size)
        except TooLarge:
            if size == 1:
                raise
            size = max(1, size // 4)
