"""Make one attempt of an activation: call the handler, bound it in time, and say how it ended.

Rules: CONTRACT section 3 "Handlers" and "Attempts". Nothing here is durable; the engine writes what this returns.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from triggerflow_adapter_sdk import BoundHandler, ValueTooLarge, error_fields, is_retryable, retry_after

from triggerflow_orchestrator.app.activation import Activation
from triggerflow_orchestrator.app.outlet import Outlet
from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.domain.plan import PlanNode
from triggerflow_orchestrator.domain.scopes import error_value
from triggerflow_orchestrator.domain.value import NotJson, Value, encode, fresh_inputs, unfit

LONGEST_WAIT_SECONDS: Final = 300.0
_JITTER: Final = 0.2
_LONGEST_TEXT: Final = 64 * 1024
_METRIC_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_METRIC_UNIT: Final = re.compile(r"[ -~]{1,32}")

Bind = Callable[[PlanNode], BoundHandler]


class Host(Protocol):
    """What a handler reaches through its context: the engine."""

    def log(self, activation: Activation, level: str, message: str) -> None:
        """A line of `ctx.log`. From any thread."""

    def measure(self, activation: Activation, name: str, value: float, unit: str | None) -> None:
        """A value of `ctx.metric`, checked. From any thread."""

    def outlet(self, activation: Activation) -> Outlet:
        """Where this attempt says what it yields and prints."""


def check_metric(name: object, value: object, unit: object) -> None:
    """Raises TypeError, ValueError, saying what would do."""
    if not isinstance(name, str) or not _METRIC_NAME.fullmatch(name):
        raise ValueError(f"ctx.metric: name must match {_METRIC_NAME.pattern}, such as tokens or cost")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"ctx.metric: value must be a number, not {type(value).__name__}")
    if not abs(value) < 2**63:  # NaN is not below anything
        raise ValueError("ctx.metric: value must be finite and fit 64 bits")
    if unit is not None and (not isinstance(unit, str) or not _METRIC_UNIT.fullmatch(unit)):
        raise ValueError("ctx.metric: unit must be 1 to 32 printable ASCII characters, or None")


class NodeTimedOut(Exception):
    """The attempt took longer than the node allows."""


class HandlerLogger:
    """`ctx.log`. May be called from any thread."""

    __slots__ = ("_activation", "_log")

    def __init__(self, activation: Activation, host: Host) -> None:
        self._activation = activation
        self._log = host.log

    def debug(self, message: str) -> None:
        self._log(self._activation, "debug", message)

    def info(self, message: str) -> None:
        self._log(self._activation, "info", message)

    def warning(self, message: str) -> None:
        self._log(self._activation, "warning", message)

    def error(self, message: str) -> None:
        self._log(self._activation, "error", message)


class Context:
    """What a handler is given beside its inputs: CONTRACT section 3 "Handlers"."""

    __slots__ = (
        "_activation",
        "_attempt_over",
        "_host",
        "_outlet",
        "activation_id",
        "attempt",
        "config",
        "execution_id",
        "idempotency_key",
        "log",
        "node_id",
    )

    def __init__(self, activation: Activation, host: Host) -> None:
        self.config: Any = {}
        self.execution_id = activation.run.id
        self.node_id = activation.node.id
        self.activation_id = activation.id
        self.attempt = activation.attempt
        # One key for all attempts: what a handler did under it before, it need not do again.
        self.idempotency_key = activation.id
        self.log: Any = HandlerLogger(activation, host)
        self._activation = activation
        self._host = host
        self._outlet: Outlet | None = None
        self._attempt_over = False

    @property
    def cancelled(self) -> bool:
        """True once nobody waits for this attempt any more."""
        return self._attempt_over or self._activation.over

    @property
    def interventions(self) -> list[dict[str, Any]]:
        """Context added to the run so far, in order: `[{id, value, by, at}]`. Asked again, there may be more."""
        return [each.for_handlers() for each in self._activation.run.interventions]

    def metric(self, name: str, value: float, unit: str | None = None) -> None:
        """Tell a measure of this activation: "tokens" and "cost" by these names. Values of one name are added up over
        all attempts. Raises ValueError, TypeError. From any thread."""
        check_metric(name, value, unit)
        self._host.measure(self._activation, name, value, unit)

    @property
    def outlet(self) -> Outlet:
        """For the SDK, which puts there what the handler yields and prints. Made when it is first needed."""
        if self._outlet is None:
            self._outlet = self._host.outlet(self._activation)
            if self._attempt_over:
                self._outlet.close()
        return self._outlet

    def flush(self) -> None:
        """Write what was yielded and printed so far."""
        if self._outlet is not None:
            self._outlet.flush()

    def finish(self) -> None:
        """Write the rest, and take no more: this attempt gave its outcome."""
        if self._outlet is not None:
            self._outlet.flush()
            self._outlet.close()

    def give_up(self) -> None:
        """Tell a handler that goes on after its time that nobody waits."""
        self._attempt_over = True
        if self._outlet is not None:
            self._outlet.close()


async def call(bound: BoundHandler, activation: Activation, context: Context) -> dict[str, Value]:
    """The lit ports of one attempt. Raises what the handler raised, and NotJson."""
    inputs = activation.inputs if bound.pure else None
    lit = await bound.invoke(
        fresh_inputs(activation.inputs) if inputs is None else plain_inputs(inputs),
        context,
    )
    return encoded(lit)


async def call_on_error(bound: BoundHandler, activation: Activation, context: Context) -> dict[str, Value]:
    """The same of the node's handler for errors: its inputs are `{error, inputs}`."""
    assert activation.handling is not None
    # What main did under its key is another effect.
    context.idempotency_key = f"{activation.id}:onError"
    error = error_value(activation.handling, activation.attempt).plain
    lit = await bound.invoke({"error": error, "inputs": fresh_inputs(activation.inputs)}, context)
    return encoded(lit)


