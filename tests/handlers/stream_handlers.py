"""Handlers that yield, print and tell metrics, each in one way."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from triggerflow_adapter_sdk import Outputs

pulled = 0
"""How far the last endless generator came."""
closed = threading.Event()


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
    closed.clear()
    try:
        while True:
            yield "x"
    finally:
        closed.set()


def was_closed(inputs: dict[str, Any], ctx: Any) -> bool:
    return closed.wait(5)


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
