"""Run one node of a draft: find it, check what it is given, and have it run where the handlers are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from triggerflow_orchestrator.app import lone_node
from triggerflow_orchestrator.app.compiled import Binder
from triggerflow_orchestrator.app.lone_node import NodeRun


class Drafts(Protocol):
    """Drafts, by the registry."""

    async def node(self, project_id: str, flow_id: str, node_id: str) -> Mapping[str, Any]:
        """The node's JSON. Raises NotFound, Unavailable."""


class Bench(Protocol):
    """Where handlers are."""

    async def run(self, project_id: str, flow_id: str, node: Mapping[str, Any], inputs: Mapping[str, Any]) -> NodeRun:
        """Run the node, which was checked. Raises Unavailable where nobody does."""


class RunNode:
    """Runs nodes for whoever draws."""

    def __init__(self, drafts: Drafts, bench: Bench) -> None:
        self._drafts = drafts
        self._bench = bench

    async def __call__(self, project_id: str, flow_id: str, node_id: str, inputs: Mapping[str, Any]) -> NodeRun:
        """Raises NotFound, Invalid, Unavailable."""
        node = await self._drafts.node(project_id, flow_id, node_id)
        lone_node.check(node, inputs)
        return await self._bench.run(project_id, flow_id, node, inputs)


class Here:
    """`Bench` in this process."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder

    async def run(self, project_id: str, flow_id: str, node: Mapping[str, Any], inputs: Mapping[str, Any]) -> NodeRun:
        return await lone_node.run_alone(self._binder, node, inputs)


class AtTheDesk:
    """What a worker does for one that asks over `queue.node_desk`."""

    def __init__(self, drafts: Drafts, binder: Binder) -> None:
        self._drafts = drafts
        self._binder = binder

    async def __call__(self, project_id: str, flow_id: str, node_id: str, inputs: Mapping[str, Any]) -> NodeRun:
        """The node as the registry has it, not as the request might. Raises NotFound, Invalid, Unavailable."""
        return await lone_node.run_alone(self._binder, await self._drafts.node(project_id, flow_id, node_id), inputs)
