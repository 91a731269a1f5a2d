"""Read the logs of the service that owns them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio
from triggerflow.orchestrator.v1 import orchestrator_service_pb2, orchestrator_service_pb2_grpc
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.wire.event import LAST_TYPES
from triggerflow_chassis.wire.project_event import (
    notice_to_item,
    project_event_from_item,
)

from triggerflow_stream.domain.entry import Entry, Page, ProjectEntry

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


class ProjectLog:
    """ProjectHistory over OrchestratorService.ListProjectNotices."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._orchestrator = orchestrator_service_pb2_grpc.OrchestratorServiceStub(channel)

    async def newest(self, project_id: str) -> str:
        request = orchestrator_service_pb2.ListProjectNoticesRequest(project_id=project_id, newest=True)
        newest: str = (await self._list(request)).next
        return newest

    async def read(self, project_id: str, after: str, limit: int) -> Sequence[ProjectEntry]:
        request = orchestrator_service_pb2.ListProjectNoticesRequest(project_id=project_id, after=after, limit=limit)
        items = map(notice_to_item, (await self._list(request)).notices)
        return [ProjectEntry(item["id"], project_event_from_item(item)) for item in items]

    async def _list(self, request: Any) -> Any:
        try:
            return await self._orchestrator.ListProjectNotices(request, timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                raise Unavailable("The orchestrator is of an older release. Upgrade it; then this goes on.") from None
            raise from_rpc_error(error) from None
