"""The RPCs that run executions again: convert, call, convert back."""

from __future__ import annotations

from typing import Any, Final

from triggerflow.orchestrator.v1 import rerun_pb2 as pb
from triggerflow_chassis.grpc.status import to_status
from triggerflow_chassis.identity import current

from triggerflow_orchestrator.app.commands import RequestKey, RetryCommand
from triggerflow_orchestrator.app.idempotency import Idempotency, Replayed
from triggerflow_orchestrator.app.read_executions import known_id
from triggerflow_orchestrator.app.rerun_plan import Cost, RerunPlan
from triggerflow_orchestrator.app.retry import RetryExecution
from triggerflow_orchestrator.app.retry_many import Retried, RetryMany
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.transport import messages, rerun_request
from triggerflow_orchestrator.transport.callers import project, request_key

_METHOD: Final = "RetryExecution"


class RerunRpcs:
    """A part of the servicer. Every RPC acts for the caller's project; another one may not be named."""

    _retry: RetryExecution
    _retry_many: RetryMany
    _idempotency: Idempotency

    async def RetryExecution(self, request: pb.RetryExecutionRequest, context: Any) -> pb.RetryExecutionResponse:
        project_id = project(request.project_id)
        asked = rerun_request.read_one(request)
        key = None
        if request.request_id:
            fingerprint = asked.fingerprint(request.execution_id.lower())
            key = request_key(project_id, request.request_id, _METHOD, fingerprint, render)

        async def perform() -> ExecutionRecord:
            return await self._retry(_command(request, asked, project_id, key))

        answer = await self._idempotency.once(key, perform)
        if isinstance(answer, Replayed):
            response = pb.RetryExecutionResponse()
            response.ParseFromString(answer.response)
            return response
        return pb.RetryExecutionResponse(execution=messages.execution(answer))

    async def PlanRetry(self, request: pb.PlanRetryRequest, context: Any) -> pb.PlanRetryResponse:
        asked = rerun_request.read_one(request)
        plan = await self._retry.plan(_command(request, asked, project(request.project_id), None))
        return pb.PlanRetryResponse(plan=_plan(plan))

    async def RetryExecutions(self, request: pb.RetryExecutionsRequest, context: Any) -> pb.RetryExecutionsResponse:
        project_id = project(request.project_id)
        asked = rerun_request.read_many(request)
        if asked.refusal is not None:
            raise asked.refusal
        document = asked.document

        def key(execution_id: str, request_id: str) -> RequestKey:
            return request_key(project_id, request_id, _METHOD, asked.fingerprint(execution_id), render)

        found = await self._retry_many(
            project_id,
            current().subject,
            document["executionIds"],
            document["from"],
            document.get("blueprintVersion"),
            request.request_id,
            key,
        )
        return pb.RetryExecutionsResponse(items=[_retried(one) for one in found])


def render(record: ExecutionRecord) -> bytes:
    """The answer to RetryExecution as it is stored and replayed."""
    return pb.RetryExecutionResponse(execution=messages.execution(record)).SerializeToString()


def retried_id(stored: bytes) -> str:
    """The new execution of an answer that `render` wrote."""
    response = pb.RetryExecutionResponse()
    response.ParseFromString(stored)
    return response.execution.id


def _command(
    request: pb.RetryExecutionRequest | pb.PlanRetryRequest,
    asked: rerun_request.Asked,
    project_id: str,
    key: RequestKey | None,
) -> RetryCommand:
    execution_id = known_id("execution", request.execution_id)
    if asked.refusal is not None:
        raise asked.refusal
    return RetryCommand(
        project_id=project_id,
        principal=current().subject,
        execution_id=execution_id,
        start=asked.document["from"],
        blueprint_version=asked.document.get("blueprintVersion"),
        inputs=asked.document.get("inputs"),
        request=key,
    )


def _retried(one: Retried) -> pb.RetriedExecution:
    refusal = b"" if one.refusal is None else to_status(one.refusal).SerializeToString()
    return pb.RetriedExecution(execution_id=one.execution_id, retried_as=one.retried_as, refusal=refusal)


def _plan(plan: RerunPlan) -> pb.RerunPlan:
    return pb.RerunPlan(
        execution_id=plan.execution_id,
        start=plan.start,
        blueprint_version=plan.version,
        reused=[
            pb.ReusedResult(node_id=one.place.node_id, scope=one.place.scope, activation_id=one.activation_id)
            for one in plan.reused
        ],
        repeats=[
            pb.RepeatedNode(node_id=one.node_id, name=one.name, effect=one.effect, last=_cost(one.last))
            for one in plan.repeats
        ],
        changed=plan.changed,
        warnings=plan.warnings,
        estimate=_cost(plan.estimate),
    )


def _cost(cost: Cost) -> pb.LastCost:
    return pb.LastCost(seconds=cost.seconds, tokens=cost.tokens, cost=cost.cost)
