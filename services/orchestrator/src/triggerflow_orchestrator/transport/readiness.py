"""Tell gRPC health that the service does not serve until runs can start.

The server itself says SERVING of every service once it listens; this stands in front of it for ours alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final

from grpc_health.v1 import health_pb2
from triggerflow_chassis.grpc.interceptors import Interceptor, Stream, Unary

_CHECK: Final = "/grpc.health.v1.Health/Check"
_WATCH: Final = "/grpc.health.v1.Health/Watch"


class Readiness(Interceptor):
    """To be given to the server that carries the service. Other calls pass untouched."""

    def __init__(self, service: str, ready: asyncio.Event) -> None:
        self._service = service
        self._ready = ready

    def unary(self, method: str, proceed: Unary) -> Unary:
        if method != _CHECK:
            return proceed

        async def check(request: Any, context: Any) -> Any:
            if request.service == self._service and not self._ready.is_set():
                return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.NOT_SERVING)
            return await proceed(request, context)

        return check

    def stream(self, method: str, proceed: Stream) -> Stream:
        if method != _WATCH:
            return proceed

        async def watch(request: Any, context: Any) -> AsyncGenerator[Any, None]:
            if request.service == self._service and not self._ready.is_set():
                yield health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.NOT_SERVING)
                await self._ready.wait()
            async for response in proceed(request, context):
                yield response

        return watch
