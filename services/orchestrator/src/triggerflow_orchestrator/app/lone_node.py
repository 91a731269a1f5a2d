"""Run one node of a draft by itself, to see what it does: no execution, no journal, one attempt, nothing kept.

Handlers, secrets and limits are those of a run; what the handler logs and prints comes back with its result.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, cast

from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import Invalid, Violation
from triggerflow_chassis.flow_model import MISSING
from triggerflow_chassis.ids import uuid7

from triggerflow_orchestrator.app import attempt as attempts
from triggerflow_orchestrator.app import waiting
from triggerflow_orchestrator.app.activation import Activation
from triggerflow_orchestrator.app.compiled import Binder
from triggerflow_orchestrator.app.outlet import Outlet, Said
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.domain.compile_plan import compile_plan
from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.domain.plan import Plan, PlanInvalid, PlanNode
from triggerflow_orchestrator.domain.scopes import Scope
from triggerflow_orchestrator.domain.value import Value, encode

LONGEST_SECONDS: Final = 60.0
"""Whatever the node allows itself: somebody waits for the answer."""
MOST_BYTES: Final = 8 * 1024 * 1024
_MOST_LINES: Final = 1_000
_MOST_CHARACTERS: Final = 16_384


@dataclass(frozen=True, slots=True)
class Line:
    """What the handler said. `level` is that of `ctx.log`, or stdout, stderr."""

    level: str
    message: str


@dataclass(frozen=True, slots=True)
class NodeRun:
    """How it ended: `failure` is there where it failed."""

    ports: Mapping[str, bytes]
    """The compact JSON of each lit port."""
    failure: Failure | None
    logs: tuple[Line, ...]
    seconds: float


def check(node: Mapping[str, Any], inputs: Mapping[str, Any]) -> PlanNode:
    """The node, ready to run. Raises Invalid: it runs no code of its own, is unfinished, or has no such input port."""
    return _ready(node, inputs).nodes[0]


async def run_alone(binder: Binder, node: Mapping[str, Any], inputs: Mapping[str, Any]) -> NodeRun:
    """One attempt, bounded by the node's time limit and LONGEST_SECONDS. Raises Invalid as `check` does; what the
    handler does is told, never raised."""
    plan = _ready(node, inputs)
    planned = plan.nodes[0]
    given = {port.key: port.default for port in planned.inputs if port.default is not MISSING} | dict(inputs)
    values = {key: encode(value) for key, value in given.items()}
    # Not an execution; but handlers ask for an id.
    run = cast(Run, SimpleNamespace(id=uuid7(), interventions=()))
    activation = Activation(run, 0, uuid7(), planned, values, now_us(), Scope("", plan, None, 0))
    host = _Host(asyncio.get_running_loop())
    context = attempts.Context(activation, host)
    limit = min(planned.timeout_seconds or LONGEST_SECONDS, LONGEST_SECONDS)
    began = time.perf_counter()
    failure, lit = None, dict[str, Value]()
    try:
        lit = await _within(limit, lambda: attempts.call(binder.bind(planned.source), activation, context), context)
        size = sum(len(value.text) for value in lit.values())
        if size > MOST_BYTES:
            message = f"the result has {size} bytes, and at most {MOST_BYTES} are shown"
            lit, failure = {}, Failure("ValueTooLarge", message)
    except Exception as error:
        failure = attempts.failure_of(error)
    finally:
        activation.over = True
        context.finish()
    seconds = time.perf_counter() - began
    return NodeRun({port: value.text for port, value in lit.items()}, failure, tuple(host.lines), seconds)


def _ready(node: Mapping[str, Any], inputs: Mapping[str, Any]) -> Plan:
    found = []
    if node["type"] in ("trigger", "output"):
        found.append(Violation("", f"A node of type {node['type']} runs no code. Run the flow."))
    elif node["type"] == "subflow":
        found.append(Violation("", "A sub-flow is run by running its own flow."))
    if found:
        raise Invalid(found)
    try:
        plan = compile_plan({"name": "", "nodes": [node], "edges": []})
    except PlanInvalid as problem:
        raise Invalid([Violation("", f"The node is unfinished: {problem.detail}")]) from None
    planned = plan.nodes[0]
    if waiting.kind_of(planned) is not None:
        raise Invalid([Violation("", "This node waits for somebody or something. Run the flow.")])
    if planned.entrypoint is None:
        raise Invalid([Violation("", "The node has no handler. Choose one.")])
    known = [port.key for port in planned.inputs]
    wrong = [key for key in inputs if key not in known]
    if wrong:
        ports = ", ".join(known) or "none"
        raise Invalid([Violation(f"/inputs/{_token(key)}", f"The node's input ports are: {ports}.") for key in wrong])
    return plan


def _token(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


async def _within(seconds: float, attempt: Callable[[], Any], context: attempts.Context) -> dict[str, Value]:
    task: asyncio.Task[dict[str, Value]] = asyncio.ensure_future(_called(attempt))
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        _give_up(task, context)
        raise
    if not done:
        _give_up(task, context)
        raise attempts.NodeTimedOut(f"no result within {seconds:g} s")
    return task.result()


async def _called(attempt: Callable[[], Any]) -> dict[str, Value]:
    lit: dict[str, Value] = await attempt()
    return lit


def _give_up(task: asyncio.Task[Any], context: attempts.Context) -> None:
    context.give_up()
    task.cancel()  # a handler that ignores this goes on alone
    task.add_done_callback(lambda done: done.cancelled() or done.exception())


class _Host:
    """`attempts.Host` that keeps what is said, as far as it is worth reading."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.lines: list[Line] = []

    def log(self, activation: Activation, level: str, message: str) -> None:
        if not activation.over:
            self._add(level, str(message))

    def measure(self, activation: Activation, name: str, value: float, unit: str | None) -> None:
        return

    def outlet(self, activation: Activation) -> Outlet:
        return Outlet(self._loop, self._send)

    def _send(self, said: Said, written: Callable[[], None]) -> None:
        for stream, lines in said.printed.items():
            for line in lines:
                self._add(stream, line)
        self._loop.call_soon(written)

    def _add(self, level: str, message: str) -> None:
        if len(self.lines) < _MOST_LINES:
            self.lines.append(Line(level, attempts.clean_text(message)[:_MOST_CHARACTERS]))
