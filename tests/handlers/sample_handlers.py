"""Handlers that tests call by dotted path. They do what a test needs and nothing else."""

from __future__ import annotations

import asyncio
import os
import time
import urllib.request
from pathlib import Path
from typing import Any

from triggerflow_adapter_sdk import HandlerError, Outputs


def add_one(inputs: dict[str, Any], ctx: Any) -> Any:
    return inputs["input"] + 1


async def add_one_async(inputs: dict[str, Any], ctx: Any) -> Any:
    return inputs["input"] + 1


def pass_on(inputs: dict[str, Any], ctx: Any) -> Any:
    return inputs.get("input", inputs)


def count(inputs: dict[str, Any], ctx: Any) -> Any:
    """Tell the counting server that this activation had its effect, then take a while."""
    name = ctx.config.get("name", ctx.node_id)
    url = f"{os.environ['COUNTING_SERVER']}/{ctx.execution_id}/{name}/{ctx.activation_id}/{ctx.idempotency_key}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        answer.read()
    time.sleep(ctx.config.get("seconds", 0.05))
    return {"name": name, "saw": sorted(inputs)}


def fail(inputs: dict[str, Any], ctx: Any) -> Any:
    raise ValueError(ctx.config.get("message", "no good"))


def fail_aloud(inputs: dict[str, Any], ctx: Any) -> Any:
    """Says why before it fails."""
    ctx.log.warning("the shelf is empty")
    raise ValueError(ctx.config.get("message", "no good"))


def fail_twice(inputs: dict[str, Any], ctx: Any) -> Any:
    if ctx.attempt < 3:
        raise HandlerError(f"attempt {ctx.attempt} is too early", type="TooEarly", retryable=True)
    return {"attempt": ctx.attempt, "key": ctx.idempotency_key}


async def hang(inputs: dict[str, Any], ctx: Any) -> Any:
    await asyncio.sleep(3600)


async def hang_and_ignore(inputs: dict[str, Any], ctx: Any) -> Any:
    """Ignores being cancelled, a few times."""
    for _ in range(3):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue
    return "late"


def hang_in_thread(inputs: dict[str, Any], ctx: Any) -> Any:
    deadline = time.monotonic() + 30
    while not ctx.cancelled and time.monotonic() < deadline:
        time.sleep(0.01)
    return "late"


def not_json(inputs: dict[str, Any], ctx: Any) -> Any:
    return {"set": {1, 2}}


def not_a_number(inputs: dict[str, Any], ctx: Any) -> Any:
    return [1.0, float("nan")]


def too_large_an_integer(inputs: dict[str, Any], ctx: Any) -> Any:
    return {"n": 2**63}


def print_a_megabyte(inputs: dict[str, Any], ctx: Any) -> Any:
    for _ in range(1024):
        print("x" * 1023)
    return "printed"


def large(inputs: dict[str, Any], ctx: Any) -> Any:
    return {"rows": ["row " + str(i) for i in range(ctx.config.get("rows", 20_000))]}


def length(inputs: dict[str, Any], ctx: Any) -> Any:
    return len(inputs["input"]["rows"])


def two_ports(inputs: dict[str, Any], ctx: Any) -> Any:
    return Outputs(left=1)


def undeclared_port(inputs: dict[str, Any], ctx: Any) -> Any:
    return Outputs(nowhere=1)


def speak(inputs: dict[str, Any], ctx: Any) -> Any:
    ctx.log.debug("quiet")
    ctx.log.info("said")
    ctx.log.warning("warned")
    ctx.log.error("cried")
    return None


def mutate(inputs: dict[str, Any], ctx: Any) -> Any:
    """Changes what it was given; nobody else may see that."""
    inputs["input"]["list"].append("mine")
    return len(inputs["input"]["list"])


async def sleep_tenth(inputs: dict[str, Any], ctx: Any) -> Any:
    await asyncio.sleep(0.1)
    return time.monotonic()


def fail_first(inputs: dict[str, Any], ctx: Any) -> Any:
    """Fails, to be tried again, on the first attempt; says which attempt it is."""
    if ctx.attempt == 1:
        raise HandlerError("not yet", type="NotYet", retryable=True)
    return {"attempt": ctx.attempt, "key": ctx.idempotency_key}


def wait_for_file(inputs: dict[str, Any], ctx: Any) -> Any:
    """Goes on once the file is there; passes its input on."""
    path = Path(ctx.config["file"])
    deadline = time.monotonic() + 60
    while not path.exists() and not ctx.cancelled and time.monotonic() < deadline:
        time.sleep(0.01)
    return inputs["input"]


def visit(inputs: dict[str, Any], ctx: Any) -> Any:
    """Tell the visited server of this attempt, and end when it answers."""
    name = ctx.config.get("name", ctx.node_id)
    _tell(ctx, name)
    return {"name": name}


def visit_by_value(inputs: dict[str, Any], ctx: Any) -> Any:
    """`visit` under the name and the value of the member `of` of its input, as in `item-17`; gives that value."""
    value = inputs["input"][ctx.config["of"]]
    _tell(ctx, f"{ctx.config['name']}-{value}")
    return value


def _tell(ctx: Any, name: str) -> None:
    path = f"{ctx.execution_id}/{name}/{ctx.activation_id}/{ctx.idempotency_key}/{ctx.attempt}"
    with urllib.request.urlopen(f"{os.environ['VISITED_SERVER']}/{path}", timeout=60) as answer:
        answer.read()


def visit_and_fail_once(inputs: dict[str, Any], ctx: Any) -> Any:
    """`visit`, and fail the first attempt so that another follows."""
    visit(inputs, ctx)
    if ctx.attempt < 2:
        raise HandlerError("the first attempt is too early", type="TooEarly", retryable=True)
    return {"attempt": ctx.attempt}


def note_visit(inputs: dict[str, Any], ctx: Any) -> Any:
    """Add a line to the file: this node ran. Passes its input on."""
    with Path(ctx.config["file"]).open("a") as file:
        file.write(ctx.config["name"] + "\n")
    return inputs["input"]


def spend(inputs: dict[str, Any], ctx: Any) -> Any:
    """Tells what it cost, then fails while the file is not there."""
    ctx.metric("tokens", 120)
    ctx.metric("cost", 0.25, unit="USD")
    return need_file(inputs, ctx)


def need_file(inputs: dict[str, Any], ctx: Any) -> Any:
    """Fails while the file is not there. Passes its input on."""
    if not Path(ctx.config["file"]).exists():
        raise ValueError("the file is not there")
    return inputs["input"]


async def hang_until_file(inputs: dict[str, Any], ctx: Any) -> Any:
    """Goes on once the file is there, and holds no thread until then."""
    while not Path(ctx.config["file"]).exists():
        await asyncio.sleep(0.05)


def ask_around(inputs: dict[str, Any], ctx: Any) -> Any:
    """What the context says."""
    ctx.metric("tokens", 1)
    return {"interventions": ctx.interventions, "attempt": ctx.attempt, "cancelled": ctx.cancelled}
