"""Put the stream service together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc.aio
from triggerflow.orchestrator.v1 import orchestrator_service_pb2
from triggerflow.registry.v1 import registry_service_pb2
from triggerflow.stream.v1 import stream_service_pb2, stream_service_pb2_grpc
from triggerflow_chassis.bus import Bus

from triggerflow_stream.app.subscriptions import Subscriptions
from triggerflow_stream.app.watch_execution import ExecutionWatch, WatchExecution
from triggerflow_stream.app.watch_project import ProjectWatch, WatchProject
from triggerflow_stream.settings import StreamSettings
from triggerflow_stream.transport.history import OrchestratorHistory, ProjectLog
from triggerflow_stream.transport.live import BusEvents, BusProjectEvents
from triggerflow_stream.transport.service import StreamServicer

SERVICE = stream_service_pb2.DESCRIPTOR.services_by_name["StreamService"].full_name
# Whose logs it reads. In the mesh it describes them, too: there the edge gives reflection to this service.
OTHERS = (
    orchestrator_service_pb2.DESCRIPTOR.services_by_name["OrchestratorService"].full_name,
    registry_service_pb2.DESCRIPTOR.services_by_name["RegistryService"].full_name,
)


@dataclass(frozen=True, slots=True)
class Stream:
    """The service, ready to be put on a server."""

    servicer: StreamServicer

    def register(self, server: grpc.aio.Server) -> Sequence[str]:
        """Add the service. Returns its full name."""
        stream_service_pb2_grpc.add_StreamServiceServicer_to_server(self.servicer, server)
        return [SERVICE]

    async def ready(self) -> None:
        """It holds nothing, so it is ready when it is open."""


@asynccontextmanager
async def open_stream(settings: StreamSettings, *, channel: grpc.aio.Channel, bus: Bus) -> AsyncIterator[Stream]:
    """The stream service. `channel` reaches registry and orchestrator; neither it nor the bus is closed here."""
    events, live_events = OrchestratorHistory(channel), BusEvents(bus)
    logs, live_logs = ProjectLog(channel), BusProjectEvents(bus)

    def watch_execution(command: WatchExecution) -> ExecutionWatch:
        return ExecutionWatch(
            command,
            history=events,
            live=live_events,
            capacity=settings.mailbox_events,
            idle_seconds=settings.idle_seconds,
        )

    def watch_project(command: WatchProject) -> ProjectWatch:
        return ProjectWatch(
            command,
            history=logs,
            live=live_logs,
            capacity=settings.mailbox_events,
            idle_seconds=settings.idle_seconds,
        )

    yield Stream(
        StreamServicer(
            watch_execution=watch_execution,
            watch_project=watch_project,
            subscriptions=Subscriptions(settings.watches_per_principal),
        )
    )
