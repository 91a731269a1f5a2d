"""`/executions`: start, find, read and cancel runs."""

from __future__ import annotations

from triggerflow_chassis.errors import Violation

from triggerflow_bff import bodies, idempotency
from triggerflow_bff.answers import Answer, ok
from triggerflow_bff.call import Call
from triggerflow_bff.clients.orchestrator import ENDED, EXECUTION_STATUSES, Filter
from triggerflow_bff.routes.parameters import IDEMPOTENCY_KEY, PAGE, UUID
from triggerflow_bff.table import Operation, Parameter, Reply, Resource


async def start(call: Call) -> Answer:
    raw = await bodies.read(call)
    trigger = call.query.id("trigger")
    request_id = idempotency.request_id(call)
    body = bodies.parse(raw)
    bodies.checked(call, request_id, body, bodies.violations("execution-request", body))
    synchronous = body.get("executionOptions", {}).get("async", True) is False
    wait = call.parts.settings.limits.wait_seconds if synchronous else 0
    execution = await call.parts.orchestrator.start(call.principal, request_id, body, trigger, wait)
    call.parts.remembered.keep(request_id, body)
    if synchronous and execution["status"] in ENDED:
        return ok(execution)
    return ok(execution, 202, _location(execution["id"]))


async def list_executions(call: Call) -> Answer:
    query = call.query
    only = Filter(
        flow_id=query.id("flowId") or "",
        statuses=query.any_of("status", EXECUTION_STATUSES),
        labels=query.texts("label"),
        since=query.time("from"),
        before=query.time("to"),
        query=query.text("q") or "",
    )
    page = await call.parts.orchestrator.list(call.principal, query.page_size, query.page_token, only)
    return ok({"items": page.items, "nextPageToken": page.next_token or None})


async def get_execution(call: Call) -> Answer:
    return ok(await call.parts.orchestrator.get(call.principal, call.id("executionId", "execution")))


async def cancel(call: Call) -> Answer:
    execution_id = call.id("executionId", "execution")
    async with bodies.path_first(lambda: execution_exists(call)):
        raw = await bodies.read(call)
        request_id = idempotency.request_id(call)
        body = bodies.parse(raw, empty=True)
        bodies.checked(call, request_id, body, nothing(body))
    execution = await call.parts.orchestrator.cancel(call.principal, request_id, execution_id)
    call.parts.remembered.keep(request_id, body)
    return ok(execution, 202, _location(execution_id))


async def list_activations(call: Call) -> Answer:
    execution_id = call.id("executionId", "execution")
    async with bodies.path_first(lambda: execution_exists(call)):
        size, token = call.query.page_size, call.query.page_token
    page = await call.parts.orchestrator.list_activations(call.principal, execution_id, size, token)
    return ok({"items": page.items, "nextPageToken": page.next_token or None})


async def execution_exists(call: Call) -> None:
    """Raise NotFound unless the execution in the path exists."""
    await call.parts.orchestrator.get(call.principal, call.id("executionId", "execution"))


def nothing(body: object) -> list[Violation]:
    """What is wrong with a body that should have no members."""
    if not isinstance(body, dict):
        return [Violation("", "Must be an object.")]
    return [
        Violation("/" + member.replace("~", "~0").replace("/", "~1"), "This member is not known here. Remove it.")
        for member in body
    ]


def _location(execution_id: str) -> tuple[bytes, bytes]:
    return (b"location", f"/executions/{execution_id}".encode())


RESOURCES = (
    Resource(
        "/executions",
        "Executions",
        (
            Operation(
                "POST",
                start,
                "Start a run",
                (
                    Reply(202, "The run is durable and goes on.", "Execution", headers=("Location",)),
                    Reply(200, "With `async: false`: the ended execution, whatever its status.", "Execution"),
                ),
                reasons=(
                    "BAD_PARAMETER",
                    "IDEMPOTENCY_KEY_REUSED",
                    "NO_SUCH_TRIGGER",
                    "NO_VERSION",
                    "NO_MANUAL_TRIGGER",
                    "TOO_MANY",
                ),
                parameters=(
                    Parameter("trigger", "Fires this trigger alone, by its node id.", UUID),
                    IDEMPOTENCY_KEY,
                ),
                body="TriggerFlowExecutionRequest",
                description="With `async: false` the answer waits for the end, for at most 30 s. "
                "A caller that hangs up cancels nothing.",
            ),
            Operation(
                "GET",
                list_executions,
                "Find executions, newest first",
                (Reply(200, "A page of executions.", "ExecutionPage"),),
                reasons=("BAD_PARAMETER", "BAD_CURSOR"),
                parameters=(
                    *PAGE,
                    Parameter("flowId", "Only of this flow.", UUID),
                    Parameter(
                        "status",
                        "Any of these.",
                        {"type": "array", "items": {"type": "string", "enum": list(EXECUTION_STATUSES)}},
                    ),
                    Parameter("label", "All of these.", {"type": "array", "items": {"type": "string"}}),
                    Parameter("from", "Created at or after.", {"type": "string", "format": "date-time"}),
                    Parameter("to", "Created before.", {"type": "string", "format": "date-time"}),
                    Parameter("q", "Part of the error message, a label, the id or the flow's name, without case."),
                ),
            ),
        ),
    ),
    Resource(
        "/executions/{executionId}",
        "Executions",
        (
            Operation(
                "GET",
                get_execution,
                "Read an execution",
                (Reply(200, "The execution.", "Execution"),),
                reasons=("NOT_FOUND",),
            ),
        ),
        exists=execution_exists,
    ),
    Resource(
        "/executions/{executionId}/cancel",
        "Executions",
        (
            Operation(
                "POST",
                cancel,
                "Ask an execution to end",
                (Reply(202, "It ends within 5 s.", "Execution", headers=("Location",)),),
                reasons=("NOT_FOUND", "BAD_PARAMETER", "IDEMPOTENCY_KEY_REUSED", "ALREADY_ENDED"),
                parameters=(IDEMPOTENCY_KEY,),
                body="Empty",
                body_required=False,
            ),
        ),
        exists=execution_exists,
    ),
    Resource(
        "/executions/{executionId}/activations",
        "Executions",
        (
            Operation(
                "GET",
                list_activations,
                "List activations by rising start, then id",
                (Reply(200, "A page of activations.", "ActivationPage"),),
                reasons=("NOT_FOUND", "BAD_PARAMETER", "BAD_CURSOR"),
                parameters=PAGE,
            ),
        ),
        exists=execution_exists,
    ),
)
