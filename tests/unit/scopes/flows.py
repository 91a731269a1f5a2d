"""Make random flows with loops, nested loops and sub-flows of every mode, and what each activation of them does.
Everything from a seed: the same activation, by scope and node, always does the same."""

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from triggerflow_orchestrator.domain.compile_plan import compile_plan
from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.domain.plan import Plan, PlanNode, PlanRef
from triggerflow_orchestrator.domain.scopes import Refused
from triggerflow_orchestrator.domain.value import Value, encode

FLOWS = 3


class Did(NamedTuple):
    """How an activation ends: with these ports lit, or failed."""

    lit: Mapping[str, Value]
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class World:
    """The plan of a seed, and the answers of its handlers and rules. It is the plan's `Judge`."""

    seed: int
    plan: Plan
    fired: Mapping[int, Mapping[str, Value]]

    def does(self, scope: str, node: PlanNode) -> Did:
        """What the activation of this node in this scope does."""
        rng = random.Random(f"{self.seed}/{scope}/{node.id}")
        if node.type == "condition":
            return Did({rng.choice(node.declared_outputs): _value(rng)}, None)
        if rng.random() < 0.04:
            failure = Failure("Failed", f"{node.id} in {scope}")
            return Did({"error": encode("failed")} if node.error_wired else {}, failure)
        return Did({port: _value(rng) for port in node.declared_outputs if rng.random() < 0.8}, None)

    def holds(self, expression: str, keys: Iterable[str], inputs: Mapping[str, Any]) -> bool:
        rng = random.Random(f"{self.seed}/{expression}/{json.dumps(inputs, sort_keys=True)}")
        if rng.random() < 0.03:
            raise Refused(Failure("ExpressionFailed", "no answer"))
        return rng.random() < 0.6

    def fired_by(self, plan: Plan, inputs: Value) -> dict[int, dict[str, Value]]:
        return {index: {"out": inputs} for index in plan.manual_triggers}


class Judge:
    """`domain.scopes.Judge` of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def holds(self, expression: str, keys: Iterable[str], inputs: Mapping[str, Any]) -> bool:
        return self._world.holds(expression, keys, inputs)

    def fired(self, plan: Plan, inputs: Value) -> dict[int, dict[str, Value]]:
        if inputs.plain.get("item") == 3:
            raise Refused(Failure("Invalid", "three is refused"))
        return self._world.fired_by(plan, inputs)


def world(seed: int) -> World:
    """The world of a seed."""
    rng = random.Random(seed)
    blueprints = drawn(rng)
    refs = [PlanRef() for _ in blueprints]
    count = 0
    for ref, blueprint in zip(refs, blueprints, strict=True):
        ref.plan = compile_plan(blueprint, child=lambda flow_id, version: refs[int(flow_id)], first_number=count)
        count += len(blueprint["nodes"])
    plan = refs[0].plan
    assert plan is not None
    fired = {index: {"out": _value(rng)} for index in plan.manual_triggers}
    return World(seed, plan, fired)


def drawn(rng: random.Random) -> list[dict[str, Any]]:
    """The flows of a world. Each runs later ones only: what runs itself is another matter."""
    return [_blueprint(rng, number, rng.randint(3, 11 if number == 0 else 5)) for number in range(FLOWS)]


def _value(rng: random.Random) -> Value:
    small = rng.randint(0, 4)
    items = [rng.choice([0, 1, 2, 3, {"n": 1}]) for _ in range(rng.randint(0, 5))]
    return encode(rng.choice([small, {"n": small}, items, items, items, items, None]))


def _blueprint(rng: random.Random, number: int, size: int) -> dict[str, Any]:
    """Nodes in an order; loops are nested intervals of it, entered at their first node only."""
    prefix = "abc"[number]
    trigger = {**_node(f"{prefix}t", "trigger"), "handlers": {"main": {"entrypoint": "core:manual"}}}
    nodes = [trigger, *(_step(rng, f"{prefix}{place}", number) for place in range(1, size + 1))]
    spans = _spans(rng, 1, size) if rng.random() < 0.85 else []
    edges: list[dict[str, Any]] = []
    taken: set[tuple[str, str, str, str]] = set()

    def wire(source: int, target: int, key: str, **more: Any) -> None:
        port = rng.choice(_outputs(nodes[source]))
        ends = (nodes[source]["id"], port, nodes[target]["id"], key)
        if ends not in taken:
            taken.add(ends)
            edge = {"source": {"nodeId": ends[0], "port": port}, "target": {"nodeId": ends[2], "port": key}}
            edges.append({"id": "->".join(ends), **edge, **more})

    for target in range(1, size + 1):
        around = [span for span in spans if span[0] < target <= span[1]]
        sources = range(max([span[0] for span in around], default=0), target)
        for place, key in enumerate(_inputs(nodes[target])):
            for _ in range(rng.choice([1, 1, 2] if place == 0 else [0, 1, 1])):
                wire(rng.choice(sources), target, key)
    for first, last in spans:
        for _ in range(rng.choice([1, 1, 2])):
            loop: dict[str, Any] = {"maxIterations": rng.choice([1, 3, 5, 8, 8])}
            if rng.random() < 0.4:
                loop["while"] = rng.choice(["x", "y"])
            wire(rng.randint(first, last), first, rng.choice(_inputs(nodes[first])), loop=loop)
    outputs = [_node(f"{prefix}o{place}", "output") for place in range(rng.randint(1, 2))]
    nodes += outputs
    for place in range(size + 1, len(nodes)):
        wire(rng.randint(0, size), place, "input")
    return {"name": prefix, "nodes": nodes, "edges": _sound(edges), "settings": {}}


def _spans(rng: random.Random, first: int, last: int) -> list[tuple[int, int]]:
    """Intervals of places, each apart from or inside another, no two with one beginning."""
    if first > last or rng.random() < 0.2:
        return []
    begin = rng.randint(first, last)
    end = rng.randint(begin, last)
    return [(begin, end), *_spans(rng, begin + 1, end), *_spans(rng, end + 1, last)]


def _sound(edges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the back edges that close nothing, because nothing leads from the header to their source."""
    from triggerflow_chassis.loops import find_loops

    while problems := find_loops(edges).problems:
        lost = {problem.edge for problem in problems}
        edges = [edge for place, edge in enumerate(edges) if place not in lost]
    return edges


