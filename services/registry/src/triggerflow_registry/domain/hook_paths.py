"""Find the paths below /hooks/ that a drawing takes. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from triggerflow_registry.domain.flow import Document, NodeId
from triggerflow_registry.domain.problem import Problem, Reason

KINDS = frozenset({"core:webhook", "core:form", "core:chat"})


class HookPath(NamedTuple):
    """A path, and the node that has it."""

    path: str
    node_id: NodeId
    pointer: str


def hook_paths(document: Document) -> Iterator[HookPath]:
    """In the order of the nodes."""
    for index, node in enumerate(document.nodes):
        main = node["handlers"].get("main")
        if node["type"] != "trigger" or main is None or main["entrypoint"] not in KINDS:
            continue
        path = main.get("config", {}).get("path")
        if isinstance(path, str) and path:
            yield HookPath(path, NodeId(node["id"]), f"/nodes/{index}/handlers/main/config/path")


def paths_twice(document: Document) -> Iterator[Problem]:
    """A problem for each node whose path an earlier one has."""
    seen: set[str] = set()
    for hook in hook_paths(document):
        if hook.path in seen:
            message = f"Another trigger of this flow has the path {hook.path!r}. Choose another one."
            yield Problem(Reason.CONFIG_INVALID, hook.pointer, message, hook.node_id)
        seen.add(hook.path)
