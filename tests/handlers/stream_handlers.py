"""Handlers that yield, print and tell metrics, each in one way."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from triggerflow_adapter_sdk import HandlerError, Outputs

pulled = 0
"""How far the last endless generator came."""


async def words(inputs: dict[str, Any], ctx: Any) -> AsyncIterator[str]:
    for number in range(ctx.config["count"]):
        yield f"{number} "


def words_in_a_thread(inputs: dict[str, Any], ctx: Any) -> Iterator[str]:
    for number in range(ctx.config["count"]):
        yield f"{number} "


async def with_ports(inputs: dict[str, Any], ctx: Any) -> AsyncIterator[Any]:
    yield "left or right?"
    yield Outputs(right="right")


def with_return(inputs: dict[str, Any], ctx: Any) -> Iterator[Any]:
    yield "counting"
    return 3


async def objects(inputs: dict[str, Any], ctx: Any) -> AsyncIterator[Any]:
    yield {"step": 1}
    yield {"$value": "mine"}
    yield "done"


async def raises(inputs: dict[str, Any], ctx: Any) -> AsyncIterator[str]:
    yield f"attempt {ctx.attempt} "
    if ctx.attempt == 1:
        raise ConnectionError("broke off")
    yield "went well"


async def not_json(inputs: dict[str, Any], ctx: Any) -> AsyncIterator[Any]:
    yield object()


async def endless(inputs: dict[str, Any], ctx: Any) -> AsyncIterator[str]:
    global pulled
    pulled = 0
    while True:
        pulled += 1
        yield "x"


def endless_in_a_thread(inputs: dict[str, Any], ctx: Any) -> Iterator[str]:
    """Makes the file `told`, where one is configured, when it is closed, for whichever process runs it."""
    told = ctx.config.get("told")
    try:
        while True:
            yield "x"
    finally:
        if told is not None:
            Path(told).touch()


def prints(inputs: dict[str, Any], ctx: Any) -> str:
    print("one\ntwo")
    print("three", file=sys.stderr)
    print("four", end="")
    return "done"


def prints_much(inputs: dict[str, Any], ctx: Any) -> str:
    for _ in range(3_000):
        print("x" * 63)
    return "done"


async def speaks_in_two_halves(inputs: dict[str, Any], ctx: Any) -> AsyncIterator[str]:
    """The first half, then the second once a file of that name is there."""
    gate = Path(ctx.config["gate"])
    print("begun")
    yield "first "
    while not gate.exists():
        await asyncio.sleep(0.02)
    yield "second"


def measures(inputs: dict[str, Any], ctx: Any) -> str:
    """Costs the same in each of its attempts, of which the first fails."""
    ctx.metric("tokens", 120, "tokens")
    ctx.metric("cost", 0.25, unit="USD")
    if ctx.attempt == 1:
        raise ConnectionError("broke off")
    return "done"


async def measures_badly(inputs: dict[str, Any], ctx: Any) -> list[str]:
    told = []
    for name, value, unit in (("", 1, None), ("two words", 1, None), ("n", True, None), ("n", "1", None)):
        told.append(_refusal(ctx, name, value, unit))
    for value, unit in ((float("nan"), None), (float("inf"), None), (2**63, None), (1, ""), (1, 5)):
        told.append(_refusal(ctx, "n", value, unit))
    return told


def _refusal(ctx: Any, name: Any, value: Any, unit: Any) -> str:
    try:
        ctx.metric(name, value, unit)
    except (TypeError, ValueError) as refused:
        return str(refused)
    return "taken"


def sorts_errors(inputs: dict[str, Any], ctx: Any) -> Outputs:
    return Outputs(broken={"type": inputs["error"]["type"], "key": ctx.idempotency_key})


def raises_again(inputs: dict[str, Any], ctx: Any) -> Any:
    raise HandlerError(f"no good: {inputs['error']['type']}", type="Hopeless")


async def looks_at_context(inputs: dict[str, Any], ctx: Any) -> list[dict[str, Any]]:
    """What was added to the run, once a file is there."""
    while not Path(ctx.config["gate"]).exists():
        await asyncio.sleep(0.02)
    context: list[dict[str, Any]] = ctx.interventions
    return context


def too_large(inputs: dict[str, Any], ctx: Any) -> str:
    return "x" * (16 * 1024 * 1024)


async def yields_too_much(inputs: dict[str, Any], ctx: Any) -> AsyncIterator[Any]:
    yield "small"
    large = "x" * (20 * 1024 * 1024)
    yield large if ctx.config["kind"] == "text" else {"large": large}


def six_mib(inputs: dict[str, Any], ctx: Any) -> str:
    return "x" * (6 * 1024 * 1024)


def logs_without_end(inputs: dict[str, Any], ctx: Any) -> None:
    while not ctx.cancelled:
        ctx.log.info("again")
        time.sleep(0.001)


def ignores_cancel(inputs: dict[str, Any], ctx: Any) -> str:
    """Until a file is there, whatever anybody says."""
    while not Path(ctx.config["gate"]).exists():
        time.sleep(0.02)
    return "too late"


async def ignores_cancel_on_the_loop(inputs: dict[str, Any], ctx: Any) -> str:
    while not Path(ctx.config["gate"]).exists():
        try:
            await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            continue
    return "too late"


async def talks_until_told(inputs: dict[str, Any], ctx: Any) -> AsyncIterator[str]:
    """Speak a word at a time, print and measure beside it, and end with the context that was added meanwhile."""
    print("thinking aloud")
    for number in itertools.count():
        ctx.metric("tokens", 2)
        yield f"word {number} "
        told = ctx.interventions
        if told:
            ctx.metric("cost", 0.0184, "USD")
            yield f"and then: {told[0]['value']}"
            return
        await asyncio.sleep(0.05)


def nested(inputs: dict[str, Any], ctx: Any) -> Any:
    value: Any = "the innermost"
    for _ in range(ctx.config["depth"]):
        value = [value]
    return value
