"""Make random flows without cycles, and a script of what each node's handler will light. Everything from a seed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Scenario:
    """A blueprint, the ids of the triggers that fire in their order, and by node id what it lights when it ends."""

    seed: int
    blueprint: Mapping[str, Any]
    fired: tuple[str, ...]
    lit: Mapping[str, Mapping[str, Any]]


def node(name: str, kind: str = "action", **members: Any) -> dict[str, Any]:
    handlers = {} if kind == "output" else {"main": {"entrypoint": "core:manual" if kind == "trigger" else "m.f"}}
    return {"id": name, "type": kind, "name": name, "handlers": handlers, "position": {"x": 0, "y": 0}, **members}


def edge(source: str, target: str) -> dict[str, Any]:
    """An edge between ends written `node.port`."""
    (source_id, source_port), (target_id, target_port) = source.split("."), target.split(".")
    return {
        "id": f"{source}>{target}",
        "source": {"nodeId": source_id, "port": source_port},
        "target": {"nodeId": target_id, "port": target_port},
    }


def blueprint(nodes: list[dict[str, Any]], edges: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": "flow", "description": "", "nodes": nodes, "edges": edges, "channels": [], "settings": {}}


def scenario(seed: int) -> Scenario:
    """The scenario of a seed: up to about twenty nodes, rich in branches, joins, merges, defaults and dead arms."""
    rng = random.Random(seed)
    triggers = [
        node(f"t{i}", "trigger", **_ports(outputs=_outputs(rng, "trigger"))) for i in range(rng.choice([1, 1, 2, 3]))
    ]
    others = [_other(rng, f"n{i}") for i in range(rng.randint(1, rng.choice([6, 12, 18])))]
    lit = {one["id"]: _lights(rng, one) for one in (*triggers, *others)}

    # Nodes only lead to later ones of this order, so there is no cycle; the blueprint lists them in another.
    order = [*triggers, *others]
    edges: dict[str, dict[str, Any]] = {}
    for place, target in enumerate(others, start=len(triggers)):
        sources = order[max(0, place - rng.choice([2, 4, 20])) : place]
        for key in _input_keys(target):
            for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 2, 3])):
                source = rng.choice(sources)
                if ports := _output_keys(source):
                    drawn = edge(f"{source['id']}.{rng.choice(ports)}", f"{target['id']}.{key}")
                    edges[drawn["id"]] = drawn
    nodes, wires = list(order), list(edges.values())
    rng.shuffle(nodes)
    rng.shuffle(wires)

    ids = [one["id"] for one in triggers]
    rng.shuffle(ids)
    fired = tuple(ids[: max(1, rng.randint(0, len(ids)))] if rng.random() < 0.98 else ())
    return Scenario(seed, blueprint(nodes, wires), fired, lit)


def _other(rng: random.Random, name: str) -> dict[str, Any]:
    kind = rng.choices(["action", "condition", "output"], [6, 3, 1])[0]
    inputs: list[dict[str, Any]] | None = None
    if rng.random() < 0.7:
        count = rng.choices([0, 1, 2, 3, 4], [1, 6, 10, 6, 2])[0]
        inputs = [{"key": f"i{i}", "label": "", "type": "any", **_default(rng, f"{name}.i{i}")} for i in range(count)]
    annotations: dict[str, Any] = {}
    if rng.random() < 0.5:
        annotations = {"annotations": {"join": rng.choice(["all", "strict", "any"])}}
    return node(name, kind, **_ports(inputs=inputs, outputs=_outputs(rng, kind)), **annotations)


def _default(rng: random.Random, port: str) -> dict[str, Any]:
    return rng.choice([{}, {"default": f"default of {port}"}, {"default": None}])


def _outputs(rng: random.Random, kind: str) -> list[dict[str, Any]] | None:
    if kind in ("output", "condition") or rng.random() < 0.6:
        return None
    return [{"key": f"o{i}", "label": ""} for i in range(rng.choice([0, 1, 2, 2, 3]))]


def _ports(**sides: list[dict[str, Any]] | None) -> dict[str, Any]:
    listed = {side: ports for side, ports in sides.items() if ports is not None}
    return {"ports": listed} if listed else {}


def _input_keys(one: Mapping[str, Any]) -> list[str]:
    return [port["key"] for port in one.get("ports", {}).get("inputs", [{"key": "input"}])]


def _output_keys(one: Mapping[str, Any]) -> list[str]:
    match one["type"]:
        case "output":
            return []
        case "condition":
            return ["true", "false"]
    declared = [port["key"] for port in one.get("ports", {}).get("outputs", [{"key": "out"}])]
    return [*declared, "error"] if one["type"] == "action" else declared


def _lights(rng: random.Random, one: Mapping[str, Any]) -> dict[str, Any]:
    """What the handler lights: one port of a condition, some or all of an action, or its error alone."""
    ports = _output_keys(one)
    if one["type"] == "condition":
        ports = [rng.choice(ports)]
    elif one["type"] == "action":
        ports = ["error"] if rng.random() < 0.2 else [p for p in ports[:-1] if rng.random() < 0.8]
    elif rng.random() < 0.3:
        ports = [port for port in ports if rng.random() < 0.5]
    return {port: None if rng.random() < 0.1 else f"{one['id']}.{port}" for port in ports}