async def settings(bound: BoundHandler, activation: Activation) -> Any:
    """The node's config for these inputs, of a node that the engine performs itself. Raises ConfigInvalid,
    ExpressionFailed."""
    return await bound.settings(plain_inputs(activation.inputs))


def encoded(lit: Mapping[str, Any]) -> dict[str, Value]:
    """As values. Raises NotJson, ValueTooLarge."""
    found = {port: encode(value) for port, value in lit.items()}
    for port, value in found.items():
        refused = unfit(port, value)
        if refused is not None:
            kind, said = refused
            raise NotJson(said) if kind == "NotJson" else ValueTooLarge(said)
    return found


def plain_inputs(inputs: Any) -> dict[str, Any]:
    """A pure handler of ours does not mutate, so it needs no copies."""
    return {port: value.plain if isinstance(value, Value) else value for port, value in inputs.items()}


def failure_of(error: BaseException) -> Failure:
    """Type, message and stack as CONTRACT section 3 wants them, made fit for JSON."""
    if isinstance(error, NodeTimedOut):
        return Failure("TimedOut", str(error))
    fields = error_fields(error)
    return Failure(
        clean_text(str(fields["type"])), clean_text(str(fields["message"])), stack=clean_text(str(fields["stack"]))
    )


def wait_before_next(node: PlanNode, attempt: int, error: BaseException) -> float | None:
    """Seconds to wait after attempt number `attempt` failed; None where no further one is made."""
    if attempt >= node.max_attempts:
        return None
    if isinstance(error, NotJson) or not (isinstance(error, NodeTimedOut) or is_retryable(error)):
        return None
    wait: float = min(node.backoff_seconds * 2 ** (attempt - 1), LONGEST_WAIT_SECONDS)
    wait = min(wait * random.uniform(1 - _JITTER, 1 + _JITTER), LONGEST_WAIT_SECONDS)
    asked = retry_after(error)
    if isinstance(asked, int | float) and asked > wait:
        return asked if asked <= LONGEST_WAIT_SECONDS else None
    return wait


def clean_context() -> contextvars.Context:
    """A context without whatever the caller carries: TriggerFlow refuses signals sent from inside an operator."""
    return contextvars.Context()


def clean_text(text: str) -> str:
    """Made fit for JSON and bounded, for messages that a handler wrote."""
    cut = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}… ({len(text)} characters, cut)"
    return cut.replace("\0", "\ufffd").encode(errors="replace").decode()


def is_loop_thread(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether this code runs on that loop."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