def _node(name: str, kind: str, **members: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "name": name, "handlers": {}, "position": {"x": 0, "y": 0}, **members}


def _step(rng: random.Random, name: str, number: int) -> dict[str, Any]:
    join = {"annotations": {"join": rng.choice(["all", "all", "strict", "any"])}}
    if number + 1 < FLOWS and rng.random() < 0.3:
        mode = rng.choice(["once", "forEach", "forEach", "while"])
        config = {
            # Later ones only: what runs itself may do so without end.
            "flowId": str(rng.randint(number + 1, FLOWS - 1)),
            "version": "1",
            "mode": mode,
            "concurrency": rng.randint(1, 3),
            "onItemError": rng.choice(["stop", "continue"]),
            "maxIterations": rng.randint(1, 3),
            "while": "w",
        }
        inputs = ["items"] if mode == "forEach" else ["input"]
        outputs = ["out", "errors"] if mode == "forEach" and rng.random() < 0.5 else ["out"]
        handlers = {"main": {"entrypoint": "core:subflow", "config": config}}
        return _node(name, "subflow", handlers=handlers, ports=_ports(inputs, outputs), **join)
    inputs = [f"i{place}" for place in range(rng.choice([1, 1, 2, 3]))]
    ports = _ports(inputs, None)
    for port in ports["inputs"]:
        if rng.random() < 0.3:
            port["default"] = rng.randint(0, 4)
    return _node(name, rng.choice(["action", "action", "condition"]), ports=ports, **join)


def _ports(inputs: list[str], outputs: list[str] | None) -> dict[str, Any]:
    ports: dict[str, Any] = {"inputs": [{"key": key, "label": "", "type": "any"} for key in inputs]}
    if outputs is not None:
        ports["outputs"] = [{"key": key, "label": ""} for key in outputs]
    return ports


def _inputs(node: Mapping[str, Any]) -> list[str]:
    return [port["key"] for port in node.get("ports", {}).get("inputs", [{"key": "input"}])]


def _outputs(node: Mapping[str, Any]) -> list[str]:
    if node["type"] == "condition":
        return ["true", "false"]
    declared = [port["key"] for port in node.get("ports", {}).get("outputs", [{"key": "out"}])]
    return [*declared, *declared, "error"] if node["type"] in ("action", "subflow") else declared
