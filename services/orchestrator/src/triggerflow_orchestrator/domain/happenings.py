"""Say what a step of a run's scopes brought about, each thing in the order it happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.domain.plan import PlanNode
from triggerflow_orchestrator.domain.scope import Scope
from triggerflow_orchestrator.domain.value import Value


class Fired(NamedTuple):
    """A trigger fired: it is done."""

    scope: Scope
    node: PlanNode
    lit: Mapping[str, Any]


class Begun(NamedTuple):
    """An activation begins. Of a subflow node the scopes do the work, of any other the caller."""

    scope: Scope
    node: PlanNode
    inputs: dict[str, Any]


class Received(NamedTuple):
    """An output node was reached: it is done."""

    scope: Scope
    node: PlanNode
    inputs: dict[str, Any]


class Skipped(NamedTuple):
    scope: Scope
    node: PlanNode


class Lost(NamedTuple):
    """A live token changed nothing."""

    scope: Scope
    node: PlanNode
    port: str


class Cut(NamedTuple):
    """What still ran is not wanted any more."""

    scope: Scope
    node: PlanNode


class Ended(NamedTuple):
    """A subflow node's own activation ended; it failed where there is a failure."""

    scope: Scope
    node: PlanNode
    lit: Mapping[str, Value]
    failure: Failure | None


class Broke(NamedTuple):
    """The run fails. The failure names the node of the flow itself; nothing follows."""

    failure: Failure


Happening = Fired | Begun | Received | Skipped | Lost | Cut | Ended | Broke
Told = list[Happening]
