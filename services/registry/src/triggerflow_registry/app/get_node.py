"""Read nodes of a draft."""

from __future__ import annotations

from triggerflow_chassis.errors import NotFound
from triggerflow_chassis.identity import Principal

from triggerflow_registry.app.desk import Desk, find_flow, node_id_of
from triggerflow_registry.app.shown import ShownNode
from triggerflow_registry.domain.document import node_at
from triggerflow_registry.domain.etag import node_etag
from triggerflow_registry.domain.flow import NodeObject, ProjectId


async def get_node(desk: Desk, actor: Principal, flow_id: str, node_id: str) -> ShownNode:
    """One node and its tag. Raises NotFound."""
    async with desk.store.read() as view:
        flow = await find_flow(view, ProjectId(actor.project_id), flow_id)
    index = node_at(flow.document, node_id_of(node_id))
    if index is None:
        raise NotFound("node", node_id)
    node = flow.document.nodes[index]
    return ShownNode(node, node_etag(flow.id, node))


async def list_nodes(desk: Desk, actor: Principal, flow_id: str) -> tuple[NodeObject, ...]:
    """All nodes, in the order saved. Raises NotFound."""
    async with desk.store.read() as view:
        flow = await find_flow(view, ProjectId(actor.project_id), flow_id)
    return flow.document.nodes
