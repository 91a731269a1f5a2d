"""`/waits`: what waits for an answer; `POST /executions/{id}/resume` answers one, `POST /events` all of an event."""

from __future__ import annotations

from functools import cache
from typing import Any

from triggerflow_chassis.errors import Violation
from triggerflow_chassis.schemas import compile_schema, violations_of
from triggerflow_chassis.wire.wait import WAIT_STATUSES

from triggerflow_bff import bodies, idempotency
from triggerflow_bff.answers import Answer, ok
from triggerflow_bff.call import Call
from triggerflow_bff.clients.orchestrator import WaitFilter
from triggerflow_bff.components import all_schemas
from triggerflow_bff.routes.executions import execution_exists
from triggerflow_bff.routes.parameters import IDEMPOTENCY_KEY, PAGE, UUID
from triggerflow_bff.table import Operation, Parameter, Reply, Resource

_SHOWN = (*WAIT_STATUSES, "all")


async def list_waits(call: Call) -> Answer:
    query = call.query
    query.text("status")  # refuses a second one
    status = (query.any_of("status", _SHOWN) or ["open"])[0]
    only = WaitFilter(
        status="" if status == "all" else status,
        flow_id=query.id("flowId") or "",
        execution_id=query.id("executionId") or "",
        assignee=query.text("assignee") or "",
    )
    page = await call.parts.orchestrator.waits(call.principal, query.page_size, query.page_token, only)
    return ok({"items": page.items, "nextPageToken": page.next_token or None})


async def get_wait(call: Call) -> Answer:
    return ok(await call.parts.orchestrator.wait(call.principal, call.id("waitId", "wait")))


async def resume_execution(call: Call) -> Answer:
    execution_id = call.id("executionId", "execution")
    async with bodies.path_first(lambda: execution_exists(call)):
        raw = await bodies.read(call)
        request_id = idempotency.request_id(call)
        body = bodies.parse(raw)
        bodies.checked(call, request_id, body, _violations("ResumeRequest", body))
    wait = await call.parts.orchestrator.resume(
        call.principal, request_id, execution_id, body["waitId"], body.get("value")
    )
    call.parts.remembered.keep(request_id, body)
    return ok(wait)


async def signal_event(call: Call) -> Answer:
    raw = await bodies.read(call)
    request_id = idempotency.request_id(call)
    body = bodies.parse(raw)
    bodies.checked(call, request_id, body, _violations("SignalRequest", body))
    matched = await call.parts.orchestrator.signal(
        call.principal, request_id, body["name"], str(body["key"]), body.get("value")
    )
    call.parts.remembered.keep(request_id, body)
    return ok({"matched": matched})


async def wait_exists(call: Call) -> None:
    """Raise NotFound unless the wait in the path exists."""
    await call.parts.orchestrator.wait(call.principal, call.id("waitId", "wait"))


def _violations(name: str, body: Any) -> list[Violation]:
    return violations_of(_validator(name), body)


@cache
def _validator(name: str) -> Any:
    return compile_schema(all_schemas()[name])


SIGNAL = Operation(
    "POST",
    signal_event,
    "Tell that something happened",
    (Reply(200, "How many waits it answered; it is not kept for those that begin later.", "Matched"),),
    reasons=("BAD_PARAMETER", "IDEMPOTENCY_KEY_REUSED"),
    parameters=(IDEMPOTENCY_KEY,),
    body="SignalRequest",
    description="Answers every open `core:event` of this name and key.",
)

RESOURCES = (
    Resource(
        "/waits",
        "Waits",
        (
            Operation(
                "GET",
                list_waits,
                "Find what waits, newest first",
                (Reply(200, "A page of waits.", "WaitPage"),),
                reasons=("BAD_PARAMETER", "BAD_CURSOR"),
                parameters=(
                    *PAGE,
                    Parameter("status", "One of these.", {"type": "string", "enum": list(_SHOWN), "default": "open"}),
                    Parameter("flowId", "Only of this flow.", UUID),
                    Parameter("executionId", "Only of this execution.", UUID),
                    Parameter("assignee", "Those that name it, and those that name nobody."),
                ),
            ),
        ),
    ),
    Resource(
        "/waits/{waitId}",
        "Waits",
        (
            Operation(
                "GET",
                get_wait,
                "Read a wait",
                (Reply(200, "The wait.", "Wait"),),
                reasons=("NOT_FOUND",),
            ),
        ),
        exists=wait_exists,
    ),
    Resource(
        "/executions/{executionId}/resume",
        "Waits",
        (
            Operation(
                "POST",
                resume_execution,
                "Answer a wait",
                (Reply(200, "The wait with this answer; the run goes on.", "Wait"),),
                reasons=("NOT_FOUND", "BAD_PARAMETER", "IDEMPOTENCY_KEY_REUSED", "ALREADY_ANSWERED"),
                parameters=(IDEMPOTENCY_KEY,),
                body="ResumeRequest",
                description="The first answer wins; a later one is told the winner's in `answer`.",
            ),
        ),
        exists=execution_exists,
    ),
)
