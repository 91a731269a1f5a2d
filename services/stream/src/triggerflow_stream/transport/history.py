"""Read the logs of the service that owns them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio
import structlog
from triggerflow.orchestrator.v1 import orchestrator_service_pb2, orchestrator_service_pb2_grpc
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.wire.event import LAST_TYPES
from triggerflow_chassis.wire.project_event import (
    notice_to_item,
    project_event_from_item,
)

from triggerflow_stream.domain.entry import Entry, Page, ProjectEntry
from triggerflow_stream.transport.older_logs import OlderLogs

_SECONDS = 10.0

log = structlog.get_logger("triggerflow.stream")


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
    """ProjectHistory over OrchestratorService.ListProjectNotices, or what an older orchestrator has instead."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._orchestrator = orchestrator_service_pb2_grpc.OrchestratorServiceStub(channel)
        self._older = OlderLogs(channel)
        self._is_older = False

    @property
    def told_live(self) -> bool:
        return not self._is_older

    async def newest(self, project_id: str) -> str:
        request = orchestrator_service_pb2.ListProjectNoticesRequest(project_id=project_id, newest=True)
        answer = await self._list(request)
        if answer is None:
            return await self._older.newest(project_id)
        newest: str = answer.next
        return newest

    async def read(self, project_id: str, after: str, limit: int) -> Sequence[ProjectEntry]:
        request = orchestrator_service_pb2.ListProjectNoticesRequest(project_id=project_id, after=after, limit=limit)
        answer = await self._list(request)
        if answer is None:
            return await self._older.read(project_id, after, limit)
        items = map(notice_to_item, answer.notices)
        return [ProjectEntry(item["id"], project_event_from_item(item)) for item in items]

    async def _list(self, request: Any) -> Any:
        """The answer; None where the orchestrator is older than this call. It may be upgraded at any time."""
        try:
            answer = await self._orchestrator.ListProjectNotices(request, timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                raise from_rpc_error(error) from None
            answer = None
        if self._is_older != (answer is None):
            self._is_older = answer is None
            log.info("project_log_of_older_orchestrator" if self._is_older else "project_log_of_this_release")
        return answer
