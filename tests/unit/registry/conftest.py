"""A pencil to draw flows with, and adapters that say what a test tells them to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from triggerflow_chassis.errors import Violation
from triggerflow_registry.domain.document import count_changes, document_of
from triggerflow_registry.domain.flow import Document, NodeObject


class Pencil:
    """Draws flows as JSON. Nodes and edges get readable ids: `pencil.id(7)`."""

    def id(self, number: int) -> str:
        return str(UUID(int=number, version=4))

    def node(self, number: int, type: str = "action", entrypoint: str | None = "", **members: Any) -> dict[str, Any]:
        default = {"trigger": "core:manual", "condition": "core:condition", "output": None}.get(type, "core:map")
        chosen = default if entrypoint == "" else entrypoint
        return {
            "id": self.id(number),
            "type": type,
            "name": f"{type} {number}",
            "handlers": {} if chosen is None else {"main": {"entrypoint": chosen}},
            "position": {"x": 0, "y": 0},
            **members,
        }

    def edge(self, number: int, source: int, target: int, out: str = "out", into: str = "input", **members: Any) -> Any:
        return {
            "id": self.id(1000 + number),
            "source": {"nodeId": self.id(source), "port": out},
            "target": {"nodeId": self.id(target), "port": into},
            **members,
        }

    def flow(self, *nodes: Mapping[str, Any], edges: Sequence[Any] = (), **members: Any) -> dict[str, Any]:
        return {"name": "A flow", "nodes": list(nodes), "edges": list(edges), **members}

    def chain(self) -> dict[str, Any]:
        """Trigger, action, output: a flow without a problem."""
        return self.flow(
            self.node(1, "trigger"),
            self.node(2),
            self.node(3, "output"),
            edges=[self.edge(1, 1, 2), self.edge(2, 2, 3)],
        )

    def document(self, body: Mapping[str, Any]) -> Document:
        document = document_of(body)
        return Document(
            document.name,
            document.description,
            count_changes(document.nodes, ()),
            document.edges,
            document.channels,
            document.settings,
        )


class Adapters:
    """What adapters say: handlers by reference with the node type each serves, and findings a test adds."""

    def __init__(self) -> None:
        self.types = {"core:manual": "trigger", "core:map": "action", "core:condition": "condition"}
        self.findings: list[Violation] = []
        self.literals: list[Violation] = []

    def node_type(self, entrypoint: str) -> str | None:
        return self.types.get(entrypoint)

    def explain_unknown(self, entrypoint: str) -> str:
        return f"No adapter has {entrypoint}. Install one."

    def condition_problem(self, text: str, keys: Sequence[str]) -> str | None:
        return None if "?" not in text else f"There is no question mark over {', '.join(keys)}."

    def url_problem(self, text: str) -> str | None:
        return None if "[" not in text else "This is no URL."

    def config_problems(self, node: NodeObject, key: str = "main") -> Sequence[Violation]:
        return self.findings

    def secrets(self, node: NodeObject) -> Sequence[Violation]:
        return self.literals


@pytest.fixture
def pencil() -> Pencil:
    return Pencil()


@pytest.fixture
def adapters() -> Adapters:
    return Adapters()
