"""`/flows`: drafts."""

from __future__ import annotations

from typing import Any

from triggerflow_chassis.errors import Violation
from triggerflow_chassis.ids import normalise

from triggerflow_bff import bodies, idempotency, preconditions
from triggerflow_bff.answers import Answer, empty, ok
from triggerflow_bff.call import Call
from triggerflow_bff.routes import tagged
from triggerflow_bff.routes.parameters import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, PAGE
from triggerflow_bff.table import Operation, Parameter, Reply, Resource


async def list_flows(call: Call) -> Answer:
    query = call.query
    page = await call.parts.registry.list_flows(
        call.principal, query.page_size, query.page_token, query.text("q") or ""
    )
    return ok({"items": page.items, "nextPageToken": page.next_token or None})


async def create_flow(call: Call) -> Answer:
    raw = await bodies.read(call)
    request_id = idempotency.request_id(call)
    body = bodies.parse(raw)
    bodies.checked(call, request_id, body, bodies.violations("flow", body))
    flow = await call.parts.registry.create_flow(call.principal, request_id, body)
    call.parts.remembered.keep(request_id, body)
    return tagged.answer(call, flow, 201, (b"location", f"/flows/{flow.value['id']}".encode()))


async def get_flow(call: Call) -> Answer:
    flow = await call.parts.registry.get_flow(call.principal, call.id("flowId", "flow"))
    return tagged.answer(call, flow)


async def put_flow(call: Call) -> Answer:
    flow_id = call.id("flowId", "flow")
    registry = call.parts.registry

    async def path() -> None:
        current = await registry.get_flow(call.principal, flow_id)
        preconditions.check(tagged.wanted(call), current.etag)

    async with bodies.path_first(path):
        body = bodies.parse(await bodies.read(call))
        bodies.checked(call, "", body, bodies.violations("flow", body) + unlike_path(body, flow_id))
    etag = await tagged.if_match(call, lambda: registry.get_flow(call.principal, flow_id))
    return tagged.answer(call, await registry.update_flow(call.principal, flow_id, etag, body))


async def delete_flow(call: Call) -> Answer:
    flow_id = call.id("flowId", "flow")
    registry = call.parts.registry
    etag = await tagged.if_match(call, lambda: registry.get_flow(call.principal, flow_id))
    await registry.delete_flow(call.principal, flow_id, etag)
    return empty(204)


async def flow_exists(call: Call) -> None:
    """Raise NotFound unless the flow in the path exists."""
    await call.parts.registry.get_flow(call.principal, call.id("flowId", "flow"))


def unlike_path(body: Any, path_id: str) -> list[Violation]:
    """An id in a body may be left out; it may not be another one."""
    if not isinstance(body, dict) or "id" not in body:
        return []
    if isinstance(body["id"], str) and normalise(body["id"]) == path_id:
        return []
    return [Violation("/id", "This is not the id in the path. Leave it out, or send it to its own path.")]


_FLOW = Reply(200, "The draft.", "Flow", headers=("ETag",))

RESOURCES = (
    Resource(
        "/flows",
        "Flows",
        (
            Operation(
                "GET",
                list_flows,
                "List flows, newest first, without nodes, edges and channels",
                (Reply(200, "A page of flows.", "FlowPage"),),
                reasons=("BAD_PARAMETER", "BAD_CURSOR"),
                parameters=(*PAGE, Parameter("q", "Part of the name, without case.")),
            ),
            Operation(
                "POST",
                create_flow,
                "Make a flow",
                (Reply(201, "The flow as saved, with its problems.", "Flow", headers=("Location", "ETag")),),
                reasons=("BAD_PARAMETER", "IDEMPOTENCY_KEY_REUSED"),
                parameters=(IDEMPOTENCY_KEY,),
                body="FlowDocument",
                description="All but `name` may be absent.",
            ),
        ),
    ),
    Resource(
        "/flows/{flowId}",
        "Flows",
        (
            Operation(
                "GET",
                get_flow,
                "Read a draft",
                (_FLOW, Reply(304, "It is as it was read.", headers=("ETag",))),
                reasons=("NOT_FOUND",),
                parameters=(IF_NONE_MATCH,),
            ),
            Operation(
                "PUT",
                put_flow,
                "Replace a draft",
                (_FLOW,),
                reasons=("NOT_FOUND", "PRECONDITION_REQUIRED", "STALE_ETAG"),
                parameters=(IF_MATCH,),
                body="FlowDocument",
                description="An absent member takes its default. What is unfinished is saved and told in `problems`.",
            ),
            Operation(
                "DELETE",
                delete_flow,
                "Delete a flow; its executions stay readable",
                (Reply(204, "It is gone."),),
                reasons=("NOT_FOUND", "PRECONDITION_REQUIRED", "STALE_ETAG", "RUNNING"),
                parameters=(IF_MATCH,),
            ),
        ),
        exists=flow_exists,
    ),
)
