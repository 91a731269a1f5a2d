"""Add context to an execution that goes on, and see what was added."""

from __future__ import annotations

from triggerflow_bff import bodies, idempotency
from triggerflow_bff.answers import Answer, ok
from triggerflow_bff.call import Call
from triggerflow_bff.routes.executions import execution_exists
from triggerflow_bff.routes.parameters import IDEMPOTENCY_KEY
from triggerflow_bff.table import Operation, Reply, Resource


async def add(call: Call) -> Answer:
    execution_id = call.id("executionId", "execution")
    async with bodies.path_first(lambda: execution_exists(call)):
        raw = await bodies.read(call)
        request_id = idempotency.request_id(call)
        body = bodies.parse(raw)
        bodies.checked(call, request_id, body, bodies.violations("intervention", body))
    added = await call.parts.interventions.add(call.principal, request_id, execution_id, body["value"])
    call.parts.remembered.keep(request_id, body)
    return ok(added, 202)


async def listed(call: Call) -> Answer:
    execution_id = call.id("executionId", "execution")
    items = await call.parts.interventions.of_execution(call.principal, execution_id)
    return ok({"items": items, "nextPageToken": None})


RESOURCES = (
    Resource(
        "/executions/{executionId}/interventions",
        "Executions",
        (
            Operation(
                "GET",
                listed,
                "What was added to an execution",
                (Reply(200, "In the order it was added, all of it.", "InterventionPage"),),
                reasons=("NOT_FOUND",),
            ),
            Operation(
                "POST",
                add,
                "Add context to an execution",
                (Reply(202, "It is durable; handlers that ask see it from now on.", "Intervention"),),
                reasons=("NOT_FOUND", "IDEMPOTENCY_KEY_REUSED", "ALREADY_ENDED", "TOO_MANY"),
                parameters=(IDEMPOTENCY_KEY,),
                body="AddIntervention",
                description="Handlers see it as `ctx.interventions`; the execution's log tells of it.",
            ),
        ),
        exists=execution_exists,
    ),
)
