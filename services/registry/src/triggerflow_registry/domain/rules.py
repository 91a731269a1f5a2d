"""Find what refuses a draft: broken rules of the document, each at its JSON pointer. Pure; no I/O.

These are the rules of docs/contract.md sections 1 and 3 that a save may not break. Everything that is merely
unfinished is a problem instead; see `problems.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

from triggerflow_chassis import flow_model, schemas
from triggerflow_chassis.channels import SIDES, is_channel
from triggerflow_chassis.errors import MAX_VIOLATIONS, Invalid, Violation
from triggerflow_chassis.ids import normalise
from triggerflow_chassis.jsontext import pointer

from triggerflow_registry.domain.flow import Document, EdgeObject, NodeObject
from triggerflow_registry.domain.secrets import literal_headers

SecretFindings: TypeAlias = Callable[[NodeObject], Sequence[Violation]]
"""What a node's handlers find of literals where a secret belongs; pointers start at the node."""

# The form of a flow without what the server sets; those members are of any kind and ignored.
_SERVERS = ("id", "projectId", "latestVersion", "problems", "createdAt", "updatedAt")


def check_flow(body: Mapping[str, Any], secrets: SecretFindings) -> None:
    """Let a flow's JSON pass that may be saved. Raises Invalid with every violation, at most 100."""
    said = {key: value for key, value in body.items() if key not in _SERVERS}
    _raise_any(_form("flow", said))
    # Only a body of the right form can be read for more.
    nodes: Sequence[NodeObject] = said.get("nodes") or ()
    edges: Sequence[EdgeObject] = said.get("edges") or ()
    channels: Sequence[Mapping[str, Any]] = said.get("channels") or ()
    _raise_any(islice(_broken_rules(nodes, edges, channels, secrets), MAX_VIOLATIONS))


def check_node(body: NodeObject, before: Document, secrets: SecretFindings) -> None:
    """Let a node's JSON pass that may be put into the draft. Raises Invalid; pointers start at the node.

    An edge that would lose its port is at `/edges/<index>` of the flow.
    """
    _raise_any(_form("node-metadata", body))
    _raise_any(
        islice(
            (*_rules_of_node(body, "", secrets), *_lost_edges(body, before), *_lost_ends(body, before)), MAX_VIOLATIONS
        )
    )


def _raise_any(found: Iterator[Violation] | list[Violation]) -> None:
    violations = list(found)
    if violations:
        raise Invalid(violations)


def _form(schema: str, said: Mapping[str, Any]) -> list[Violation]:
    unstorable = list(_unstorable(said, ""))
    # To the schema such a number is none at all, which would be told of the same member again.
    told = {violation.pointer for violation in unstorable}
    found = [violation for violation in schemas.violations(schema, said) if violation.pointer not in told]
    return [*found, *unstorable][:MAX_VIOLATIONS]


def _unstorable(value: Any, at: str) -> Iterator[Violation]:
    # A REST body is refused for these while it is read; a message over gRPC gets here with them.
    if isinstance(value, str):
        if "\0" in value:
            yield Violation(at, "Text may not contain U+0000. Remove it.")
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield Violation(at, "Must be a finite number.")
    elif isinstance(value, Mapping):
        for key, child in value.items():
            here = at + pointer(key)
            if "\0" in key:
                yield Violation(here, "A key may not contain U+0000. Remove it.")
            yield from _unstorable(child, here)
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from _unstorable(child, f"{at}/{index}")


def _broken_rules(
    nodes: Sequence[NodeObject],
    edges: Sequence[EdgeObject],
    channels: Sequence[Mapping[str, Any]],
    secrets: SecretFindings,
) -> Iterator[Violation]:
    known: dict[str, NodeObject] = {}
    for index, node in enumerate(nodes):
        node_id = normalise(node["id"])
        if node_id in known:
            yield Violation(f"/nodes/{index}/id", "Another node has this id. Give each node an id of its own.")
        else:
            known[node_id] = node
        yield from _rules_of_node(node, f"/nodes/{index}", secrets)
    yield from _rules_of_edges(edges, known)
    yield from _rules_of_channels(channels, known)


def _rules_of_channels(channels: Sequence[Mapping[str, Any]], nodes: Mapping[str, NodeObject]) -> Iterator[Violation]:
    ids: set[str] = set()
    names: set[str] = set()
    ports = {
        "publishers": {node_id: set(flow_model.output_ports(node)) for node_id, node in nodes.items()},
        "subscribers": {
            node_id: {port.key for port in flow_model.input_ports(node)} for node_id, node in nodes.items()
        },
    }
    for index, channel in enumerate(channels):
        at = f"/channels/{index}"
        if normalise(channel["id"]) in ids:
            yield Violation(f"{at}/id", "Another channel has this id. Give each channel an id of its own.")
        if channel["name"] in names:
            yield Violation(f"{at}/name", "Another channel has this name. Rename one of them.")
        ids.add(normalise(channel["id"]))
        names.add(channel["name"])
        for side, known in ports.items():
            seen: set[tuple[str, str]] = set()
            for number, end in enumerate(channel[side]):
                here, node_id = f"{at}/{side}/{number}", normalise(end["nodeId"])
                if (node_id, end["port"]) in seen:
                    yield Violation(here, "This port is named twice. Remove one of them.")
                seen.add((node_id, end["port"]))
                if node_id not in nodes:
                    yield Violation(f"{here}/nodeId", f"There is no node {node_id} in this flow.")
                elif end["port"] not in known[node_id] and not (side == "publishers" and is_undecided(nodes[node_id])):
                    kind = "output" if side == "publishers" else "input"
                    yield Violation(
                        f"{here}/port",
                        f"{_name(nodes[node_id])} has no {kind} port {end['port']!r}. {_ports(known[node_id])}",
                    )


