"""Read a project's events where the orchestrator is of a release that had no log of them (First light).

Then there are two logs, of flows in the registry and of executions in the orchestrator, both with ids made from the
time. They are merged by id, as that release did. What is younger than a moment waits, so that whatever the other log
has of the same moment is seen in its place; a clock that is off by more can still put an event where a reader has
passed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc.aio
from triggerflow.orchestrator.v1 import orchestrator_service_pb2, orchestrator_service_pb2_grpc
from triggerflow.registry.v1 import registry_service_pb2, registry_service_pb2_grpc
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.ids import first_uuid7
from triggerflow_chassis.wire.project_event import (
    execution_notice_to_item,
    flow_event_to_item,
    project_event_from_item,
)

from triggerflow_stream.domain.entry import ProjectEntry

_SECONDS = 10.0
_MOMENT_US = 500_000


class OlderLogs:
    """ProjectHistory over RegistryService.ListFlowEvents and OrchestratorService.ListExecutionNotices."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._registry = registry_service_pb2_grpc.RegistryServiceStub(channel)
        self._orchestrator = orchestrator_service_pb2_grpc.OrchestratorServiceStub(channel)

    async def newest(self, project_id: str) -> str:
        """Now, by this machine's clock: neither log says what its newest is."""
        return first_uuid7(now_us())

    async def read(self, project_id: str, after: str, limit: int) -> Sequence[ProjectEntry]:
        settled = first_uuid7(now_us() - _MOMENT_US)
        about: dict[str, Any] = {"project_id": project_id, "after": after, "limit": limit}
        flows = self._registry.ListFlowEvents(registry_service_pb2.ListFlowEventsRequest(**about), timeout=_SECONDS)
        runs = self._orchestrator.ListExecutionNotices(
            orchestrator_service_pb2.ListExecutionNoticesRequest(**about), timeout=_SECONDS
        )
        try:
            changed, told = await asyncio.gather(flows, runs)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None
        items: list[dict[str, Any]] = list(map(flow_event_to_item, changed.events))
        items += map(execution_notice_to_item, told.notices)
        items = sorted((item for item in items if item["id"] < settled), key=lambda item: item["id"])
        return [ProjectEntry(item["id"], project_event_from_item(item)) for item in items[:limit]]
