"""Hold one region under way, and the loop or sub-flow it is part of. Changed by `scopes` alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from triggerflow_chassis.flow_model import MISSING

from triggerflow_orchestrator.domain.ledger import Ledger
from triggerflow_orchestrator.domain.plan import LoopPlan, Plan, PlanNode, SubflowPlan
from triggerflow_orchestrator.domain.value import Value


class Scope:
    """One region under way."""

    __slots__ = ("deed", "handles", "inner", "ledger", "name", "number", "outputs", "over", "plan", "running")

    def __init__(self, name: str, plan: Plan, deed: LoopRun | SubflowRun | None, number: int) -> None:
        self.name: Final = name
        self.plan: Final = plan
        self.deed: Final = deed
        """What it is an iteration or a child of; None at the root."""
        self.number: Final = number
        self.ledger: Final = Ledger(plan)
        self.running: set[int] = set()
        """The nodes that run."""
        self.handles: dict[int, Any] = {}
        """The caller's own, by node."""
        self.inner: dict[int, LoopRun | SubflowRun] = {}
        """By composite or subflow node that is under way."""
        self.outputs: dict[str, Value] = {}
        """What output nodes of a child received."""
        self.over = False

    def below(self, node: PlanNode, number: int) -> str:
        """The name of a scope in this one."""
        return f"{self.stem(node)}:{number}"

    def stem(self, node: PlanNode) -> str:
        """What the names of all scopes of a node in this one begin with, before the number."""
        return f"{self.name}/{node.id}" if self.name else node.id


class LoopRun:
    """A loop under way."""

    __slots__ = ("around", "back", "entered", "node", "now", "plan")

    def __init__(self, around: Scope, node: PlanNode, plan: LoopPlan, inputs: Mapping[str, Any]) -> None:
        self.around: Final = around
        self.node: Final = node
        self.plan: Final = plan
        self.entered: Final = inputs
        self.back: dict[str, Any] = {}
        """By port of the header: the first live token that went back in this iteration."""
        self.now: Scope | None = None

    def next_inputs(self, back: Mapping[str, Any]) -> dict[str, Any]:
        """What the header gets: from back edges at the ports they feed, at the others what it was entered with."""
        inputs = {}
        for key, default, _ in self.plan.header.inputs:
            value = back.get(key, default) if key in self.plan.fed else self.entered.get(key, MISSING)
            if value is not MISSING:
                inputs[key] = value
        return inputs


class SubflowRun:
    """A subflow node under way."""

    __slots__ = ("around", "children", "errors", "items", "node", "over", "plan", "position", "results")

    def __init__(self, around: Scope, node: PlanNode, plan: SubflowPlan) -> None:
        self.around: Final = around
        self.node: Final = node
        self.plan: Final = plan
        self.items: list[Any] = []
        self.position = 0
        """The item, or round, to begin next."""
        self.children: dict[int, Scope] = {}
        self.results: list[Value] = []
        self.errors: list[dict[str, Any]] = []
        self.over = False


class Known(NamedTuple):
    """How far a journal says that things had come, each by the stem of its scopes' names (`Scope.stem`)."""

    items: Mapping[str, int]
    """The last item that began, of a for-each."""
    rounds: Mapping[str, int] = {}
    """The iteration of a loop, or the round of a sub-flow, to go on from: those before it are not gone through."""
    fired: Mapping[str, Mapping[int, Mapping[str, Any]]] = {}
    """By scope: what the triggers of such a round lit."""
