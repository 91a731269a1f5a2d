"""The handlers that the bench runs; `step` is also what stock TriggerFlow runs."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
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


async def lines(inputs: dict[str, Any], ctx: Any) -> int:
    """Log `count` lines at `perSecond` (0: as fast as they are taken), from when the file `gate` is there. Each tells
    its moment in µs and its number, as the client of `bench/fanout` reads them."""
    how = inputs["input"]
    gate, count, rate = Path(how["gate"]), int(how["count"]), float(how["perSecond"])
    filler = "x" * int(how.get("filler", 0))
    while not gate.exists():
        await asyncio.sleep(0.02)
    begun = time.monotonic()
    for number in range(count):
        early = begun + number / rate - time.monotonic() if rate else 0.0
        if early > 0 or number % 16 == 0:
            await asyncio.sleep(max(early, 0.0))
        ctx.log.info(f"t={time.time_ns() // 1000} n={number} {filler}")
    return count


async def until_there(inputs: dict[str, Any], ctx: Any) -> int:
    """Ends once there is a file at the path."""
    while not Path(inputs["input"]["path"]).exists():
        await asyncio.sleep(0.1)
    return 1
