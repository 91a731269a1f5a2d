"""A handler bound to one node: everything decided once that can be, then called once per attempt.

A node whose config holds neither expressions nor secrets takes the short way through `invoke`; what the others need is
decided here, when the node is bound, not while it runs.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Protocol

from triggerflow_adapter_sdk import capture
from triggerflow_adapter_sdk.config import ConfigSource
from triggerflow_adapter_sdk.errors import HandlerError, NoSuchPort, attach_redactor
from triggerflow_adapter_sdk.outputs import Outputs
from triggerflow_adapter_sdk.secrets import RedactingLog, Redactor
from triggerflow_adapter_sdk.streaming import stream
from triggerflow_adapter_sdk.threads import HandlerThreads


class HandlerLog(Protocol):
    """`ctx.log`."""

    def debug(self, message: str) -> None: ...
    def info(self, message: str) -> None: ...
    def warning(self, message: str) -> None: ...
    def error(self, message: str) -> None: ...


class HandlerContext(Protocol):
    """What the host hands to a handler; made per attempt. `config` (and, with secrets, `log`) is set by `invoke`."""

    config: Any
    execution_id: str
    node_id: str
    activation_id: str
    attempt: int
    idempotency_key: str
    log: Any

    @property
    def cancelled(self) -> bool: ...

    @property
    def interventions(self) -> list[dict[str, Any]]: ...

    def metric(self, name: str, value: float, unit: str | None = None) -> None:
        """Tell a measure, such as "tokens" or "cost"."""


Handler = Callable[[Any, Any], Any]


class Way(Enum):
    """How a handler is called."""

    THREAD = 1
    AWAIT = 2
    ITERATE = 3


class BoundHandler:
    """One node's handler. Safe to call concurrently."""

    __slots__ = ("_config", "_default_port", "_handler", "_ports", "_resolve", "_sink", "_threads", "pure", "reference")

    def __init__(
        self,
        *,
        reference: str,
        pure: bool,
        ports: tuple[str, ...],
        config: ConfigSource,
        resolve: Callable[[], Handler],
        threads: HandlerThreads,
        sink: Callable[[capture.OutputLine], None],
    ) -> None:
        """`resolve` is called at the first invocation, in a thread: it may import a module of the user's."""
        self.reference = reference
        # The same inputs give the same result, and running again changes nothing outside.
        self.pure = pure
        self._ports = frozenset(ports)
        self._default_port = "out" if "out" in ports else ports[0] if len(ports) == 1 else None
        self._config = config
        self._resolve: Callable[[], Handler] | None = resolve
        self._handler: tuple[Handler, Way] | None = None
        self._threads = threads
        self._sink = sink

    async def invoke(self, inputs: Mapping[str, Any], ctx: Any) -> dict[str, Any]:
        """Run the handler once; the lit ports by key.

        `inputs` maps port key to value. Raises what the handler raised; the SDK's own errors for config, expressions,
        secrets and ports. Cancelling the awaiting task cancels an async handler; a sync one goes on in its thread,
        where it can see `ctx.cancelled`. Values are not checked for being JSON: that is the caller's (`NotJson`).
        """
        config = self._config
        if not config.is_static:
            return await self._invoke_resolved(inputs, ctx)
        ctx.config = config.fresh()
        return self._lit(await self._call(inputs, ctx, None))

    def at_once(self, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """What `invoke` would give, where the handler is pure and answers without waiting; None where it does not, or
        would raise, or was never invoked: then `invoke` it."""
        if not self.pure or self._handler is None or not self._config.is_static:
            return None
        answer = getattr(self._handler[0], "at_once", None)
        if answer is None:
            return None
        try:
            return self._lit(answer(inputs))
        except Exception:
            return None

    async def settings(self, inputs: Mapping[str, Any]) -> Any:
        """The config for these inputs, validated: what a host needs of a node that it performs itself.

        Raises ConfigInvalid, ExpressionFailed, SecretRefused.
        """
        config = self._config
        return config.fresh() if config.is_static else await config.resolve(inputs, config.secrets())

    async def _invoke_resolved(self, inputs: Mapping[str, Any], ctx: Any) -> dict[str, Any]:
        secrets = self._config.secrets()
        if not secrets:
            ctx.config = await self._config.resolve(inputs, secrets)
            return self._lit(await self._call(inputs, ctx, None))
        redactor = Redactor(secrets.values())
        ctx.log = RedactingLog(ctx.log, redactor)
        try:
            ctx.config = await self._config.resolve(inputs, secrets)
            result = await self._call(inputs, ctx, redactor)
            # Ports first: the redactor copies plain values, and Outputs must stay what it is.
            lit = self._lit(result)
        except BaseException as raised:
            attach_redactor(raised, redactor)
            raise
        return {port: redactor.value(value) for port, value in lit.items()}

    async def _call(self, inputs: Mapping[str, Any], ctx: Any, redactor: Redactor | None) -> Any:
        handler, way = self._handler or await self._resolved()
        printed = capture.Printed(ctx, None if redactor is None else redactor.text, self._sink)
        token = capture.current.set(printed)
        try:
            if way is Way.ITERATE:
                return await stream(handler(inputs, ctx), ctx, redactor, self._threads)
            result = await (handler(inputs, ctx) if way is Way.AWAIT else self._threads.run(handler, inputs, ctx))
            if inspect.isawaitable(result):
                # A sync function that returned a coroutine: a lambda, a partial, a decorator without care.
                result = await result
            return result
        except asyncio.CancelledError as cancelled:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Raised by the handler itself, about something of its own: a failure, no cancellation of the run.
            raise HandlerError(
                "the handler raised CancelledError", type="CancelledError", retryable=True
            ) from cancelled
        except (SystemExit, KeyboardInterrupt, GeneratorExit) as ended:
            # A handler that calls sys.exit() ends itself, not the process.
            raise HandlerError(str(ended), type=type(ended).__name__) from ended
        finally:
            capture.current.reset(token)
            printed.finish()

    async def _resolved(self) -> tuple[Handler, Way]:
        resolve = self._resolve
        assert resolve is not None
        handler = await self._threads.run(resolve)
        self._handler = (handler, way_of(handler))
        return self._handler

    def _lit(self, result: Any) -> dict[str, Any]:
        if type(result) is Outputs:
            for port in result:
                if port not in self._ports or port == "error":
                    raise NoSuchPort(_no_port(port))
            return dict(result)
        if self._default_port is not None:
            return {self._default_port: result}
        if self._ports:
            raise NoSuchPort("the node declares several output ports and none is `out`: return Outputs(port=value)")
        return {}


def _no_port(port: str) -> str:
    return "a handler lights `error` by raising" if port == "error" else f"the node declares no output port {port!r}"


def way_of(handler: Any) -> Way:
    """Where calling it only makes a coroutine or a generator, and runs nothing yet, it needs no thread."""
    if is_kind(handler, inspect.iscoroutinefunction):
        return Way.AWAIT
    if is_kind(handler, inspect.isasyncgenfunction) or is_kind(handler, inspect.isgeneratorfunction):
        return Way.ITERATE
    return Way.THREAD


def is_kind(handler: Any, kind: Callable[[Any], bool]) -> bool:
    """Whether it is such a function, or an object called through one."""
    return kind(handler) or kind(getattr(handler, "__call__", None))  # noqa: B004
