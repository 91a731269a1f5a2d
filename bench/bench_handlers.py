"""The handlers that the bench runs; `step` is also what stock TriggerFlow runs."""

from __future__ import annotations

import asyncio
import time
from typing import Any


async def step(inputs: dict[str, Any], ctx: Any) -> int:
    """n + 1."""
    return int(inputs["input"]) + 1


def step_sync(inputs: dict[str, Any], ctx: Any) -> int:
    """n + 1, on a thread."""
    return int(inputs["input"]) + 1


async def tenth(inputs: dict[str, Any], ctx: Any) -> int:
    """100 ms of waiting."""
    await asyncio.sleep(0.1)
    return 1


async def stamp(inputs: dict[str, Any], ctx: Any) -> float:
    """20 ms of waiting, then the moment of returning on the machine's monotonic clock."""
    await asyncio.sleep(0.02)
    return time.monotonic()


async def gather(inputs: dict[str, Any], ctx: Any) -> int:
    """How many inputs came together."""
    return len(inputs)
