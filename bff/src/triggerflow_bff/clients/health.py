"""Ask whether runs can start: gRPC health of what a run needs."""

from __future__ import annotations

import asyncio

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as runs_pb
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as runs_grpc
from triggerflow_chassis.errors import ServiceError, Unavailable

from triggerflow_bff.clients.unary import unary
from triggerflow_bff.problems import MISSING

# A run reads its version from the registry and is watched through the stream.
ORCHESTRATOR = "triggerflow.orchestrator.v1.OrchestratorService"
NEEDED = (
    ORCHESTRATOR,
    "triggerflow.registry.v1.RegistryService",
    "triggerflow.stream.v1.StreamService",
)
_SECONDS = 2.0


class HealthClient:
    """The standard health service, which every server of ours has."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = health_pb2_grpc.HealthStub(channel)
        self._runs = runs_grpc.OrchestratorServiceStub(channel)

    async def check(self) -> None:
        """Raise Unavailable, naming what is not up, unless runs can start."""
        down = [
            name for name, up in zip(NEEDED, await asyncio.gather(*map(self._serves, NEEDED)), strict=True) if not up
        ]
        if down:
            parts = [name.split(".")[1] for name in down]
            why = await self._why() if ORCHESTRATOR in down else ""
            raise Unavailable(
                f"Not ready yet: {', '.join(parts)}.{why} Try again shortly.", metadata={MISSING: ",".join(parts)}
            )

    async def _serves(self, service: str) -> bool:
        try:
            answer = await unary(self._stub.Check, health_pb2.HealthCheckRequest(service=service), _SECONDS)
        except ServiceError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    async def _why(self) -> str:
        """What the orchestrator itself says keeps runs from starting, where it says anything; health has no words."""
        try:
            load = (await unary(self._runs.GetLoad, runs_pb.GetLoadRequest(), _SECONDS)).load
        except Unavailable as error:
            return f" {error.detail}"
        except ServiceError:
            return ""
        # In one process nothing is queued for workers, and no priority is listed.
        if load.queued and not any(worker.lease_seconds > 0 for worker in load.workers):
            return " No worker holds a lease: runs are accepted, and begin once one does."
        return ""