def _rules_of_node(node: NodeObject, at: str, secrets: SecretFindings) -> Iterator[Violation]:
    for where, message in flow_model.port_problems(node):
        yield Violation(at + where, message)
    seen: set[str] = set()
    for where, message in (*literal_headers(node), *secrets(node)):
        # The handler may know of the same header; one member at fault is one violation.
        if where not in seen:
            seen.add(where)
            yield Violation(at + where, message)


def _rules_of_edges(edges: Sequence[EdgeObject], nodes: Mapping[str, NodeObject]) -> Iterator[Violation]:
    ids: set[str] = set()
    wires: set[tuple[str, str, str, str]] = set()
    inputs = {node_id: {port.key for port in flow_model.input_ports(node)} for node_id, node in nodes.items()}
    outputs = {node_id: set(flow_model.output_ports(node)) for node_id, node in nodes.items()}
    for index, edge in enumerate(edges):
        at = f"/edges/{index}"
        edge_id = normalise(edge["id"])
        if edge_id in ids:
            yield Violation(f"{at}/id", "Another edge has this id. Give each edge an id of its own.")
        ids.add(edge_id)
        source, out = normalise(edge["source"]["nodeId"]), edge["source"]["port"]
        target, into = normalise(edge["target"]["nodeId"]), edge["target"]["port"]
        if (source, out, target, into) in wires:
            yield Violation(at, "Another edge has the same source and target. Remove one of them.")
        wires.add((source, out, target, into))
        if source not in nodes:
            yield Violation(f"{at}/source/nodeId", f"There is no node {source} in this flow.")
        elif out not in outputs[source] and not is_undecided(nodes[source]):
            yield Violation(
                f"{at}/source/port", f"{_name(nodes[source])} has no output port {out!r}. {_ports(outputs[source])}"
            )
        if target not in nodes:
            yield Violation(f"{at}/target/nodeId", f"There is no node {target} in this flow.")
        elif into not in inputs[target]:
            yield Violation(
                f"{at}/target/port", f"{_name(nodes[target])} has no input port {into!r}. {_ports(inputs[target])}"
            )


def _lost_edges(node: NodeObject, before: Document) -> Iterator[Violation]:
    node_id = normalise(node["id"])
    inputs = {port.key for port in flow_model.input_ports(node)}
    outputs = set(flow_model.output_ports(node))
    for index, edge in enumerate(before.edges):
        source, target = edge["source"], edge["target"]
        lost = [
            *(
                [f"output port {source['port']!r}"]
                if source["nodeId"] == node_id and source["port"] not in outputs and not is_undecided(node)
                else []
            ),
            *(
                [f"input port {target['port']!r}"]
                if target["nodeId"] == node_id and target["port"] not in inputs
                else []
            ),
        ]
        if lost:
            yield Violation(
                f"/edges/{index}", f"This edge needs the {' and the '.join(lost)} of the node. Remove the edge first."
            )


def _lost_ends(node: NodeObject, before: Document) -> Iterator[Violation]:
    """What channels would lose of a node's ports."""
    node_id = normalise(node["id"])
    ports = {
        "publishers": set(flow_model.output_ports(node)),
        "subscribers": {port.key for port in flow_model.input_ports(node)},
    }
    for index, channel in enumerate(before.channels):
        if not is_channel(channel):
            continue
        for side in SIDES:
            for number, end in enumerate(channel[side]):
                free = side == "publishers" and is_undecided(node)
                if end["nodeId"] == node_id and end["port"] not in ports[side] and not free:
                    yield Violation(
                        f"/channels/{index}/{side}/{number}",
                        f"The channel {channel['name']!r} needs the port {end['port']!r} of the node. Take it out.",
                    )


def is_undecided(node: NodeObject) -> bool:
    """Whether a condition's cases are not valid yet: its other ports are unknown, so no edge at them is refused."""
    return node["type"] == "condition" and flow_model.has_cases(node) and flow_model.valid_cases(node) is None


def _name(node: NodeObject) -> str:
    return f"The node {node['name']!r}"


def _ports(keys: set[str]) -> str:
    return f"It has: {', '.join(sorted(keys))}." if keys else "It has none."
