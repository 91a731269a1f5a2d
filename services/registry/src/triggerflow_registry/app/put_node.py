"""Make or replace one node of a draft."""

from __future__ import annotations

from dataclasses import replace

from triggerflow_chassis.errors import NotFound, StaleEtag
from triggerflow_chassis.ids import normalise

from triggerflow_registry.app.desk import find_flow
from triggerflow_registry.app.shown import ShownNode
from triggerflow_registry.app.update_flow import keep_document
from triggerflow_registry.app.writing import Work
from triggerflow_registry.domain.document import count_changes, node_at, node_of
from triggerflow_registry.domain.etag import node_etag, require
from triggerflow_registry.domain.flow import NodeId, NodeObject
from triggerflow_registry.domain.rules import check_node


async def put_node(work: Work, flow_id: str, body: NodeObject, etag: str, *, create_only: bool) -> ShownNode:
    """Keep the node of the JSON's id: at its place, or as the last one where it is new.

    `etag` is the node's. Only `create_only` makes a node. Raises NotFound, PreconditionRequired, StaleEtag, Invalid,
    in this order.
    """
    flow = await find_flow(work.change, work.project_id, flow_id)
    nodes = flow.document.nodes
    index = node_at(flow.document, NodeId(normalise(body["id"])))
    if create_only:
        if index is not None:
            raise StaleEtag(node_etag(flow.id, nodes[index]), "The node exists already. Read it, then replace it.")
    elif index is None:
        raise NotFound("node", body["id"])
    else:
        require(etag, node_etag(flow.id, nodes[index]))
    check_node(body, flow.document, work.desk.inspector.secrets)
    node = node_of(body)
    kept = (*nodes, node) if index is None else (*nodes[:index], node, *nodes[index + 1 :])
    counted = count_changes(kept, nodes)
    await keep_document(work, flow, replace(flow.document, nodes=counted))
    node = counted[-1 if index is None else index]
    return ShownNode(node, node_etag(flow.id, node), created=index is None)
