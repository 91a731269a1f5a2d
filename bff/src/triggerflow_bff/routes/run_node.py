"""Run one node of a draft, to see what it does."""

from __future__ import annotations

from triggerflow_bff import bodies, idempotency
from triggerflow_bff.answers import Answer, ok
from triggerflow_bff.call import Call
from triggerflow_bff.routes.parameters import IDEMPOTENCY_KEY
from triggerflow_bff.table import Operation, Reply, Resource


async def run_node(call: Call) -> Answer:
    flow_id, node_id = call.id("flowId", "flow"), call.id("nodeId", "node")
    async with bodies.path_first(lambda: _node_exists(call)):
        raw = await bodies.read(call)
        request_id = idempotency.request_id(call)
        body = bodies.parse(raw, empty=True)
        bodies.checked(call, request_id, body, bodies.violations("run-node", body))
    ran = await call.parts.rerun.run_node(call.principal, request_id, flow_id, node_id, body.get("inputs", {}))
    call.parts.remembered.keep(request_id, body)
    return ok(ran)


async def _node_exists(call: Call) -> None:
    await call.parts.registry.get_node(call.principal, call.id("flowId", "flow"), call.id("nodeId", "node"))


RESOURCES = (
    Resource(
        "/flows/{flowId}/nodes/{nodeId}/run",
        "Flows",
        (
            Operation(
                "POST",
                run_node,
                "Run one node of the draft",
                (Reply(200, "What it did, a failure too.", "NodeRun"),),
                reasons=("NOT_FOUND", "BAD_PARAMETER", "IDEMPOTENCY_KEY_REUSED"),
                parameters=(IDEMPOTENCY_KEY,),
                body="RunNode",
                body_required=False,
                description="One attempt, as the draft has the node, bounded by its time limit and by 60 s. No "
                "execution is made and nothing is kept; what the node does outside happens.",
            ),
        ),
        exists=_node_exists,
    ),
)
