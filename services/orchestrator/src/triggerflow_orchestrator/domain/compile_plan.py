"""Compile a published blueprint to its plan (`plan`): find its loops, and give each region its numbers.

Pure; no I/O.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from triggerflow_chassis import flow_model
from triggerflow_chassis.channels import shared_ports, with_channels
from triggerflow_chassis.flow_model import JoinMode
from triggerflow_chassis.loops import Loop, find_loops

from triggerflow_orchestrator.domain.plan import (
    COMPOSITE,
    MANUAL_TRIGGER,
    ROOT_SCOPE,
    Intake,
    Leaving,
    LoopPlan,
    Plan,
    PlanEdge,
    PlanInvalid,
    PlanNode,
    PlanRef,
    Slot,
    SubflowPlan,
    While,
    Wire,
)

ChildPlan = Callable[[str, str], PlanRef]
"""Flow id and version → where the root region of that version is, or will be."""


def compile_plan(
    blueprint: Mapping[str, Any],
    *,
    scope: str = ROOT_SCOPE,
    child: ChildPlan | None = None,
    first_number: int = 0,
) -> Plan:
    """The plan of a blueprint `{name, description, nodes, edges, channels, settings}`. Raises PlanInvalid.

    `child` gives the plans of the versions its subflow nodes name; without it they have none, which is enough to start
    a run and not to drive it. Its nodes get their numbers in the order of the blueprint, from `first_number` on.
    """
    return _Drawing(blueprint, child, first_number).region(None, scope)


class _End(NamedTuple):
    """An edge as drawn, its ends as places in the blueprint's nodes."""

    place: int
    id: str
    source: int
    source_port: str
    target: int
    target_port: str


