"""Run executions again: one, with a plan of it first, or many at once."""

from __future__ import annotations

from triggerflow_chassis import tracing
from triggerflow_chassis.errors import BadParameter

from triggerflow_bff import bodies, idempotency, problems
from triggerflow_bff.answers import Answer, ok
from triggerflow_bff.call import Call
from triggerflow_bff.routes.executions import execution_exists
from triggerflow_bff.routes.parameters import IDEMPOTENCY_KEY
from triggerflow_bff.table import Operation, Parameter, Reply, Resource


async def retry(call: Call) -> Answer:
    execution_id = call.id("executionId", "execution")
    async with bodies.path_first(lambda: execution_exists(call)):
        raw = await bodies.read(call)
        only_plan = _flag(call, "plan")
        request_id = idempotency.request_id(call)
        body = bodies.parse(raw)
        bodies.checked(call, request_id, body, bodies.violations("retry", body))
    if only_plan:
        return ok(await call.parts.rerun.plan(call.principal, execution_id, body))
    execution = await call.parts.rerun.retry(call.principal, request_id, execution_id, body)
    call.parts.remembered.keep(request_id, body)
    return ok(execution, 202, (b"location", f"/executions/{execution['id']}".encode()))


async def retry_many(call: Call) -> Answer:
    raw = await bodies.read(call)
    request_id = idempotency.request_id(call)
    body = bodies.parse(raw)
    bodies.checked(call, request_id, body, bodies.violations("retries", body))
    found = await call.parts.rerun.retry_many(call.principal, request_id, body)
    call.parts.remembered.keep(request_id, body)
    items = [
        {
            "executionId": execution_id,
            "retriedAs": retried_as,
            "problem": None if refusal is None else problems.document(refusal, tracing.current()),
        }
        for execution_id, retried_as, refusal in found
    ]
    return ok({"items": items})


def _flag(call: Call, name: str) -> bool:
    value = call.query.text(name)
    if value not in (None, "true", "false"):
        raise BadParameter(name, f"{name} must be true or false.")
    return value == "true"


RESOURCES = (
    Resource(
        "/executions/retry",
        "Executions",
        (
            Operation(
                "POST",
                retry_many,
                "Run executions again",
                (Reply(200, "What became of each, in the order asked.", "RetriedExecutions"),),
                reasons=("BAD_PARAMETER", "IDEMPOTENCY_KEY_REUSED"),
                parameters=(IDEMPOTENCY_KEY,),
                body="Retries",
                description="Each by itself: one that is refused has its problem, and stops no other. With an "
                "Idempotency-Key a call that broke off goes on where it was.",
            ),
        ),
    ),
    Resource(
        "/executions/{executionId}/retry",
        "Executions",
        (
            Operation(
                "POST",
                retry,
                "Run an execution again",
                (
                    Reply(202, "The new execution is durable and goes on.", "Execution", headers=("Location",)),
                    Reply(200, "With `plan=true`: what it would do. Nothing is changed.", "RerunPlan"),
                ),
                reasons=("NOT_FOUND", "BAD_PARAMETER", "IDEMPOTENCY_KEY_REUSED", "NO_MANUAL_TRIGGER", "RUNNING"),
                parameters=(
                    Parameter("plan", "true: only say what it would do.", {"type": "boolean"}),
                    IDEMPOTENCY_KEY,
                ),
                body="Retry",
                description="A finished result is reused where nothing it stands on changed or repeats.",
            ),
        ),
        exists=execution_exists,
    ),
)
