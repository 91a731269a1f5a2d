"""Handlers of the golden cases that no built-in node can stand for."""

from __future__ import annotations

import asyncio
from typing import Any


async def waits(inputs: Any, ctx: Any) -> None:
    """Until it is cancelled."""
    await asyncio.Event().wait()
