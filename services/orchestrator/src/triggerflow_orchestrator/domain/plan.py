"""Compile a published blueprint to the immutable plan that its runs share.

Pure; no I/O. Nodes, edges and wired input ports are numbered, so that a run's own state is a few flat lists (see
`ledger`). A version compiles once; nothing in a plan may be changed afterwards, `config` and `source` included, which
stay the blueprint's own objects.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from triggerflow_chassis import flow_model
from triggerflow_chassis.errors import Internal, Violation
from triggerflow_chassis.flow_model import ERROR_PORT, InputPort, JoinMode, Missing

MANUAL_TRIGGER: Final = "core:manual"
# The scope of a flow's own nodes. A region inside it (an iteration, an item) will name its own.
ROOT_SCOPE: Final = ""


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
class PlanEdge:
    """An edge; its index is its place in the blueprint's `edges`."""

    index: int
    id: str
    source: int
    source_port: str
    target: int
    target_port: str
    slot: int


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A node; its index is its place in the blueprint's `nodes`."""

    index: int
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

    @property
    def is_trigger(self) -> bool:
        return self.type == "trigger"

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
    """A compiled blueprint, or later one region of it. Node numbers are places in `nodes`, edge numbers in `edges`."""

    scope: str
    name: str
    description: str
    nodes: tuple[PlanNode, ...]
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


def compile_plan(blueprint: Mapping[str, Any], *, scope: str = ROOT_SCOPE) -> Plan:
    """The plan of a blueprint `{name, description, nodes, edges, channels, settings}`. Raises PlanInvalid."""
    drawn: list[Mapping[str, Any]] = list(blueprint["nodes"])
    index = _index(drawn)
    inputs = [flow_model.input_ports(node) for node in drawn]
    enterable = [frozenset(port.key for port in ports) for ports in inputs]
    outputs = [frozenset(flow_model.output_ports(node)) for node in drawn]
    joins = [_join(place, node) for place, node in enumerate(drawn)]

    ends = [_ends(place, edge, index, enterable, outputs) for place, edge in enumerate(blueprint.get("edges") or ())]
    arriving: dict[tuple[int, str], list[int]] = {}
    for place, (_, _, _, target, port) in enumerate(ends):
        arriving.setdefault((target, port), []).append(place)
    slots = [
        Slot(place, port.key, port.default, tuple(arriving[place, port.key]))
        for place, ports in enumerate(inputs)
        for port in ports
        if (place, port.key) in arriving
    ]
    slot_of = {(slot.node, slot.key): number for number, slot in enumerate(slots)}
    edges = tuple(
        PlanEdge(place, edge_id, source, source_port, target, port, slot_of[target, port])
        for place, (edge_id, source, source_port, target, port) in enumerate(ends)
    )
    _refuse_cycles(drawn, edges)

    wires: list[list[Wire]] = [[] for _ in drawn]
    for edge in edges:
        wires[edge.source].append(Wire(edge.source_port, edge.target, edge.slot, edge.index))
    wired: list[list[Slot]] = [[] for _ in drawn]
    for slot in slots:
        wired[slot.node].append(slot)
    nodes = tuple(
        _node(
            place,
            node,
            inputs=inputs[place],
            outputs=outputs[place],
            join=joins[place],
            wired=wired[place],
            wires=wires[place],
        )
        for place, node in enumerate(drawn)
    )
    settings: Mapping[str, Any] = blueprint.get("settings") or {}
    return Plan(
        scope=scope,
        name=str(blueprint.get("name", "")),
        description=str(blueprint.get("description") or ""),
        nodes=nodes,
        edges=edges,
        slots=tuple(slots),
        index=MappingProxyType(index),
        triggers=_places(node for node in nodes if node.is_trigger),
        manual_triggers=_places(node for node in nodes if node.is_trigger and node.entrypoint == MANUAL_TRIGGER),
        output_nodes=_places(node for node in nodes if node.type == "output"),
        unwired=_places(node for node in nodes if not node.is_trigger and not node.wired_inputs),
        timeout_seconds=_whole(settings.get("timeoutSeconds")),
        labels=tuple(settings.get("labels") or ()),
        wires=tuple(node.wires for node in nodes),
        intakes=tuple(
            tuple(
                Intake(port.key, slot_of.get((node.index, port.key), len(slots)), port.default) for port in node.inputs
            )
            for node in nodes
        ),
        joins=tuple(joins),
        lightable=tuple(outputs),
        wired_counts=tuple(len(node.wired_inputs) for node in nodes),
        edge_counts=tuple(len(slot.edges) for slot in slots),
    )


