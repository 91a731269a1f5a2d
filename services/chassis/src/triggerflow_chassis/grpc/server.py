"""Open a gRPC server with everything ours have: health, reflection, errors, sign-in, deadlines, limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

from triggerflow_chassis.grpc.interceptors import Authentication, Chain, Deadlines, Errors, Interceptor, check_chain
from triggerflow_chassis.grpc.limits import OPTIONS, UNARY_SECONDS

_OPTIONS = [
    *OPTIONS,
    # An address that is taken is an error, not shared.
    ("grpc.so_reuseport", 0),
    # The edge asks every few seconds whether this end is still there. By default that counts as an attack.
    ("grpc.http2.max_ping_strikes", 0),
]

Register = Callable[[grpc.aio.Server], Sequence[str]]


class WaitingServer:
    """A server that listens, and lets calls wait until its services are there. Made by `open_waiting_server`."""

    def __init__(self, server: grpc.aio.Server, chain: Chain, checks: Any) -> None:
        self.server = server
        self._chain = chain
        self._checks = checks
        self._stopping: asyncio.Task[None] | None = None

    async def open(
        self,
        *,
        register: Sequence[Register],
        token: str | None,
        interceptors: Sequence[Interceptor] = (),
        reflected: Sequence[str] = (),
        unary_seconds: float = UNARY_SECONDS,
    ) -> None:
        """Add the services and answer what waits. The arguments are those of `open_server`."""
        server = cast("grpc.aio.Server", _Joining(self.server))
        names = [name for each in register for name in each(server)]
        shown = reflection.aio.ReflectionServicer(  # type: ignore[attr-defined]
            dict.fromkeys([*names, *reflected, health.SERVICE_NAME, reflection.SERVICE_NAME])
        )
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(shown, server)
        for name in ("", *names):
            await self._checks.set(name, health_pb2.HealthCheckResponse.SERVING)
        self._chain.open([Errors(), Authentication(token), Deadlines(unary_seconds), *interceptors])

    async def stop(self, grace_seconds: float = 1.0) -> None:
        """Take no more calls, let those there are end for so long, then cancel them. May be called again."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop(grace_seconds))
        # Shielded: a second signal must not leave the sockets behind.
        await asyncio.shield(self._stopping)

    async def _stop(self, grace_seconds: float) -> None:
        await self._checks.enter_graceful_shutdown()
        await self.server.stop(grace_seconds)


class _Joining:
    """A started server as services see it: they register each method twice, and it takes only one way of it."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self.add_generic_rpc_handlers = server.add_generic_rpc_handlers

    def add_registered_method_handlers(self, service_name: str, method_handlers: Any) -> None:
        """Left out: they are in the generic handlers, too."""


@asynccontextmanager
async def open_waiting_server(*, addresses: Sequence[str]) -> AsyncIterator[WaitingServer]:
    """A server at the addresses (`unix:/path`, `host:port`) until the block ends; its services come with `open`.

    Raises OSError where an address cannot be bound.
    """
    chain = Chain()
    server = grpc.aio.server(interceptors=[chain], options=_OPTIONS)
    checks = health.aio.HealthServicer()  # type: ignore[attr-defined]
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    waiting = WaitingServer(server, chain, checks)
    try:
        for address in addresses:
            try:
                server.add_insecure_port(address)
            except RuntimeError as error:
                raise OSError(f"cannot listen at {address}: {error}") from error
        await server.start()
        yield waiting
    finally:
        await waiting.stop()


@asynccontextmanager
async def open_server(
    *,
    addresses: Sequence[str],
    register: Sequence[Register],
    token: str | None,
    interceptors: Sequence[Interceptor] = (),
    reflected: Sequence[str] = (),
    unary_seconds: float = UNARY_SECONDS,
    grace_seconds: float = 1.0,
) -> AsyncIterator[grpc.aio.Server]:
    """A running server at the addresses (`unix:/path`, `host:port`) until the block ends.

    `register` adds services and returns their full names. `interceptors` go inside ours. `reflected` names services
    that reflection describes although others serve them, at the same address (their protos are imported). Leaving the
    block lets calls end for `grace_seconds`, then cancels them. Raises OSError where an address cannot be bound,
    RuntimeError where an interceptor covers only one of unary calls and streams.
    """
    check_chain(interceptors)
    async with open_waiting_server(addresses=addresses) as waiting:
        try:
            await waiting.open(
                register=register,
                token=token,
                interceptors=interceptors,
                reflected=reflected,
                unary_seconds=unary_seconds,
            )
            yield waiting.server
        finally:
            await waiting.stop(grace_seconds)
