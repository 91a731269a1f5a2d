"""Open a gRPC server with everything ours have: health, reflection, errors, sign-in, deadlines, limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from triggerflow_chassis.grpc.interceptors import Authentication, Chain, Deadlines, Errors, Interceptor
from triggerflow_chassis.grpc.limits import OPTIONS, UNARY_SECONDS

Register = Callable[[grpc.aio.Server], Sequence[str]]


@asynccontextmanager
async def open_server(
    *,
    addresses: Sequence[str],
    register: Sequence[Register],
    token: str | None,
    interceptors: Sequence[Interceptor] = (),
    unary_seconds: float = UNARY_SECONDS,
    grace_seconds: float = 1.0,
) -> AsyncIterator[grpc.aio.Server]:
    """A running server at the addresses (`unix:/path`, `host:port`) until the block ends.

    `register` adds services and returns their full names. `interceptors` go inside ours. Leaving the block lets calls
    end for `grace_seconds`, then cancels them. Raises OSError where an address cannot be bound, RuntimeError where an
    interceptor covers only one of unary calls and streams.
    """
    chain = Chain([Errors(), Authentication(token), Deadlines(unary_seconds), *interceptors])
    server = grpc.aio.server(interceptors=[chain], options=[*OPTIONS, ("grpc.so_reuseport", 0)])
    names = [name for each in register for name in each(server)]

    checks = health.aio.HealthServicer()  # type: ignore[attr-defined]
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)

    try:
        for address in addresses:
            try:
                server.add_insecure_port(address)
            except RuntimeError as error:
                raise OSError(f"cannot listen at {address}: {error}") from error
        await server.start()
        for name in ("", *names):
            await checks.set(name, health_pb2.HealthCheckResponse.SERVING)
        yield server
    finally:
        await checks.enter_graceful_shutdown()
        # Shielded: a second signal must not leave the sockets behind.
        await asyncio.shield(server.stop(grace_seconds))
