"""Find what keeps a draft from being published, and what is odd about it. Pure; no I/O.

The draft obeys the rules of the document (`rules.py`). Problems come in the order of the document: its flow, its
nodes, its edges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from triggerflow_chassis import flow_model
from triggerflow_chassis.channels import channel_edges, is_channel
from triggerflow_chassis.jsontext import dumps
from triggerflow_chassis.loops import find_loops

from triggerflow_registry.domain.flow import Document, EdgeObject, NodeId, NodeObject
from triggerflow_registry.domain.graph import cycles, reachable
from triggerflow_registry.domain.handler_problems import HandlerCheck, handler_problems
from triggerflow_registry.domain.hook_paths import paths_twice
from triggerflow_registry.domain.problem import Problem, Reason, Severity
from triggerflow_registry.domain.rules import is_undecided

# More would help nobody, and a draft of 8 MiB with all its problems would not fit into a message.
MAX_PROBLEMS = 1_000


def problems_of(document: Document, check: HandlerCheck) -> tuple[Problem, ...]:
    """The problems of the draft, at most MAX_PROBLEMS, errors before warnings where there are more.

    `check` knows what the installed adapters say of a node's handlers.
    """
    # Channels are edges that nobody drew: whatever is asked of the graph is asked of both.
    unseen = channel_edges(document.channels, document.edges)
    whole = replace(document, edges=(*document.edges, *(found.edge for found in unseen)))
    pointers = [*(f"/edges/{index}" for index in range(len(document.edges))), *(found.pointer for found in unseen)]
    nodes = (*_of_nodes(whole, check), *paths_twice(document))
    found = (*_of_flow(document, check), *nodes, *_of_edges(whole, pointers, check))
    if len(found) <= MAX_PROBLEMS:
        return found
    return tuple(sorted(found, key=lambda problem: problem.severity is Severity.WARNING)[:MAX_PROBLEMS])


def _of_flow(document: Document, check: HandlerCheck) -> Iterator[Problem]:
    kinds = {node["type"] for node in document.nodes}
    if "trigger" not in kinds:
        yield Problem(Reason.NO_TRIGGER, "/nodes", "Nothing starts this flow. Add a trigger.")
    if "output" not in kinds:
        yield Problem(Reason.NO_OUTPUT, "/nodes", "This flow gives no result. Add an output, if it should.")
    for index, channel in enumerate(document.channels):
        if not is_channel(channel):
            said = "This is no channel: it needs id, name, publishers and subscribers. Replace it."
            yield Problem(Reason.CONFIG_INVALID, f"/channels/{index}", said)
    url = (document.settings.get("onFailure") or {}).get("url")
    if url is not None and (wrong := check.url_problem(url)) is not None:
        yield Problem(Reason.CONFIG_INVALID, "/settings/onFailure/url", wrong)


def _of_nodes(document: Document, check: HandlerCheck) -> Iterator[Problem]:
    reached = reachable(document)
    has_trigger = any(node["type"] == "trigger" for node in document.nodes)
    outputs: set[str] = set()
    for index, node in enumerate(document.nodes):
        at, node_id = f"/nodes/{index}", NodeId(node["id"])
        if flow_model.join_mode(node) is None:
            yield Problem(
                Reason.UNKNOWN_JOIN,
                f"{at}/annotations/join",
                f"{dumps(node['annotations']['join'])[:80]} is no way to join. Use {_either(flow_model.JOIN_MODES)}.",
                node_id,
            )
        if node["type"] == "output":
            if node["name"] in outputs:
                yield Problem(
                    Reason.DUPLICATE_OUTPUT,
                    f"{at}/name",
                    f"Another output is called {node['name']!r}. Rename one of them: outputs are told apart by name.",
                    node_id,
                )
            outputs.add(node["name"])
        yield from handler_problems(node, at, check)
        # Without a trigger every node is unreachable; NO_TRIGGER says so once.
        if has_trigger and node_id not in reached:
            yield Problem(
                Reason.UNREACHABLE,
                at,
                f"No trigger leads to {node['name']!r}, so it never runs. Connect it, or remove it.",
                node_id,
            )


def _of_edges(document: Document, pointers: Sequence[str], check: HandlerCheck) -> Iterator[Problem]:
    nodes = {node["id"]: node for node in document.nodes}
    closing = cycles(document)
    looping: dict[int, list[Problem]] = {}
    for of_loop in find_loops(document.edges, {node_id: node["name"] for node_id, node in nodes.items()}).problems:
        reason = Reason.CONFIG_INVALID if of_loop.pointer else Reason.CYCLE
        problem = Problem(reason, f"{pointers[of_loop.edge]}{of_loop.pointer}", of_loop.message)
        looping.setdefault(of_loop.edge, []).append(problem)
    for index, edge in enumerate(document.edges):
        at = pointers[index]
        source, target = nodes[edge["source"]["nodeId"]], nodes[edge["target"]["nodeId"]]
        yield from looping.get(index, ())
        condition = edge["loop"].get("while") if "loop" in edge else None
        if isinstance(condition, str) and condition.strip():
            said = check.condition_problem(condition, [port.key for port in flow_model.input_ports(target)])
            if said is not None:
                yield Problem(Reason.CONFIG_INVALID, f"{at}/loop/while", said)
        if index in closing:
            path = " → ".join(nodes[node_id]["name"] for node_id in closing[index])
            yield Problem(Reason.CYCLE, at, f"This edge closes a cycle: {path}. Remove one of its edges.")
        if is_undecided(source) and edge["source"]["port"] not in flow_model.output_ports(source):
            yield Problem(
                Reason.UNKNOWN_PORT,
                f"{at}/source/port" if at.startswith("/edges/") else at,
                f"The cases of {source['name']!r} are not valid, so it has no port {edge['source']['port']!r} yet. "
                "Complete the cases, or remove this edge.",
            )
        yield from _of_types(edge, at, source, target)


def _of_types(edge: EdgeObject, at: str, source: NodeObject, target: NodeObject) -> Iterator[Problem]:
    gives = flow_model.output_type(source, edge["source"]["port"])
    takes = next(port.type for port in flow_model.input_ports(target) if port.key == edge["target"]["port"])
    if gives == takes or "any" in (gives, takes) or (gives, takes) == ("integer", "number"):
        return
    yield Problem(
        Reason.TYPE_MISMATCH,
        at,
        f"{source['name']!r} gives {gives} at {edge['source']['port']!r}, but {target['name']!r} expects {takes} "
        f"at {edge['target']['port']!r}. Convert it in between, or change a type.",
    )


def _either(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
