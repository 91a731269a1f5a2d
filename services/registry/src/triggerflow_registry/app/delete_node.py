"""Delete one node of a draft, with the edges at it and its places in channels."""

from __future__ import annotations

from dataclasses import replace

from triggerflow_chassis.channels import without_node
from triggerflow_chassis.errors import NotFound

from triggerflow_registry.app.desk import find_flow, node_id_of
from triggerflow_registry.app.update_flow import keep_document
from triggerflow_registry.app.writing import Work
from triggerflow_registry.domain.document import node_at
from triggerflow_registry.domain.etag import node_etag, require


async def delete_node(work: Work, flow_id: str, node_id: str, etag: str) -> None:
    """Remove the node. `etag` is the node's. Raises NotFound, PreconditionRequired, StaleEtag, in this order."""
    flow = await find_flow(work.change, work.project_id, flow_id)
    document = flow.document
    index = node_at(document, node_id_of(node_id))
    if index is None:
        raise NotFound("node", node_id)
    gone = document.nodes[index]
    require(etag, node_etag(flow.id, gone))
    edges = tuple(
        edge for edge in document.edges if gone["id"] not in (edge["source"]["nodeId"], edge["target"]["nodeId"])
    )
    nodes = (*document.nodes[:index], *document.nodes[index + 1 :])
    channels = without_node(document.channels, gone["id"])
    await keep_document(work, flow, replace(document, nodes=nodes, edges=edges, channels=channels))
