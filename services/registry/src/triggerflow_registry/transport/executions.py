"""Ask the orchestrator about runs, as the caller of this call."""

from __future__ import annotations

import grpc
import grpc.aio
from triggerflow.orchestrator.v1 import execution_pb2, orchestrator_service_pb2, orchestrator_service_pb2_grpc
from triggerflow_chassis.errors import Deadline, ServiceError, Unavailable
from triggerflow_chassis.grpc.status import from_rpc_error

from triggerflow_registry.domain.flow import FlowId, ProjectId
from triggerflow_registry.transport.caller import caller_metadata

_UNENDED = (
    execution_pb2.EXECUTION_STATUS_QUEUED,
    execution_pb2.EXECUTION_STATUS_RUNNING,
    execution_pb2.EXECUTION_STATUS_WAITING,
)
_SECONDS = 5.0


class OrchestratorExecutions:
    """`ports.Executions` over a channel, which whoever opened it closes."""

    def __init__(self, channel: grpc.aio.Channel, *, seconds: float = _SECONDS) -> None:
        self._stub = orchestrator_service_pb2_grpc.OrchestratorServiceStub(channel)
        self._seconds = seconds

    async def any_unended(self, project_id: ProjectId, flow_id: FlowId) -> bool:
        request = orchestrator_service_pb2.ListExecutionsRequest(
            project_id=project_id, flow_id=flow_id, statuses=_UNENDED, page_size=1
        )
        try:
            response = await self._stub.ListExecutions(request, timeout=self._seconds, metadata=caller_metadata())
        except grpc.aio.AioRpcError as error:
            raise _told(from_rpc_error(error)) from error
        return bool(response.executions)


def _told(error: ServiceError) -> ServiceError:
    if isinstance(error, Unavailable | Deadline):
        return Unavailable("Whether the flow still runs cannot be asked now. Nothing was changed; try again.")
    return error
