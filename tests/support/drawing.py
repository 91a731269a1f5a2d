"""Build the flows that tests and benches run."""

from __future__ import annotations

import uuid
from typing import Any


class Drawing:
    """A flow under construction. Nodes are named; `ids` has the id of each name."""

    def __init__(self, name: str, **settings: Any) -> None:
        self.name = name
        self.settings = settings
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[dict[str, Any]] = []
        self.ids: dict[str, str] = {}

    def node(
        self,
        kind: str,
        name: str,
        entrypoint: str | None = None,
        *,
        inputs: list[Any] | None = None,
        outputs: list[str] | None = None,
        join: str | None = None,
        **handler: Any,
    ) -> str:
        """Add a node; its id. `inputs` are keys, or (key, default) pairs; `handler` goes beside the entrypoint."""
        node_id = str(uuid.uuid4())
        node: dict[str, Any] = {
            "id": node_id,
            "type": kind,
            "name": name,
            "handlers": {"main": {"entrypoint": entrypoint, **handler}} if entrypoint else {},
            "position": {"x": 240 * len(self.nodes), "y": 0},
        }
        ports: dict[str, Any] = {}
        if inputs is not None:
            ports["inputs"] = [_input(port) for port in inputs]
        if outputs is not None:
            ports["outputs"] = [{"key": key, "label": key} for key in outputs]
        if ports:
            node["ports"] = ports
        if join is not None:
            node["annotations"] = {"join": join}
        self.nodes.append(node)
        self.ids[name] = node_id
        return node_id

    def trigger(self, name: str = "start", **more: Any) -> str:
        """Add a manual trigger."""
        return self.node("trigger", name, "core:manual", **more)

    def wire(self, source: str, target: str, port: str = "out", into: str = "input") -> None:
        """Add an edge between two nodes, by name."""
        ends = {
            "source": {"nodeId": self.ids[source], "port": port},
            "target": {"nodeId": self.ids[target], "port": into},
        }
        self.edges.append({"id": str(uuid.uuid4()), **ends})

    def body(self) -> dict[str, Any]:
        """What POST /flows takes."""
        body: dict[str, Any] = {"name": self.name, "nodes": self.nodes, "edges": self.edges}
        if self.settings:
            body["settings"] = self.settings
        return body


def _input(port: Any) -> dict[str, Any]:
    if isinstance(port, tuple):
        key, default = port
        return {"key": key, "label": key, "type": "any", "default": default}
    return {"key": port, "label": port, "type": "any"}
