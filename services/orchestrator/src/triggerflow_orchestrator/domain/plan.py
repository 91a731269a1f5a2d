"""Hold what a published blueprint compiles to, the immutable plan that its runs share: a tree of regions.

Pure; no I/O. A `Plan` is one region: the flow itself, the body of a loop, or a sub-flow's own flow. In the region
around it a loop is one node, its composite: the entry ports of the loop's header are the composite's inputs, and each
edge that leaves the body is an output port of its own, named by the edge's place. A subflow node has the plan of its
child version at `subflow`; two nodes that name one version share one plan. So every region is a graph without cycles,
for which the flat `Ledger` is all it takes; `scopes` keeps the tree of them.

Nodes, edges and wired input ports are numbered within their region, so that a region's state is a few flat lists (see
`ledger`). `PlanNode.number` counts through the whole tree. A version compiles once; nothing in a plan may be changed
afterwards, `config` and `source` included, which stay the blueprint's own objects.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from triggerflow_chassis.errors import Internal, Violation
from triggerflow_chassis.flow_model import ERROR_PORT, ON_ERROR, InputPort, JoinMode, Missing

MANUAL_TRIGGER: Final = "core:manual"
# The scope of a flow's own nodes.
ROOT_SCOPE: Final = ""
# The type of a composite; no node of a blueprint has it.
COMPOSITE: Final = "loop"


class PlanInvalid(Internal):
    """The blueprint cannot run. Publishing refuses all of these, so a published version that raises it is a defect."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(f"{pointer}: {message}", violations=[Violation(pointer, message)])


class Wire(NamedTuple):
    """What a token needs to know: the output port it leaves, and the node and slot it ends at."""

    port: str
    target: int
    slot: int
    edge: int


class Leaving(NamedTuple):
    """An edge that leaves a loop's body, or goes back to its header, as the node at its start has it.

    `back` is the header's port for a back edge of this region's own loop, None for an exit.
    """

    port: str
    edge: int
    back: str | None


class While(NamedTuple):
    """A condition on a back edge, as the node at its start has it: asked when it lights `port`.

    Where it holds, the edges in `others` (they leave the loop from the same port) carry dead tokens; else `edge` does.
    `header` is the id of the loop's header.
    """

    port: str
    edge: int
    header: str
    into: str
    expression: str
    others: frozenset[int]


class Slot(NamedTuple):
    """A wired input port: at least one edge ends here. Slots of all nodes are numbered through."""

    node: int
    key: str
    default: Any | Missing
    edges: tuple[int, ...]


class Intake(NamedTuple):
    """An input port as the ledger reads it. Unwired ports share the plan's last slot, which never gets a value."""

    key: str
    slot: int
    default: Any | Missing


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """A loop: its body as a region, and what bounds it."""

    header: "PlanNode"
    body: "Plan"
    # Iterations in all, at least 1.
    max_iterations: int
    # The header's ports that back edges feed.
    fed: frozenset[str]
    # Every node of the body, of loops inside it too, in the order of the blueprint's nodes.
    members: tuple["PlanNode", ...]


class PlanRef:
    """Where the plan of a version will be, once all that it takes part in is compiled: a flow may run itself."""

    __slots__ = ("plan",)

    def __init__(self) -> None:
        self.plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class SubflowPlan:
    """What a subflow node runs."""

    flow_id: str
    version: str
    # None where the plan was compiled to start runs, not to drive them.
    ref: PlanRef | None
    mode: Literal["once", "forEach", "while"]
    concurrency: int
    continues: bool
    max_iterations: int
    condition: str | None
    # The port that carries the result, and the one for the errors of items; None where it is not declared.
    result_port: str | None
    errors_port: str | None

    @property
    def plan(self) -> "Plan | None":
        """The root region of the version it runs; there may be more than one way to it, from itself too."""
        return None if self.ref is None else self.ref.plan


