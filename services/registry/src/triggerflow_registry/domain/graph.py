"""Ask a draft's graph: what a trigger can reach, and where it runs in circles. Pure; no I/O."""

from __future__ import annotations

from collections import defaultdict

from triggerflow_registry.domain.flow import Document


def reachable(document: Document) -> frozenset[str]:
    """The ids of the triggers and of all nodes that edges lead to from them."""
    ways: dict[str, list[str]] = defaultdict(list)
    for edge in document.edges:
        ways[edge["source"]["nodeId"]].append(edge["target"]["nodeId"])
    waiting = [node["id"] for node in document.nodes if node["type"] == "trigger"]
    seen = set(waiting)
    while waiting:
        for following in ways[waiting.pop()]:
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return frozenset(seen)


def cycles(document: Document) -> dict[int, tuple[str, ...]]:
    """One cycle for each knot of nodes that lead back to themselves, loop edges aside.

    The key is the index of the edge drawn last in the knot; the value names the nodes on the way, the first again at
    the end. Breaking each cycle found, and asking again, ends with none.
    """
    ways: dict[str, list[str]] = defaultdict(list)
    for edge in document.edges:
        if "loop" not in edge:
            ways[edge["source"]["nodeId"]].append(edge["target"]["nodeId"])
    knot = _components([node["id"] for node in document.nodes], ways)
    closing: dict[int, int] = {}
    for index, edge in enumerate(document.edges):
        source, target = edge["source"]["nodeId"], edge["target"]["nodeId"]
        # Inside one strongly connected component every edge lies on a cycle.
        if "loop" not in edge and knot[source] == knot[target]:
            closing[knot[source]] = index
    return {
        index: _way_round(document.edges[index]["source"]["nodeId"], document.edges[index]["target"]["nodeId"], ways)
        for index in closing.values()
    }


def _way_round(source: str, target: str, ways: dict[str, list[str]]) -> tuple[str, ...]:
    """The way from source over the edge to target, and the shortest from there back to source."""
    came: dict[str, str] = {}
    queue = [target]
    for node in queue:
        if node == source:
            break
        for following in ways[node]:
            if following != target and following not in came:
                came[following] = node
                queue.append(following)
    back = [source]
    while back[-1] != target:
        back.append(came[back[-1]])
    return (source, *reversed(back))


def _components(nodes: list[str], ways: dict[str, list[str]]) -> dict[str, int]:
    """Tarjan's strongly connected components, without recursion: a draft may be a chain of thousands."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    component: dict[str, int] = {}
    stack: list[str] = []
    for root in nodes:
        if root in order:
            continue
        work = [(root, iter(ways[root]))]
        order[root] = low[root] = len(order)
        stack.append(root)
        while work:
            node, following = work[-1]
            for next_node in following:
                if next_node not in order:
                    order[next_node] = low[next_node] = len(order)
                    stack.append(next_node)
                    work.append((next_node, iter(ways[next_node])))
                    break
                if next_node not in component:
                    low[node] = min(low[node], order[next_node])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    while True:
                        member = stack.pop()
                        component[member] = order[node]
                        if member == node:
                            break
    return component
