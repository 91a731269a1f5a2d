"""`/flows/{flowId}/nodes`: the nodes of a draft, one by one, each with an etag of its own."""

from __future__ import annotations

from triggerflow_chassis.errors import NotFound, StaleEtag

from triggerflow_bff import bodies, preconditions
from triggerflow_bff.answers import Answer, empty, ok
from triggerflow_bff.call import Call
from triggerflow_bff.clients.registry import Tagged
from triggerflow_bff.routes import tagged
from triggerflow_bff.routes.flows import flow_exists, unlike_path
from triggerflow_bff.routes.parameters import CREATE_ONLY, IF_MATCH, IF_NONE_MATCH
from triggerflow_bff.table import Operation, Reply, Resource


async def list_nodes(call: Call) -> Answer:
    return ok(await call.parts.registry.list_nodes(call.principal, call.id("flowId", "flow")))


async def get_node(call: Call) -> Answer:
    return tagged.answer(call, await _current(call))


async def put_node(call: Call) -> Answer:
    flow_id = call.id("flowId", "flow")
    create_only = preconditions.tags(call.header(b"if-none-match")) == ("*",)
    node_id = call.id("nodeId", "node")

    async def path() -> None:
        try:
            current = await _current(call)
        except NotFound:
            if not create_only:
                raise
            # The node is to be made: only the flow has to be there.
            await flow_exists(call)
            return
        if create_only:
            raise StaleEtag(current.etag)
        preconditions.check(tagged.wanted(call), current.etag)

    async with bodies.path_first(path):
        body = bodies.parse(await bodies.read(call))
        bodies.checked(call, "", body, bodies.violations("node-metadata", body) + unlike_path(body, node_id))
    etag = "" if create_only else await tagged.if_match(call, lambda: _current(call))
    node, created = await call.parts.registry.put_node(call.principal, flow_id, node_id, etag, create_only, body)
    if created:
        return tagged.answer(call, node, 201, (b"location", f"/flows/{flow_id}/nodes/{node_id}".encode()))
    return tagged.answer(call, node)


async def delete_node(call: Call) -> Answer:
    etag = await tagged.if_match(call, lambda: _current(call))
    await call.parts.registry.delete_node(call.principal, call.id("flowId", "flow"), call.id("nodeId", "node"), etag)
    return empty(204)


async def _current(call: Call) -> Tagged:
    return await call.parts.registry.get_node(call.principal, call.id("flowId", "flow"), call.id("nodeId", "node"))


_NODE = Reply(200, "The node.", "TriggerFlowNodeMetadata", headers=("ETag",))

RESOURCES = (
    Resource(
        "/flows/{flowId}/nodes",
        "Nodes",
        (
            Operation(
                "GET",
                list_nodes,
                "List the nodes of a draft",
                (Reply(200, "All nodes, in the order saved.", "NodeList"),),
                reasons=("NOT_FOUND",),
            ),
        ),
        exists=flow_exists,
    ),
    Resource(
        "/flows/{flowId}/nodes/{nodeId}",
        "Nodes",
        (
            Operation(
                "GET",
                get_node,
                "Read a node",
                (_NODE, Reply(304, "It is as it was read.", headers=("ETag",))),
                reasons=("NOT_FOUND",),
                parameters=(IF_NONE_MATCH,),
            ),
            Operation(
                "PUT",
                put_node,
                "Replace a node, or make it",
                (
                    _NODE,
                    Reply(201, "The node, made.", "TriggerFlowNodeMetadata", headers=("ETag", "Location")),
                ),
                reasons=("NOT_FOUND", "PRECONDITION_REQUIRED", "STALE_ETAG"),
                parameters=(IF_MATCH, CREATE_ONLY),
                body="TriggerFlowNodeMetadata",
                description="Moves the flow's etag. With `If-None-Match: *` it makes the node.",
            ),
            Operation(
                "DELETE",
                delete_node,
                "Delete a node and its edges",
                (Reply(204, "It is gone."),),
                reasons=("NOT_FOUND", "PRECONDITION_REQUIRED", "STALE_ETAG"),
                parameters=(IF_MATCH,),
            ),
        ),
        exists=_current,
    ),
)
