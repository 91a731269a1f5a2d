"""Ask whether runs can start: gRPC health of what a run needs."""

from __future__ import annotations

import asyncio

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from triggerflow_chassis.errors import ServiceError, Unavailable

from triggerflow_bff.clients.unary import unary
from triggerflow_bff.problems import MISSING

# A run reads its version from the registry and is watched through the stream.
NEEDED = (
    "triggerflow.orchestrator.v1.OrchestratorService",
    "triggerflow.registry.v1.RegistryService",
    "triggerflow.stream.v1.StreamService",
)
_SECONDS = 2.0


class HealthClient:
    """The standard health service, which every server of ours has."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = health_pb2_grpc.HealthStub(channel)

    async def check(self) -> None:
        """Raise Unavailable, naming what is not up, unless runs can start."""
        down = [
            name for name, up in zip(NEEDED, await asyncio.gather(*map(self._serves, NEEDED)), strict=True) if not up
        ]
        if down:
            parts = [name.split(".")[1] for name in down]
            raise Unavailable(
                f"Not ready yet: {', '.join(parts)}. Try again shortly.", metadata={MISSING: ",".join(parts)}
            )

    async def _serves(self, service: str) -> bool:
        try:
            answer = await unary(self._stub.Check, health_pb2.HealthCheckRequest(service=service), _SECONDS)
        except ServiceError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
