"""A handler that goes on telling until it is let go."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any


async def tick(inputs: dict[str, Any], ctx: Any) -> Any:
    """A line of the log every 20 ms, until the file of config `gate` is there."""
    lines = 0
    while not Path(ctx.config["gate"]).exists():
        ctx.log.info(f"line {lines}")
        lines += 1
        await asyncio.sleep(0.02)
    return {"lines": lines}
