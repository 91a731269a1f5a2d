"""OrchestratorService over gRPC: converts, calls a handler, converts back."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from google.protobuf.message import Message
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as pb
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as pb_grpc
from triggerflow_chassis.clock import from_timestamp
from triggerflow_chassis.errors import BadParameter
from triggerflow_chassis.grpc.limits import UNARY_SECONDS
from triggerflow_chassis.identity import current
from triggerflow_chassis.ids import normalise
from triggerflow_chassis.wire.execution import STATUS_NAMES

from triggerflow_orchestrator.app.commands import RequestKey, StartCommand
from triggerflow_orchestrator.app.hook_desk import HookDesk
from triggerflow_orchestrator.app.hooks import Hooks
from triggerflow_orchestrator.app.idempotency import Idempotency, Replayed
from triggerflow_orchestrator.app.intervene import Intervene
from triggerflow_orchestrator.app.read_executions import ListExecutions, ReadExecutions, known_id
from triggerflow_orchestrator.app.read_history import ReadHistory
from triggerflow_orchestrator.app.retry import RetryExecution
from triggerflow_orchestrator.app.retry_many import RetryMany
from triggerflow_orchestrator.app.run_node import RunNode
from triggerflow_orchestrator.app.schedule_desk import ScheduleDesk
from triggerflow_orchestrator.app.waiters import EndWaiters
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.lease import Load
from triggerflow_orchestrator.transport import messages, start_request
from triggerflow_orchestrator.transport.callers import project as _project
from triggerflow_orchestrator.transport.callers import request_key as _key
from triggerflow_orchestrator.transport.hook_calls import HookCalls
from triggerflow_orchestrator.transport.intervention_rpcs import InterventionRpcs
from triggerflow_orchestrator.transport.lone_node import LoneNodeRpcs
from triggerflow_orchestrator.transport.rerun import RerunRpcs, retried_id
from triggerflow_orchestrator.transport.schedule_rpcs import ScheduleRpcs
from triggerflow_orchestrator.transport.waits import WaitHandlers, WaitRpcs

SERVICE: Final = pb.DESCRIPTOR.services_by_name["OrchestratorService"].full_name
MOST_WAIT_SECONDS: Final = 30

# Left of a call's deadline for reading the execution and answering, once the wait is over.
_ANSWER_SECONDS: Final = 0.5

T = TypeVar("T", bound=Message)


class Cancel(Protocol):
    """`app.cancel.CancelExecution`."""

    def __call__(
        self, project_id: str, execution_id: str, principal: str, request: RequestKey | None
    ) -> Awaitable[ExecutionRecord]: ...


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the service calls."""

    start: Callable[[StartCommand], Awaitable[ExecutionRecord]]
    cancel: Cancel
    executions: ReadExecutions
    history: ReadHistory
    idempotency: Idempotency
    waiters: EndWaiters
    load: Callable[[], Awaitable[Load]]
    retry: RetryExecution
    run_node: RunNode
    hooks: Hooks
    hook_desk: HookDesk
    schedules: ScheduleDesk
    intervene: Intervene
    waits: WaitHandlers