@dataclass(frozen=True, slots=True)
class PlanEdge:
    """An edge between two nodes of one region; its index is its place in the blueprint's `edges`."""

    index: int
    id: str
    source: int
    source_port: str
    target: int
    target_port: str
    slot: int


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A node; its index is its place in its region's `nodes`, for a flow without loops its place in the blueprint.

    A composite has `type` COMPOSITE, the id and name of its loop's header, and the loop itself.
    """

    index: int
    # Through the whole tree of plans; a composite has none, -1.
    number: int
    id: str
    type: str
    name: str
    # None where the node has no main handler, as an output has none.
    entrypoint: str | None
    config: Mapping[str, Any]
    # Bounds one attempt. None means no bound.
    timeout_seconds: int | None
    # Attempts in all, at least 1.
    max_attempts: int
    # Before the second attempt; doubled for each later one.
    backoff_seconds: int
    join: JoinMode
    inputs: tuple[InputPort, ...]
    # What a handler may light, and that plus the `error` port of actions and subflows.
    declared_outputs: tuple[str, ...]
    outputs: frozenset[str]
    # In the order declared; empty means the node can never run, unless it is a trigger.
    wired_inputs: tuple[Slot, ...]
    wired_outputs: frozenset[str]
    # In the order of the blueprint's `edges`.
    wires: tuple[Wire, ...]
    # The node's JSON as published: what the catalogue binds.
    source: Mapping[str, Any]
    # Edges that end outside this region, or go back to its header; in the order of the blueprint's `edges`.
    leaving: tuple[Leaving, ...] = ()
    whiles: tuple[While, ...] = ()
    # Output ports whose values go to channels of the project: (port, channel).
    published: tuple[tuple[str, str], ...] = ()
    loop: LoopPlan | None = None
    subflow: SubflowPlan | None = None

    @property
    def is_trigger(self) -> bool:
        return self.type == "trigger"

    @property
    def handles_errors(self) -> bool:
        """Whether a handler runs where the last attempt failed."""
        return self.type == "action" and ON_ERROR in (self.source.get("handlers") or {})

    @property
    def error_wired(self) -> bool:
        """Whether a failure of this node is data: an edge starts at its `error` port."""
        return ERROR_PORT in self.wired_outputs

    @property
    def passes_single_input(self) -> bool:
        return len(self.inputs) == 1

    def passed_on(self, inputs: Mapping[str, Any]) -> Any:
        """What a condition or output passes on: the value where one input port is declared, else the inputs object."""
        return inputs[self.inputs[0].key] if self.passes_single_input else inputs


@dataclass(frozen=True, slots=True)
class Plan:
    """One region. Node numbers are places in `nodes`."""

    scope: str
    name: str
    description: str
    nodes: tuple[PlanNode, ...]
    # Those within the region.
    edges: tuple[PlanEdge, ...]
    slots: tuple[Slot, ...]
    index: Mapping[str, int]
    triggers: tuple[int, ...]
    manual_triggers: tuple[int, ...]
    output_nodes: tuple[int, ...]
    # Not triggers, and no edge ends there: skipped at the start of every run, with a warning.
    unwired: tuple[int, ...]
    # Bounds a run from its start. None means the flow sets no bound.
    timeout_seconds: int | None
    labels: tuple[str, ...]
    # What the ledger reads, by node, in flat tuples: `nodes[i]` holds the same.
    wires: tuple[tuple[Wire, ...], ...]
    intakes: tuple[tuple[Intake, ...], ...]
    joins: tuple[JoinMode, ...]
    lightable: tuple[frozenset[str], ...]
    wired_counts: tuple[int, ...]
    edge_counts: tuple[int, ...]
    # Where this is a loop's body: its header, else None.
    header: int | None = None
    # Whom a failed run is told to: "flow" and "url", each with where; only at the root.
    on_failure: tuple[tuple[str, str], ...] = ()

    def every(self) -> tuple[PlanNode, ...]:
        """All nodes of this region and those below, composites aside, by `number`; each once."""
        found: dict[int, PlanNode] = {}
        waiting = [self]
        while waiting:
            for node in waiting.pop().nodes:
                if node.loop is not None:
                    waiting.append(node.loop.body)
                elif node.number not in found:
                    found[node.number] = node
                    if node.subflow is not None and node.subflow.plan is not None:
                        waiting.append(node.subflow.plan)
        return tuple(found[number] for number in sorted(found))
