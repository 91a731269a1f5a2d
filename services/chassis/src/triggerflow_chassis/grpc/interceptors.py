"""Wrap every call of a server alike: who calls, how long it may take, and what an exception becomes.

An interceptor says what it does to a unary call and to a stream; a server refuses to start with one that says only
one of the two, or a stream could go unauthenticated.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

import grpc
import grpc.aio
import structlog
from google.rpc import status_pb2

from triggerflow_chassis import identity, tracing
from triggerflow_chassis.errors import Deadline, Internal, ServiceError, Unauthenticated
from triggerflow_chassis.grpc.limits import LARGE_STATUS_KEY
from triggerflow_chassis.grpc.status import STATUS_KEY, to_status

Unary = Callable[[Any, Any], Awaitable[Any]]
Stream = Callable[[Any, Any], AsyncGenerator[Any, None]]

log = structlog.get_logger("triggerflow.grpc")


class Interceptor:
    """One thing done around every call. Subclasses override both methods."""

    def unary(self, method: str, proceed: Unary) -> Unary:
        """The behaviour around one that answers once."""
        return proceed

    def stream(self, method: str, proceed: Stream) -> Stream:
        """The behaviour around one that answers many times."""
        return proceed


def check_chain(chain: Sequence[Interceptor]) -> None:
    """Raises RuntimeError where an interceptor would guard unary calls and streams differently."""
    for interceptor in chain:
        cls = type(interceptor)
        if (cls.unary is Interceptor.unary) != (cls.stream is Interceptor.stream):
            raise RuntimeError(f"{cls.__name__} covers only one of unary calls and streams")


class Chain(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Put interceptors, outermost first, around what a server calls. Until it is opened, calls wait."""

    def __init__(self) -> None:
        self._chain: tuple[Interceptor, ...] = ()
        self._opened = asyncio.Event()
        # One wrapping a method, not one a call.
        self._wrapped: dict[str, Any] = {}

    def open(self, chain: Sequence[Interceptor]) -> None:
        """Let calls through. Raises RuntimeError where an interceptor covers only one kind of call."""
        check_chain(chain)
        self._chain = tuple(chain)
        self._opened.set()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        if not self._opened.is_set():
            # Bounded by the caller's deadline, which cancels this, and by the end of the server.
            await self._opened.wait()
        method = handler_call_details.method
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None
            wrapped = self._wrapped[method] = self._wrap(method, handler)
        return wrapped

    def _wrap(self, method: str, handler: Any) -> Any:
        if handler.unary_unary or handler.stream_unary:
            unary: Unary = handler.unary_unary or handler.stream_unary
            for interceptor in reversed(self._chain):
                unary = interceptor.unary(method, unary)
            make = grpc.stream_unary_rpc_method_handler if handler.stream_unary else grpc.unary_unary_rpc_method_handler
            behaviour: Any = unary
        else:
            stream: Stream = _iterated(handler.unary_stream or handler.stream_stream)
            for interceptor in reversed(self._chain):
                stream = interceptor.stream(method, stream)
            make = (
                grpc.stream_stream_rpc_method_handler if handler.stream_stream else grpc.unary_stream_rpc_method_handler
            )
            behaviour = stream
        return make(behaviour, handler.request_deserializer, handler.response_serializer)


def _iterated(behaviour: Any) -> Stream:
    # A servicer may also be a coroutine that writes to the context (grpc's reflection does); both end up iterated.
    def stream(request: Any, context: Any) -> AsyncGenerator[Any, None]:
        result = behaviour(request, context)
        return result if hasattr(result, "aclose") else _awaited(result)

    return stream


async def _awaited(result: Awaitable[Any]) -> AsyncGenerator[Any, None]:
    await result
    nothing: tuple[Any, ...] = ()
    for item in nothing:
        yield item


class Errors(Interceptor):
    """Make every exception a status with one ErrorInfo. Stands outermost."""

    def unary(self, method: str, proceed: Unary) -> Unary:
        async def call(request: Any, context: Any) -> Any:
            tracing.begin(_metadata(context, "traceparent"))
            try:
                return await proceed(request, context)
            except Exception as error:
                await _abort(method, context, error)

        return call

    def stream(self, method: str, proceed: Stream) -> Stream:
        async def call(request: Any, context: Any) -> AsyncGenerator[Any, None]:
            tracing.begin(_metadata(context, "traceparent"))
            try:
                # Closed with this one, not when the collector finds it: a watch lets go of its subscription at once.
                async with aclosing(proceed(request, context)) as items:
                    async for item in items:
                        yield item
            except Exception as error:
                await _abort(method, context, error)

        return call


class Authentication(Interceptor):
    """Let in who shows the token as `authorization: Bearer`. Health needs none. No token asked: everyone is local."""

    OPEN = "/grpc.health.v1.Health/"

    def __init__(self, token: str | None) -> None:
        self._expected = None if token is None else f"Bearer {token}".encode()

    def _enter(self, method: str, context: Any) -> None:
        if self._expected is not None and not method.startswith(self.OPEN):
            shown = _metadata(context, "authorization").encode()
            # The scheme is compared without case, as RFC 9110 has it; the token in constant time.
            scheme, _, rest = shown.partition(b" ")
            if not hmac.compare_digest(scheme.capitalize() + b" " + rest.strip(), self._expected):
                raise Unauthenticated()
        identity.become(identity.LOCAL)

    def unary(self, method: str, proceed: Unary) -> Unary:
        async def call(request: Any, context: Any) -> Any:
            self._enter(method, context)
            return await proceed(request, context)

        return call

    def stream(self, method: str, proceed: Stream) -> Stream:
        def call(request: Any, context: Any) -> AsyncGenerator[Any, None]:
            self._enter(method, context)
            return proceed(request, context)

        return call


class UnaryDeadline:
    """Bound a unary call whose caller set no deadline. Streams have none: a watch may last for days."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def around(self, proceed: Unary) -> Unary:
        async def call(request: Any, context: Any) -> Any:
            if context.time_remaining() is not None:
                return await proceed(request, context)
            try:
                async with asyncio.timeout(self.seconds) as bound:
                    return await proceed(request, context)
            except TimeoutError:
                if bound.expired():
                    raise Deadline() from None
                raise

        return call


class Deadlines(Interceptor):
    """Bound unary calls; pass streams on, which is said here so that the two chains stay alike."""

    def __init__(self, seconds: float) -> None:
        self._unary = UnaryDeadline(seconds)

    def unary(self, method: str, proceed: Unary) -> Unary:
        return self._unary.around(proceed)

    def stream(self, method: str, proceed: Stream) -> Stream:
        return proceed


async def _abort(method: str, context: Any, error: Exception) -> None:
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if not isinstance(error, ServiceError):
        log.error("call_failed", method=method, trace_id=tracing.current(), exc_info=error)
        error = Internal(metadata={"traceId": tracing.current()})
    elif isinstance(error, Internal):
        log.error("call_failed", method=method, trace_id=tracing.current(), exc_info=error)
        error = Internal.rebuild(error.detail, (), {"traceId": tracing.current(), **error.metadata})
    small = not _metadata(context, LARGE_STATUS_KEY)
    status = to_status(error, small=small)
    await context.abort(_code(status), status.message, ((STATUS_KEY, status.SerializeToString()),))


_BY_NUMBER: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def _code(status: status_pb2.Status) -> grpc.StatusCode:
    return _BY_NUMBER[status.code]


def _metadata(context: Any, key: str) -> str:
    for name, value in context.invocation_metadata() or ():
        if name == key:
            return value if isinstance(value, str) else ""
    return ""
