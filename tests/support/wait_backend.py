"""The waits of a backend in memory: one approval, which any answer answers."""

from __future__ import annotations

from typing import Any

from triggerflow.orchestrator.v1 import wait_pb2 as pb
from triggerflow_chassis.clock import now_us, to_timestamp
from triggerflow_chassis.errors import NotFound
from triggerflow_chassis.ids import uuid7

WAIT_ID = "01900000-0000-7000-8000-000000000002"


class WaitBackend:
    """RPCs of OrchestratorService. `backend.execution(id)` raises NotFound where there is no such execution."""

    backend: Any

    async def ListWaits(self, request: Any, context: Any) -> Any:
        self.backend.note("ListWaits", request)
        return pb.ListWaitsResponse(waits=[_wait(uuid7(), uuid7())])

    async def GetWait(self, request: Any, context: Any) -> Any:
        self.backend.note("GetWait", request)
        if request.wait_id != WAIT_ID:
            raise NotFound("wait", request.wait_id)
        return pb.GetWaitResponse(wait=_wait(request.wait_id, uuid7()))

    async def ResumeExecution(self, request: Any, context: Any) -> Any:
        self.backend.note("ResumeExecution", request)
        self.backend.execution(request.execution_id)
        return pb.ResumeExecutionResponse(wait=_wait(request.wait_id, request.execution_id))

    async def SignalEvent(self, request: Any, context: Any) -> Any:
        self.backend.note("SignalEvent", request)
        return pb.SignalEventResponse(matched=2)


def _wait(wait_id: str, execution_id: str) -> pb.Wait:
    return pb.Wait(
        id=wait_id,
        execution_id=execution_id,
        flow_id=uuid7(),
        flow_name="flow",
        node_id=uuid7(),
        node_name="ask",
        kind="approval",
        status="answered",
        schema_json='{"type":"object"}',
        assignees=["anna"],
        input_json="{}",
        created_at=to_timestamp(now_us()),
        answer_json='{"decision":"approved","data":null,"by":"local","at":"2026-01-01T00:00:00Z"}',
    )
