"""Read the logs of the services that own them."""

from __future__ import annotations

from collections.abc import Sequence

import grpc.aio
from triggerflow.orchestrator.v1 import orchestrator_service_pb2, orchestrator_service_pb2_grpc
from triggerflow.registry.v1 import registry_service_pb2, registry_service_pb2_grpc
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.wire.event import LAST_TYPES
from triggerflow_chassis.wire.project_event import (
    flow_event_to_item,
    notice_to_item,
    project_event_from_item,
)

from triggerflow_stream.domain.entry import Entry, Page, ProjectEntry

FLOW_LOG = "flow"
EXECUTION_LOG = "execution"
_SECONDS = 10.0


class OrchestratorHistory:
    """ExecutionHistory over OrchestratorService.ListEvents."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._orchestrator = orchestrator_service_pb2_grpc.OrchestratorServiceStub(channel)

    async def read(self, project_id: str, execution_id: str, after: str, limit: int) -> Page:
        request = orchestrator_service_pb2.ListEventsRequest(
            project_id=project_id, execution_id=execution_id, after=after, limit=limit
        )
        try:
            answer = await self._orchestrator.ListEvents(request, timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None
        entries = [Entry(event.id, event.sequence, event, event.type in LAST_TYPES) for event in answer.events]
        return Page(entries, answer.ended, answer.complete)


class ProjectLogs:
    """ProjectHistory over RegistryService.ListFlowEvents and OrchestratorService.ListExecutionNotices."""

    logs: tuple[str, ...] = (FLOW_LOG, EXECUTION_LOG)

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._registry = registry_service_pb2_grpc.RegistryServiceStub(channel)
        self._orchestrator = orchestrator_service_pb2_grpc.OrchestratorServiceStub(channel)

    async def read(self, project_id: str, log: str, after: str, limit: int) -> Sequence[ProjectEntry]:
        try:
            if log == FLOW_LOG:
                flows = await self._registry.ListFlowEvents(
                    registry_service_pb2.ListFlowEventsRequest(project_id=project_id, after=after, limit=limit),
                    timeout=_SECONDS,
                )
                items = [flow_event_to_item(event) for event in flows.events]
            else:
                executions = await self._orchestrator.ListExecutionNotices(
                    orchestrator_service_pb2.ListExecutionNoticesRequest(
                        project_id=project_id, after=after, limit=limit
                    ),
                    timeout=_SECONDS,
                )
                items = [notice_to_item(notice) for notice in executions.notices]
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None
        return [ProjectEntry(item["id"], log, project_event_from_item(item)) for item in items]
