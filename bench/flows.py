"""Build the blueprints that the bench runs."""

from __future__ import annotations

import uuid
from typing import Any


class Drawing:
    """A flow under construction."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[dict[str, Any]] = []

    def node(self, kind: str, name: str, entrypoint: str | None, ports: dict[str, Any] | None = None) -> str:
        """Add a node; its id."""
        node_id = str(uuid.uuid4())
        node: dict[str, Any] = {
            "id": node_id,
            "type": kind,
            "name": name,
            "handlers": {"main": {"entrypoint": entrypoint}} if entrypoint else {},
            "position": {"x": 240 * len(self.nodes), "y": 0},
        }
        if ports is not None:
            node["ports"] = ports
        self.nodes.append(node)
        return node_id

    def wire(self, source: str, target: str, port: str = "out", into: str = "input") -> None:
        """Add an edge."""
        ends = {"source": {"nodeId": source, "port": port}, "target": {"nodeId": target, "port": into}}
        self.edges.append({"id": str(uuid.uuid4()), **ends})

    def body(self) -> dict[str, Any]:
        """What POST /flows takes."""
        return {"name": self.name, "nodes": self.nodes, "edges": self.edges}


def chain(name: str, length: int, entrypoint: str) -> dict[str, Any]:
    """trigger (port n) → `length` nodes in a row."""
    drawing = Drawing(name)
    port = {"outputs": [{"key": "n", "label": "n"}]}
    last, out = drawing.node("trigger", "start", "core:manual", port), "n"
    for index in range(length):
        node = drawing.node("action", f"step {index + 1}", entrypoint)
        drawing.wire(last, node, out)
        last, out = node, "out"
    return drawing.body()


def fan(name: str, width: int, entrypoint: str, join: str) -> dict[str, Any]:
    """trigger → one node → `width` parallel nodes → a join."""
    drawing = Drawing(name)
    port = {"outputs": [{"key": "n", "label": "n"}]}
    start = drawing.node("trigger", "start", "core:manual", port)
    first = drawing.node("action", "first", entrypoint)
    drawing.wire(start, first, "n")
    inputs = [{"key": f"p{index}", "label": f"p{index}", "type": "any"} for index in range(width)]
    last = drawing.node("action", "join", join, {"inputs": inputs})
    for index in range(width):
        middle = drawing.node("action", f"parallel {index + 1}", entrypoint)
        drawing.wire(first, middle)
        drawing.wire(middle, last, into=f"p{index}")
    return drawing.body()
