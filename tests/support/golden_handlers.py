"""Handlers of the golden cases that no built-in node can stand for."""

from __future__ import annotations

import asyncio
from typing import Any


async def waits(inputs: Any, ctx: Any) -> None:
    """Until it is cancelled."""
    await asyncio.Event().wait()


async def passes_later(inputs: Any, ctx: Any) -> Any:
    """Its input, once what could go on without it has."""
    for _ in range(1_000):
        await asyncio.sleep(0)
    return inputs["input"]
