"""Handlers of the golden cases that no built-in node can stand for."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

from triggerflow_adapter_sdk import HandlerError, Outputs


async def waits(inputs: Any, ctx: Any) -> None:
    """Until it is cancelled."""
    await asyncio.Event().wait()


async def passes_later(inputs: Any, ctx: Any) -> Any:
    """Its input, once what could go on without it has."""
    for _ in range(1_000):
        await asyncio.sleep(0)
    return inputs["input"]


async def says(inputs: Any, ctx: Any) -> AsyncIterator[Any]:
    """What its config lists, one after the other; fails after it in the attempts before `attempt`."""
    for value in ctx.config["values"]:
        yield value
    if ctx.attempt < ctx.config.get("attempt", 1):
        raise HandlerError("not yet", type="NotYet", retryable=True)
    if "ports" in ctx.config:
        yield Outputs(**ctx.config["ports"])


async def prints(inputs: Any, ctx: Any) -> None:
    sys.stdout.write("one\ntwo\n")
    sys.stderr.write("careful\n")


async def measures(inputs: Any, ctx: Any) -> None:
    ctx.metric("tokens", 40, "tokens")
    ctx.metric("tokens", 2, "tokens")
    ctx.metric("cost", 0.5, "USD")


async def fails(inputs: Any, ctx: Any) -> None:
    raise HandlerError(str(inputs.get("error", {}).get("message", "no good")), type=ctx.config["type"])


async def passes_soon(inputs: Any, ctx: Any) -> Any:
    """One of its inputs, after a turn of the loop."""
    await asyncio.sleep(0)
    return next(iter(inputs.values()), None)