def _index(drawn: list[Mapping[str, Any]]) -> dict[str, int]:
    index: dict[str, int] = {}
    for place, node in enumerate(drawn):
        if index.setdefault(node["id"], place) != place:
            raise PlanInvalid(f"/nodes/{place}/id", "This id is used twice.")
        for problem in flow_model.port_problems(node):
            raise PlanInvalid(f"/nodes/{place}{problem.pointer}", problem.message)
    return index


def _join(place: int, node: Mapping[str, Any]) -> JoinMode:
    mode = flow_model.join_mode(node)
    if mode is None:
        raise PlanInvalid(f"/nodes/{place}/annotations/join", "The join must be all, strict or any.")
    return mode


def _ends(
    place: int,
    edge: Mapping[str, Any],
    index: Mapping[str, int],
    inputs: list[frozenset[str]],
    outputs: list[frozenset[str]],
) -> tuple[str, int, str, int, str]:
    if edge.get("loop") is not None:
        raise PlanInvalid(f"/edges/{place}/loop", "Loops cannot run yet.")
    source, target = index.get(edge["source"]["nodeId"]), index.get(edge["target"]["nodeId"])
    source_port, target_port = edge["source"]["port"], edge["target"]["port"]
    if source is None:
        raise PlanInvalid(f"/edges/{place}/source/nodeId", "There is no such node.")
    if target is None:
        raise PlanInvalid(f"/edges/{place}/target/nodeId", "There is no such node.")
    if source_port not in outputs[source]:
        raise PlanInvalid(f"/edges/{place}/source/port", "The node has no such output port.")
    if target_port not in inputs[target]:
        raise PlanInvalid(f"/edges/{place}/target/port", "The node has no such input port.")
    return edge["id"], source, source_port, target, target_port


def _refuse_cycles(drawn: list[Mapping[str, Any]], edges: Iterable[PlanEdge]) -> None:
    """Take away, again and again, what nothing leads to. What is left lies on a cycle or behind one."""
    leading = [0] * len(drawn)
    after: list[list[int]] = [[] for _ in drawn]
    for edge in edges:
        leading[edge.target] += 1
        after[edge.source].append(edge.target)
    free = [place for place, count in enumerate(leading) if count == 0]
    for place in free:
        for target in after[place]:
            leading[target] -= 1
            if leading[target] == 0:
                free.append(target)
    if len(free) < len(drawn):
        caught = next(place for place, count in enumerate(leading) if count)
        raise PlanInvalid(f"/nodes/{caught}", f"{len(drawn) - len(free)} nodes lie on a cycle or behind one.")


def _node(
    place: int,
    node: Mapping[str, Any],
    *,
    inputs: tuple[InputPort, ...],
    outputs: frozenset[str],
    join: JoinMode,
    wired: list[Slot],
    wires: list[Wire],
) -> PlanNode:
    main: Mapping[str, Any] = (node.get("handlers") or {}).get("main") or {}
    retries: Mapping[str, Any] = main.get("retries") or {}
    backoff = _whole(retries.get("backoffSeconds"))
    return PlanNode(
        index=place,
        id=node["id"],
        type=node["type"],
        name=node["name"],
        entrypoint=flow_model.entrypoint(node),
        config=flow_model.config(node),
        timeout_seconds=_whole(main.get("timeoutSeconds")),
        max_attempts=max(1, _whole(retries.get("maxAttempts")) or 1),
        backoff_seconds=1 if backoff is None else backoff,
        join=join,
        inputs=inputs,
        declared_outputs=flow_model.declared_outputs(node),
        outputs=outputs,
        wired_inputs=tuple(wired),
        wired_outputs=frozenset(wire.port for wire in wires),
        wires=tuple(wires),
        source=node,
    )


def _places(nodes: Iterable[PlanNode]) -> tuple[int, ...]:
    return tuple(node.index for node in nodes)


def _whole(number: float | None) -> int | None:
    """JSON Schema counts 5.0 as an integer; the plan holds 5."""
    return None if number is None else int(number)