class _Drawing:
    """A blueprint taken apart: what its regions are built from."""

    def __init__(self, blueprint: Mapping[str, Any], child: ChildPlan | None, first_number: int) -> None:
        self.blueprint = blueprint
        self.drawn: list[Mapping[str, Any]] = list(blueprint["nodes"])
        self.child = child
        self.first_number = first_number
        self.place_of = _index(self.drawn)
        self.inputs = [flow_model.input_ports(node) for node in self.drawn]
        self.outputs = [frozenset(flow_model.output_ports(node)) for node in self.drawn]
        self.joins = [_join(place, node) for place, node in enumerate(self.drawn)]
        enterable = [frozenset(port.key for port in ports) for ports in self.inputs]
        channels = blueprint.get("channels") or ()
        # Edges of channels come after those drawn, and so do their tokens.
        self.edges_json = with_channels(blueprint.get("edges") or (), channels)
        self.shared = shared_ports(channels)
        self.ends = [
            _end(place, edge, self.place_of, enterable, self.outputs) for place, edge in enumerate(self.edges_json)
        ]
        found = find_loops(self.edges_json)
        for problem in found.problems:
            raise PlanInvalid(f"/edges/{problem.edge}{problem.pointer}", problem.message)
        self.loops: list[Loop] = list(found.loops)
        # By place of a node: the loops around it, the innermost last. By loop: what it lies in, by number; None: none.
        self.around: list[tuple[int, ...]] = [()] * len(self.drawn)
        for number, loop in enumerate(self.loops):
            for node_id in loop.body:
                place = self.place_of[node_id]
                self.around[place] = (*self.around[place], number)
        self.leaving: dict[int, list[_End]] = defaultdict(list)
        for end in self.ends:
            self.leaving[end.source].append(end)
        self.whiles = self._whiles()

    def region(self, loop: int | None, scope: str) -> Plan:
        """The flow itself, or the body of a loop."""
        depth = 0 if loop is None else self.around[self.place_of[self.loops[loop].header]].index(loop) + 1
        # What stands for a node here: itself, or the loop around it.
        members: list[tuple[int, int | None]] = []
        stands: dict[int, int] = {}
        composites: dict[int, int] = {}
        for place in range(len(self.drawn)):
            around = self.around[place]
            if (around[depth - 1] if 0 < depth <= len(around) else None) != loop:
                continue
            if len(around) > depth:
                inner = around[depth]
                if place == self.place_of[self.loops[inner].header]:
                    composites[inner] = len(members)
                    members.append((place, inner))
            else:
                stands[place] = len(members)
                members.append((place, None))
        for place, around in enumerate(self.around):
            if len(around) > depth and around[depth] in composites:
                stands[place] = composites[around[depth]]

        header = None if loop is None else self.place_of[self.loops[loop].header]
        backs = frozenset(() if loop is None else self.loops[loop].backs)
        within: list[tuple[_End, int, str, int]] = []
        leaving: list[list[Leaving]] = [[] for _ in members]
        for end in self.ends:
            source = stands.get(end.source)
            if source is None:
                continue
            inner_source = members[source][1]
            if inner_source is not None and end.target in self._bodies(inner_source):
                continue  # inside that loop, or one of its back edges
            port = end.source_port if inner_source is None else str(end.place)
            target = stands.get(end.target)
            if end.place in backs:
                leaving[source].append(Leaving(port, end.place, end.target_port))
            elif target is None:
                leaving[source].append(Leaving(port, end.place, None))
            else:
                within.append((end, source, port, target))
        return self._plan(loop, scope, members, within, leaving, None if header is None else stands[header])

    def _bodies(self, loop: int) -> frozenset[int]:
        return frozenset(self.place_of[node_id] for node_id in self.loops[loop].body)

    def _plan(
        self,
        loop: int | None,
        scope: str,
        members: list[tuple[int, int | None]],
        within: list[tuple[_End, int, str, int]],
        leaving: list[list[Leaving]],
        header: int | None,
    ) -> Plan:
        arriving: dict[tuple[int, str], list[int]] = {}
        for end, _, _, target in within:
            arriving.setdefault((target, end.target_port), []).append(end.place)
        slots = [
            Slot(local, port.key, port.default, tuple(arriving[local, port.key]))
            for local, (place, _) in enumerate(members)
            for port in self.inputs[place]
            if (local, port.key) in arriving
        ]
        slot_of = {(slot.node, slot.key): number for number, slot in enumerate(slots)}
        edges = tuple(
            PlanEdge(end.place, end.id, source, port, target, end.target_port, slot_of[target, end.target_port])
            for end, source, port, target in within
        )
        _refuse_cycles([self.drawn[place] for place, _ in members], [place for place, _ in members], edges)
        wires: list[list[Wire]] = [[] for _ in members]
        for edge in edges:
            wires[edge.source].append(Wire(edge.source_port, edge.target, edge.slot, edge.index))
        wired: list[list[Slot]] = [[] for _ in members]
        for slot in slots:
            wired[slot.node].append(slot)
        nodes = []
        for local, (place, inner) in enumerate(members):
            node = self._node(place, local, wired[local], wires[local], leaving[local])
            nodes.append(node if inner is None else self._composite(node, inner, scope))
        settings: Mapping[str, Any] = self.blueprint.get("settings") or {}
        return Plan(
            scope=scope,
            name=str(self.blueprint.get("name", "")),
            description=str(self.blueprint.get("description") or ""),
            nodes=tuple(nodes),
            edges=edges,
            slots=tuple(slots),
            index=MappingProxyType({node.id: node.index for node in nodes}),
            triggers=_places(node for node in nodes if node.is_trigger),
            manual_triggers=_places(node for node in nodes if node.is_trigger and node.entrypoint == MANUAL_TRIGGER),
            output_nodes=_places(node for node in nodes if node.type == "output"),
            unwired=_places(
                node for node in nodes if not node.is_trigger and not node.wired_inputs and node.index != header
            ),
            timeout_seconds=_whole(settings.get("timeoutSeconds")) if loop is None else None,
            labels=tuple(settings.get("labels") or ()),
            on_failure=_on_failure(settings.get("onFailure") or {}) if loop is None else (),
            wires=tuple(node.wires for node in nodes),
            intakes=tuple(
                tuple(
                    Intake(port.key, slot_of.get((node.index, port.key), len(slots)), port.default)
                    for port in node.inputs
                )
                for node in nodes
            ),
            joins=tuple(node.join for node in nodes),
            lightable=tuple(node.outputs for node in nodes),
            wired_counts=tuple(len(node.wired_inputs) for node in nodes),
            edge_counts=tuple(len(slot.edges) for slot in slots),
            header=header,
        )

    def _node(self, place: int, local: int, wired: list[Slot], wires: list[Wire], leaving: list[Leaving]) -> PlanNode:
        node = self.drawn[place]
        main: Mapping[str, Any] = (node.get("handlers") or {}).get("main") or {}
        retries: Mapping[str, Any] = main.get("retries") or {}
        backoff = _whole(retries.get("backoffSeconds"))
        return PlanNode(
            index=local,
            number=self.first_number + place,
            id=node["id"],
            type=node["type"],
            name=node["name"],
            entrypoint=flow_model.entrypoint(node),
            config=flow_model.config(node),
            timeout_seconds=_whole(main.get("timeoutSeconds")),
            max_attempts=max(1, _whole(retries.get("maxAttempts")) or 1),
            backoff_seconds=1 if backoff is None else backoff,
            join=self.joins[place],
            inputs=self.inputs[place],
            declared_outputs=flow_model.declared_outputs(node),
            outputs=self.outputs[place],
            wired_inputs=tuple(wired),
            wired_outputs=frozenset(end.source_port for end in self.leaving[place]),
            wires=tuple(wires),
            source=node,
            leaving=tuple(leaving),
            published=tuple(
                (port, channel)
                for port in flow_model.output_ports(node)
                for channel in self.shared.get((node["id"], port), ())
            ),
            whiles=self.whiles.get(place, ()),
            subflow=self._subflow(place, node) if node["type"] == "subflow" else None,
        )

    def _composite(self, header: PlanNode, loop: int, scope: str) -> PlanNode:
        body = self.region(loop, scope)
        exits = frozenset(str(leaving.edge) for node in body.nodes for leaving in node.leaving if leaving.back is None)
        loops = [self.edges_json[place]["loop"] for place in self.loops[loop].backs]
        plan = LoopPlan(
            header=body.nodes[body.header or 0],
            body=body,
            max_iterations=min(int(loop["maxIterations"]) for loop in loops),
            fed=frozenset(self.ends[place].target_port for place in self.loops[loop].backs),
            members=tuple(
                sorted(
                    (
                        member
                        for node in body.nodes
                        for member in (node.loop.members if node.loop is not None else (node,))
                    ),
                    key=lambda member: member.number,
                )
            ),
        )
        return replace(
            header,
            number=-1,
            type=COMPOSITE,
            entrypoint=None,
            declared_outputs=(),
            outputs=exits,
            wired_outputs=exits,
            whiles=(),
            subflow=None,
            loop=plan,
        )

    def _whiles(self) -> dict[int, tuple[While, ...]]:
        found: dict[int, list[While]] = defaultdict(list)
        for loop in self.loops:
            body = frozenset(self.place_of[node_id] for node_id in loop.body)
            for place in loop.backs:
                condition = self.edges_json[place]["loop"].get("while")
                if condition is None:
                    continue
                end = self.ends[place]
                others = frozenset(
                    other.place
                    for other in self.leaving[end.source]
                    if other.source_port == end.source_port and other.target not in body
                )
                found[end.source].append(While(end.source_port, place, loop.header, end.target_port, condition, others))
        return {place: tuple(whiles) for place, whiles in found.items()}

    def _subflow(self, place: int, node: Mapping[str, Any]) -> SubflowPlan:
        config = flow_model.config(node)
        flow_id, version = str(config.get("flowId", "")).lower(), config.get("version")
        declared = flow_model.declared_outputs(node)
        results = [port for port in declared if port != "errors"]
        mode = config.get("mode", "once")
        if mode not in ("once", "forEach", "while"):
            raise PlanInvalid(f"/nodes/{place}/handlers/main/config/mode", "The mode must be once, forEach or while.")
        ref = None
        if self.child is not None:
            if not isinstance(version, str):
                raise PlanInvalid(f"/nodes/{place}/handlers/main/config/version", "The version is not pinned.")
            ref = self.child(flow_id, version)
        return SubflowPlan(
            flow_id=flow_id,
            version=str(version or ""),
            ref=ref,
            mode=mode,
            concurrency=max(1, _whole(config.get("concurrency")) or 10),
            continues=config.get("onItemError", "stop") == "continue",
            max_iterations=max(1, _whole(config.get("maxIterations")) or 1_000),
            condition=config.get("while"),
            result_port="out" if "out" in declared else results[0] if len(results) == 1 else None,
            errors_port="errors" if mode == "forEach" and "errors" in declared else None,
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


def _end(
    place: int,
    edge: Mapping[str, Any],
    index: Mapping[str, int],
    inputs: list[frozenset[str]],
    outputs: list[frozenset[str]],
) -> _End:
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
    return _End(place, edge["id"], source, source_port, target, target_port)


def _refuse_cycles(drawn: Sequence[Mapping[str, Any]], places: Sequence[int], edges: Iterable[PlanEdge]) -> None:
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
        raise PlanInvalid(f"/nodes/{places[caught]}", f"{len(drawn) - len(free)} nodes lie on a cycle or behind one.")


def _on_failure(asked: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    named = (("flow", asked.get("flowId")), ("url", asked.get("url")))
    return tuple((kind, target) for kind, target in named if target is not None)


def _places(nodes: Iterable[PlanNode]) -> tuple[int, ...]:
    return tuple(node.index for node in nodes)


def _whole(number: float | None) -> int | None:
    """JSON Schema counts 5.0 as an integer; the plan holds 5."""
    return None if number is None else int(number)