class OrchestratorServicer(
    InterventionRpcs, RerunRpcs, LoneNodeRpcs, HookCalls, ScheduleRpcs, WaitRpcs, pb_grpc.OrchestratorServiceServicer
):
    """Every RPC acts for the caller's project; another one may not be named."""

    def __init__(self, handlers: Handlers) -> None:
        self._start = handlers.start
        self._cancel = handlers.cancel
        self._executions = handlers.executions
        self._history = handlers.history
        self._idempotency = handlers.idempotency
        self._waiters = handlers.waiters
        self._load = handlers.load
        self._retry = handlers.retry
        self._run_node = handlers.run_node
        self._schedules = handlers.schedules
        self._waits = handlers.waits
        self._retry_many = RetryMany(handlers.retry, handlers.idempotency, retried_id)
        self._hooks = handlers.hooks
        self._intervene = handlers.intervene
        self._hook_desk = handlers.hook_desk

    async def StartExecution(self, request: pb.StartExecutionRequest, context: Any) -> pb.StartExecutionResponse:
        until = _deadline(context)
        project_id = _project(request.project_id)
        if not 0 <= request.wait_seconds <= MOST_WAIT_SECONDS:
            raise BadParameter("wait_seconds", f"wait_seconds must be from 0 to {MOST_WAIT_SECONDS}.")
        asked = start_request.read(request)
        key = None
        if request.request_id:
            key = _key(project_id, request.request_id, "StartExecution", asked.fingerprint, messages.render_start)

        async def perform() -> ExecutionRecord:
            if asked.refusal is not None:
                raise asked.refusal
            document = asked.document
            command = StartCommand(
                project_id=project_id,
                principal=current().subject,
                flow_id=document["flowId"],
                blueprint_version=document.get("blueprintVersion"),
                inputs=document["inputs"],
                context=document.get("context", {}),
                options=document.get("executionOptions", {}),
                trigger_node_id=asked.trigger_node_id,
                wait_seconds=request.wait_seconds,
                request=key,
            )
            return await self._start(command)

        answer = await self._idempotency.once(key, perform)
        wait_seconds = min(request.wait_seconds, until - time.monotonic() - _ANSWER_SECONDS)
        if isinstance(answer, ExecutionRecord):
            record = await self._waiters.wait(answer, wait_seconds, fresh=True)
            return pb.StartExecutionResponse(execution=messages.execution(record))
        response = _replayed(answer, pb.StartExecutionResponse)
        if request.wait_seconds > 0:
            # The first answer was, or would have been, the execution at its end.
            record = await self._executions.get(project_id, response.execution.id)
            record = await self._waiters.wait(record, wait_seconds, fresh=False)
            response = pb.StartExecutionResponse(execution=messages.execution(record))
        return response

    async def CancelExecution(self, request: pb.CancelExecutionRequest, context: Any) -> pb.CancelExecutionResponse:
        project_id = _project(request.project_id)
        key = None
        if request.request_id:
            fingerprint = hashlib.sha256(normalise(request.execution_id).encode()).hexdigest()
            key = _key(project_id, request.request_id, "CancelExecution", fingerprint, messages.render_cancel)

        async def perform() -> ExecutionRecord:
            execution_id = known_id("execution", request.execution_id)
            return await self._cancel(project_id, execution_id, current().subject, key)

        answer = await self._idempotency.once(key, perform)
        if isinstance(answer, ExecutionRecord):
            return pb.CancelExecutionResponse(execution=messages.execution(answer))
        return _replayed(answer, pb.CancelExecutionResponse)

    async def GetExecution(self, request: pb.GetExecutionRequest, context: Any) -> pb.GetExecutionResponse:
        record = await self._executions.get(_project(request.project_id), request.execution_id)
        execution = messages.execution(record)
        execution.metrics.extend(map(messages.metric, await self._executions.metrics(record.id)))
        return pb.GetExecutionResponse(execution=execution)

    async def ListExecutions(self, request: pb.ListExecutionsRequest, context: Any) -> pb.ListExecutionsResponse:
        unknown = [number for number in request.statuses if number not in STATUS_NAMES]
        if unknown:
            raise BadParameter("statuses", f"There is no execution status of number {unknown[0]}.")
        asked = ListExecutions(
            project_id=_project(request.project_id),
            page_size=request.page_size,
            page_token=request.page_token,
            flow_id=request.flow_id,
            statuses=[STATUS_NAMES[number] for number in request.statuses],  # type: ignore[misc]
            labels=list(request.labels),
            from_us=_stored_time(getattr(request, "from")) if request.HasField("from") else None,
            to_us=_stored_time(request.to) if request.HasField("to") else None,
            query=request.query,
        )
        records, next_page_token = await self._executions.page(asked)
        return pb.ListExecutionsResponse(
            executions=[messages.execution(record) for record in records], next_page_token=next_page_token
        )

    async def ListActivations(self, request: pb.ListActivationsRequest, context: Any) -> pb.ListActivationsResponse:
        records, next_page_token = await self._executions.activations(
            _project(request.project_id), request.execution_id, request.page_size, request.page_token
        )
        return pb.ListActivationsResponse(
            activations=[messages.activation(record) for record in records], next_page_token=next_page_token
        )

    async def ListEvents(self, request: pb.ListEventsRequest, context: Any) -> pb.ListEventsResponse:
        found = await self._history.events(
            _project(request.project_id), request.execution_id, request.after, request.limit
        )
        return pb.ListEventsResponse(
            events=[messages.event(event) for event in found.events],
            next=found.next,
            ended=found.ended,
            complete=found.complete,
        )

    async def ListExecutionNotices(
        self, request: pb.ListExecutionNoticesRequest, context: Any
    ) -> pb.ListExecutionNoticesResponse:
        found = await self._history.notices(_project(request.project_id), request.after, request.limit, flows=False)
        return pb.ListExecutionNoticesResponse(notices=[messages.execution_notice(notice) for notice in found])

    async def ListProjectNotices(
        self, request: pb.ListProjectNoticesRequest, context: Any
    ) -> pb.ListProjectNoticesResponse:
        project_id = _project(request.project_id)
        if request.newest:
            return pb.ListProjectNoticesResponse(next=await self._history.newest_notice(project_id))
        found = await self._history.notices(project_id, request.after, request.limit, flows=True)
        return pb.ListProjectNoticesResponse(
            notices=[messages.project_notice(notice) for notice in found],
            next=found[-1].id if found else normalise(request.after),
        )

    async def GetLoad(self, request: pb.GetLoadRequest, context: Any) -> pb.GetLoadResponse:
        return pb.GetLoadResponse(load=messages.load(await self._load()))

    async def GetValue(self, request: pb.GetValueRequest, context: Any) -> pb.GetValueResponse:
        piece, total = await self._history.value(_project(request.project_id), request.ref, request.offset)
        return pb.GetValueResponse(json=piece, total_bytes=total)


def _replayed(answer: Replayed, kind: type[T]) -> T:
    response = kind()
    response.ParseFromString(answer.response)
    return response


def _deadline(context: Any) -> float:
    # A caller that set no deadline has the server's.
    left = context.time_remaining()
    return time.monotonic() + (UNARY_SECONDS if left is None else left)


def _stored_time(timestamp: Any) -> int:
    # Protobuf has years that the database has not; beyond its bounds there is nothing to find either way.
    return max(-(2**63), min(from_timestamp(timestamp), 2**63 - 1))
