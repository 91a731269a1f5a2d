"""What the soak's nodes do: tell the recorder first, then take a while, and fail where they are told to."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from typing import Any

from triggerflow_adapter_sdk import HandlerError


def _tell(ctx: Any) -> None:
    body = {
        "execution_id": ctx.execution_id,
        "activation_id": ctx.activation_id,
        "attempt": ctx.attempt,
        "key": ctx.idempotency_key,
    }
    request = urllib.request.Request(os.environ["SOAK_RECORDER"], json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=20) as answer:
        answer.read()


def work(inputs: dict[str, Any], ctx: Any) -> Any:
    """Have an effect, take `seconds`, pass on a name."""
    _tell(ctx)
    time.sleep(ctx.config["seconds"])
    return ctx.config["name"]


async def work_async(inputs: dict[str, Any], ctx: Any) -> Any:
    """The same on the loop."""
    import asyncio

    await asyncio.to_thread(_tell, ctx)
    await asyncio.sleep(ctx.config["seconds"])
    return ctx.config["name"]


def flaky(inputs: dict[str, Any], ctx: Any) -> Any:
    """Fails twice."""
    _tell(ctx)
    if ctx.attempt < 3:
        raise HandlerError(f"attempt {ctx.attempt} is too early", type="TooEarly", retryable=True)
    return ctx.attempt


def large(inputs: dict[str, Any], ctx: Any) -> Any:
    """More than stands inline."""
    _tell(ctx)
    return "x" * ctx.config["bytes"]


def fail(inputs: dict[str, Any], ctx: Any) -> Any:
    """Fails for good."""
    _tell(ctx)
    raise ValueError("as it was asked to")
