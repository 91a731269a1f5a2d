"""Turn a flow's JSON into a document in one normal form, and count the changes of its nodes. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from triggerflow_chassis.channels import SIDES
from triggerflow_chassis.ids import normalise
from triggerflow_chassis.jsontext import canonical

from triggerflow_registry.domain.flow import Document, EdgeObject, NodeId, NodeObject

FIRST_NODE_VERSION = 1


def document_of(body: Mapping[str, Any]) -> Document:
    """The document a flow's JSON describes. `body` fits the flow schema; what the server sets is left out."""
    return Document(
        name=body["name"],
        description=body.get("description") or "",
        nodes=tuple(node_of(node) for node in body.get("nodes") or ()),
        edges=tuple(edge_of(edge) for edge in body.get("edges") or ()),
        channels=tuple(channel_of(channel) for channel in body.get("channels") or ()),
        settings=dict(body.get("settings") or {}),
    )


def node_of(body: NodeObject) -> NodeObject:
    """The node with its id in lower case and without a version, which is the server's to count."""
    node = {key: value for key, value in body.items() if key != "version"}
    node["id"] = normalise(node["id"])
    # One spelling a number, so that 1 and 1.0 are the same place.
    node["position"] = {axis: float(value) for axis, value in node["position"].items()}
    return node


def edge_of(body: EdgeObject) -> EdgeObject:
    """The edge with its own id and both node ids in lower case."""
    edge = dict(body)
    edge["id"] = normalise(edge["id"])
    for end in ("source", "target"):
        edge[end] = {**edge[end], "nodeId": normalise(edge[end]["nodeId"])}
    return edge


def channel_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The channel with its own id and all node ids in lower case."""
    ends = {side: [{**end, "nodeId": normalise(end["nodeId"])} for end in body[side]] for side in SIDES}
    return {**body, "id": normalise(body["id"]), **ends}


def count_changes(nodes: Iterable[NodeObject], before: Iterable[NodeObject]) -> tuple[NodeObject, ...]:
    """Give each node its version: the one it had where it is the same, one more where it changed, 1 where it is new."""
    known = {node["id"]: node for node in before}
    counted = []
    for node in nodes:
        old = known.get(node["id"])
        if old is None:
            version = FIRST_NODE_VERSION
        elif same_node(node, old):
            version = old["version"]
        else:
            version = old["version"] + 1
        counted.append({**node, "version": version})
    return tuple(counted)


def same_node(one: NodeObject, other: NodeObject) -> bool:
    """Whether two nodes say the same, whatever their versions. 1, 1.0 and true are three different things."""
    return _without_version(one) == _without_version(other)


def node_at(document: Document, node_id: NodeId) -> int | None:
    """The index of a node in the document."""
    return next((index for index, node in enumerate(document.nodes) if node["id"] == node_id), None)


def _without_version(node: NodeObject) -> bytes:
    return canonical({key: value for key, value in node.items() if key != "version"})
