"""Find the loops of a graph from its back edges, and say which of them cannot run.

Pure; no I/O. Registry and orchestrator share these rules, so that what was published is what runs. A back edge carries
`loop: {maxIterations, while?}`. All back edges to one node, the header, make one loop. Its body is the header, and
what the header reaches without passing itself again and what so reaches the source of a back edge. Edges may enter a
body at its header only.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

MOST_ITERATIONS: Final = 1_000_000


class Loop(NamedTuple):
    """One loop. `backs` are places in the flow's edges, in their order; the header is part of `body`."""

    header: str
    body: frozenset[str]
    backs: tuple[int, ...]


class LoopProblem(NamedTuple):
    """Why a graph's loops cannot run: the edge at fault, a pointer inside it, and a sentence with the remedy."""

    edge: int
    pointer: str
    message: str


class Loops(NamedTuple):
    """The loops, outer ones before those inside them, and what is wrong with them. Where something is, do not run."""

    loops: tuple[Loop, ...]
    problems: tuple[LoopProblem, ...]


def find_loops(edges: Sequence[Mapping[str, Any]], names: Mapping[str, str] | None = None) -> Loops:
    """The loops that these edges (`{source: {nodeId}, target: {nodeId}, loop?}`) make.

    `names` are what messages call nodes, by id; without, their ids.
    """
    backs: dict[str, list[int]] = {}
    for place, edge in enumerate(edges):
        if edge.get("loop") is not None:
            backs.setdefault(edge["target"]["nodeId"], []).append(place)
    if not backs:
        return Loops((), ())
    ahead: dict[str, list[str]] = defaultdict(list)
    behind: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        ahead[edge["source"]["nodeId"]].append(edge["target"]["nodeId"])
        behind[edge["target"]["nodeId"]].append(edge["source"]["nodeId"])
    called = names or {}
    loops: list[Loop] = []
    problems: list[LoopProblem] = []
    for header, places in backs.items():
        forth = _reached([header], ahead, without=header)
        sources = [edges[place]["source"]["nodeId"] for place in places]
        back = _reached([source for source in sources if source != header], behind, without=header)
        body = frozenset(forth & back) | {header}
        for place, source in zip(places, sources, strict=True):
            problems.extend(_of_back_edge(place, edges[place]["loop"]))
            if source not in body:
                here, there = called.get(header, header), called.get(source, source)
                message = (
                    f"This edge goes back to {here!r}, but nothing leads from there to {there!r}: it closes no loop. "
                    "Take `loop` away from it, or draw it from a node behind its target."
                )
                problems.append(LoopProblem(place, "", message))
        loops.append(Loop(header, body, tuple(places)))
    loops.sort(key=lambda loop: -len(loop.body))
    problems.extend(_entries(edges, loops, called))
    problems.extend(_tangles(loops, called, already={problem.edge for problem in problems}))
    return Loops(tuple(loops), tuple(sorted(problems)))


def _reached(starts: Iterable[str], ways: Mapping[str, list[str]], *, without: str) -> set[str]:
    """What the starts lead to, themselves included, and no way going through `without`."""
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        for following in ways.get(waiting.pop(), ()):
            if following not in seen and following != without:
                seen.add(following)
                waiting.append(following)
    return seen


def _of_back_edge(place: int, loop: Any) -> Iterator[LoopProblem]:
    known = loop if isinstance(loop, Mapping) else {}
    most = known.get("maxIterations")
    if (
        isinstance(most, bool)
        or not isinstance(most, int | float)
        or most != int(most)
        or not 1 <= most <= MOST_ITERATIONS
    ):
        message = f"A loop needs maxIterations, a whole number from 1 to {MOST_ITERATIONS}."
        yield LoopProblem(place, "/loop/maxIterations", message)
    condition = known.get("while")
    if condition is not None and (not isinstance(condition, str) or not condition.strip()):
        yield LoopProblem(place, "/loop/while", "`while` is a CEL expression over the inputs of the loop's first node.")
    for key in known.keys() - {"maxIterations", "while"}:
        yield LoopProblem(place, f"/loop/{key}", f"A loop has maxIterations and while, and nothing called {key!r}.")


def _entries(
    edges: Sequence[Mapping[str, Any]], loops: Sequence[Loop], called: Mapping[str, str]
) -> Iterator[LoopProblem]:
    for loop in loops:
        for place, edge in enumerate(edges):
            source, target = edge["source"]["nodeId"], edge["target"]["nodeId"]
            if target in loop.body and target != loop.header and source not in loop.body:
                header, entry = called.get(loop.header, loop.header), called.get(target, target)
                message = (
                    f"The loop at {header!r} has two entries: this edge enters it at {entry!r}. "
                    f"Lead it to {header!r}, or take {entry!r} out of the loop."
                )
                yield LoopProblem(place, "", message)


def _tangles(loops: Sequence[Loop], called: Mapping[str, str], already: set[int]) -> Iterator[LoopProblem]:
    for at, outer in enumerate(loops):
        for inner in loops[at + 1 :]:
            if (
                outer.body & inner.body
                and not inner.body <= outer.body - {outer.header}
                and inner.backs[0] not in already
            ):
                one, other = called.get(outer.header, outer.header), called.get(inner.header, inner.header)
                message = (
                    f"The loops at {one!r} and {other!r} share nodes, and neither lies inside the other. "
                    "Give each node to one of them."
                )
                yield LoopProblem(inner.backs[0], "", message)
