"""Name states by their content, and judge the tag a caller read. Pure; no I/O."""

from __future__ import annotations

import hashlib
from typing import Any

from triggerflow_chassis.errors import PreconditionRequired, StaleEtag
from triggerflow_chassis.jsontext import canonical

from triggerflow_registry.domain.flow import Document, FlowId, NodeObject

ANY = "*"


def flow_etag(flow_id: FlowId, document: Document) -> str:
    """Names this state of a draft: equal states of one flow, and only they, have equal tags."""
    return _digest(
        [
            "flow",
            flow_id,
            document.name,
            document.description,
            document.nodes,
            document.edges,
            document.channels,
            document.settings,
        ]
    )


def node_etag(flow_id: FlowId, node: NodeObject) -> str:
    """Names this state of a node. Its version is part of the state, so a tag does not come back after a change."""
    return _digest(["node", flow_id, node])


def require(etag: str, current: str) -> None:
    """Let a write pass that names the current state. Raises PreconditionRequired, StaleEtag."""
    if not etag:
        raise PreconditionRequired()
    if etag not in (ANY, current):
        raise StaleEtag(current)


def _digest(state: Any) -> str:
    return hashlib.sha256(canonical(state)).hexdigest()[:32]
