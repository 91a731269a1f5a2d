"""The RPCs about waits, as a part of the service."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message
from triggerflow.orchestrator.v1 import wait_pb2 as pb
from triggerflow_chassis.clock import to_timestamp
from triggerflow_chassis.identity import current
from triggerflow_chassis.ids import normalise
from triggerflow_chassis.jsontext import canonical
from triggerflow_chassis.wire.freeform import read

from triggerflow_orchestrator.app.answers import AnswerWait, Matched, SignalEvent
from triggerflow_orchestrator.app.idempotency import Idempotency, Replayed
from triggerflow_orchestrator.app.read_waits import ListWaits, ReadWaits
from triggerflow_orchestrator.domain.wait import WaitRecord
from triggerflow_orchestrator.transport.callers import project, request_key

T = TypeVar("T", bound=Message)


@dataclass(frozen=True, slots=True)
class WaitHandlers:
    """What these RPCs call."""

    answer: AnswerWait
    signal: SignalEvent
    read: ReadWaits


class WaitRpcs:
    """To be inherited by the service, which sets both."""

    _waits: WaitHandlers
    _idempotency: Idempotency

    async def ResumeExecution(self, request: pb.ResumeExecutionRequest, context: Any) -> pb.ResumeExecutionResponse:
        project_id = project(request.project_id)
        named = (normalise(request.execution_id), normalise(request.wait_id))
        asked = _key(request, project_id, "ResumeExecution", [*named, request.value_json], _render_resume)

        async def perform() -> WaitRecord:
            value = read(request.value_json or "null", "/value")
            return await self._waits.answer(project_id, *named, value, current().subject, asked)

        answer = await self._idempotency.once(asked, perform)
        if isinstance(answer, WaitRecord):
            return pb.ResumeExecutionResponse(wait=message(answer))
        return _replayed(answer, pb.ResumeExecutionResponse)

    async def ListWaits(self, request: pb.ListWaitsRequest, context: Any) -> pb.ListWaitsResponse:
        found, next_page_token = await self._waits.read.page(
            ListWaits(
                project_id=project(request.project_id),
                page_size=request.page_size,
                page_token=request.page_token,
                status=request.status,
                flow_id=request.flow_id,
                execution_id=request.execution_id,
                assignee=request.assignee,
            )
        )
        return pb.ListWaitsResponse(waits=[message(wait) for wait in found], next_page_token=next_page_token)

    async def GetWait(self, request: pb.GetWaitRequest, context: Any) -> pb.GetWaitResponse:
        wait = await self._waits.read.get(project(request.project_id), request.wait_id)
        return pb.GetWaitResponse(wait=message(wait))

    async def SignalEvent(self, request: pb.SignalEventRequest, context: Any) -> pb.SignalEventResponse:
        project_id = project(request.project_id)
        asked = _key(
            request, project_id, "SignalEvent", [request.name, request.key, request.value_json], _render_signal
        )

        async def perform() -> Matched:
            value = read(request.value_json or "null", "/value")
            return await self._waits.signal(project_id, request.name, request.key, value, current().subject, asked)

        answer = await self._idempotency.once(asked, perform)
        if isinstance(answer, Matched):
            return pb.SignalEventResponse(matched=answer.count)
        return _replayed(answer, pb.SignalEventResponse)


def message(wait: WaitRecord) -> pb.Wait:
    """The wait as a message."""
    made = pb.Wait(
        id=wait.id,
        execution_id=wait.execution_id,
        flow_id=wait.flow_id,
        flow_name=wait.flow_name,
        node_id=wait.node_id,
        node_name=wait.node_name,
        scope=wait.scope,
        kind=wait.kind,
        status=wait.status,
        schema_json=wait.schema_json,
        assignees=wait.assignees,
        input_json=wait.input_json,
        name=wait.name,
        key=wait.key,
        created_at=to_timestamp(wait.created_at),
        answer_json=wait.answer_json,
    )
    if wait.due_at is not None:
        made.due_at.CopyFrom(to_timestamp(wait.due_at))
    return made


def _render_resume(wait: WaitRecord) -> bytes:
    return pb.ResumeExecutionResponse(wait=message(wait)).SerializeToString()


def _render_signal(matched: Matched) -> bytes:
    return pb.SignalEventResponse(matched=matched.count).SerializeToString()


def _key(request: Any, project_id: str, method: str, asked: list[str], render: Callable[[Any], bytes]) -> Any:
    if not request.request_id:
        return None
    fingerprint = hashlib.sha256(canonical(asked)).hexdigest()
    return request_key(project_id, request.request_id, method, fingerprint, render)


def _replayed(answer: Replayed, kind: type[T]) -> T:
    response = kind()
    response.ParseFromString(answer.response)
    return response
