"""Handlers that misbehave in one way each, or tell what they were given."""

from __future__ import annotations

import asyncio
import itertools
import os  # noqa: F401 - the tests ask for lab_handlers.os.getcwd, which is no function of this module
import sys
import time
from typing import Any

from triggerflow_adapter_sdk import HandlerError, Outputs

started: list[float] = []
constant = 42


def context(inputs: dict[str, Any], ctx: Any) -> Any:
    return {
        "inputs": inputs,
        "config": ctx.config,
        "execution_id": ctx.execution_id,
        "node_id": ctx.node_id,
        "activation_id": ctx.activation_id,
        "attempt": ctx.attempt,
        "idempotency_key": ctx.idempotency_key,
        "cancelled": ctx.cancelled,
    }


def times(inputs: dict[str, Any], ctx: Any) -> Any:
    """Fail until the attempt of config, then tell how long each wait was."""
    started.append(time.monotonic())
    if ctx.attempt < ctx.config["attempts"]:
        raise ConnectionError("not yet")
    moments = started[-ctx.attempt :]
    return [later - earlier for earlier, later in itertools.pairwise(moments)]


def later(inputs: dict[str, Any], ctx: Any) -> Any:
    """Ask to be called again after a while of its own."""
    started.append(time.monotonic())
    if ctx.attempt == 1:
        raise HandlerError("later", type="Later", retryable=True, retry_after=ctx.config["seconds"])
    return started[-1] - started[-2]


def not_again(inputs: dict[str, Any], ctx: Any) -> Any:
    raise HandlerError("no use", type="NoUse", retryable=False)


async def attempt_one_hangs(inputs: dict[str, Any], ctx: Any) -> Any:
    if ctx.attempt == 1:
        await asyncio.sleep(60)
    return ctx.attempt


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("even this fails")


class Outer:
    class Inner(Exception):
        pass


def recursion(depth: int) -> int:
    return 1 + recursion(depth + 1)


def misbehave(inputs: dict[str, Any], ctx: Any) -> Any:
    """Raise or return what config names."""
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    deep: list[Any] = []
    for _ in range(50_000):
        deep = [deep]
    what: Any = {
        "SystemExit": lambda: sys.exit(3),
        "KeyboardInterrupt": lambda: _raise(KeyboardInterrupt()),
        "GeneratorExit": lambda: _raise(GeneratorExit()),
        "CancelledError": lambda: _raise(asyncio.CancelledError()),
        "StopIteration": lambda: _raise(StopIteration("s")),
        "RecursionError": lambda: recursion(0),
        "Unprintable": lambda: _raise(Unprintable()),
        "Inner": lambda: _raise(Outer.Inner("nested")),
        "large": lambda: _raise(ValueError("x" * 1_000_000)),
        "surrogate": lambda: _raise(ValueError("lone \ud800 and null \x00")),
        "cyclic": lambda: cyclic,
        "deep": lambda: deep,
        "bytes": lambda: b"bytes",
        "int keys": lambda: {1: "one"},
        "infinity": lambda: {"x": [float("inf")]},
        "null character": lambda: "a\x00b",
        "null in key": lambda: {"a\x00": 1},
        "lone surrogate": lambda: ["\ud800"],
        "surrogate key": lambda: {"\udfff": 1},
        "2**63": lambda: 2**63,
        "-2**63-1": lambda: -(2**63) - 1,
        "complex": lambda: 1j,
        "generator": lambda: (i for i in range(3)),
        "object": object,
        "function": lambda: misbehave,
        "set": lambda: {1},
        "none key": lambda: {None: 1},
    }[ctx.config["what"]]
    return what()


async def misbehave_async(inputs: dict[str, Any], ctx: Any) -> Any:
    return misbehave(inputs, ctx)


def _raise(error: BaseException) -> None:
    raise error


def results(inputs: dict[str, Any], ctx: Any) -> Any:
    return {
        "list": [1, 2.5, True, None, "é"],
        "tuple": (1, (2, ())),
        "ends": [2**63 - 1, -(2**63)],
        "nested": {"": {"a b": []}},
    }


def outputs(inputs: dict[str, Any], ctx: Any) -> Any:
    """Light the ports of config."""
    return Outputs(**ctx.config["lit"])


def plain(inputs: dict[str, Any], ctx: Any) -> Any:
    return "plain"


def delay(inputs: dict[str, Any], ctx: Any) -> Any:
    time.sleep(ctx.config["seconds"])
    return ctx.config.get("value", "delayed")


def many_lines(inputs: dict[str, Any], ctx: Any) -> Any:
    time.sleep(ctx.config.get("wait", 0))
    text = "x" * ctx.config["size"]
    for number in range(ctx.config["lines"]):
        ctx.log.info(f"{number:06d} {text}")
    return ctx.config["lines"]


def steady(inputs: dict[str, Any], ctx: Any) -> Any:
    """A line every few milliseconds."""
    for number in range(ctx.config["lines"]):
        ctx.log.info(f"line {number}")
        time.sleep(ctx.config.get("pause", 0.01))
    return None
