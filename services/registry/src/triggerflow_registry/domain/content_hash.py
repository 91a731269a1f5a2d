"""Hash what a flow means, so that equal hashes run alike. Pure; no I/O.

What counts is listed in docs/contract.md section 1: node ids and types, handlers, ports without `label`, edges in
their order without `id`, join and loop, channels without `id`, settings, output names, pinned versions of subflows. Not
the order of nodes, other names, descriptions or positions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from triggerflow_chassis.channels import is_channel
from triggerflow_chassis.flow_model import join_mode
from triggerflow_chassis.jsontext import canonical

from triggerflow_registry.domain.flow import Document, EdgeObject, NodeId, NodeObject

_NO_PINS: Mapping[NodeId, str] = {}


def content_hash(document: Document, pinned: Mapping[NodeId, str] = _NO_PINS) -> str:
    """The hash, in hex. `pinned` maps each subflow node to the version it runs."""
    meaning: dict[str, Any] = {
        "nodes": {node["id"]: _node(node) for node in document.nodes},
        "edges": [_edge(edge) for edge in document.edges],
        "settings": document.settings,
        "pinned": dict(pinned),
    }
    # Absent where there is none: versions from before channels keep their hashes.
    if document.channels:
        meaning["channels"] = [_channel(channel) for channel in document.channels if is_channel(channel)]
    return hashlib.sha256(canonical(meaning)).hexdigest()


def _channel(channel: Mapping[str, Any]) -> dict[str, Any]:
    """Names count where the project knows them."""
    name = channel["name"] if channel.get("shared") is True else None
    return {"shared": name, "publishers": channel["publishers"], "subscribers": channel["subscribers"]}


def _node(node: NodeObject) -> dict[str, Any]:
    ports = node.get("ports") or {}
    return {
        "type": node["type"],
        "name": node["name"] if node["type"] == "output" else None,
        "handlers": node["handlers"],
        # Absent is not empty: it stands for the type's own ports.
        "inputs": _ports(ports.get("inputs")),
        "outputs": _ports(ports.get("outputs")),
        "join": join_mode(node),
    }


def _ports(declared: list[Mapping[str, Any]] | None) -> list[dict[str, Any]] | None:
    if declared is None:
        return None
    return [{key: value for key, value in port.items() if key != "label"} for port in declared]


def _edge(edge: EdgeObject) -> dict[str, Any]:
    return {"source": edge["source"], "target": edge["target"], "loop": edge.get("loop")}
