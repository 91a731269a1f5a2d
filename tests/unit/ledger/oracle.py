"""Say what CONTRACT section 3 "Tokens" makes of a run so far, in another way than the ledger.

The ledger moves one token at a time and remembers. This remembers nothing: given the activations that have ended, in
their order, it asks of each node, backwards through the flow, when its tokens arrived and when it was skipped. It reads
the blueprint itself, so it does not share the plan's mistakes either. Slow, and plainly so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

Ended = Sequence[tuple[str, Mapping[str, Any]]]


class Moment(NamedTuple):
    """When a token arrived: with the end of which activation; directly or by a skip it caused; over which edge."""

    end: int
    by_skip: bool
    edge: int


AT_THE_START = Moment(-1, False, 0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The inputs of every node that has got ready by now, the skipped nodes, the edges whose live tokens were lost."""

    ready: Mapping[str, Mapping[str, Any]]
    skipped: frozenset[str]
    dropped: frozenset[str]
    # Nodes that ran although a wired port of theirs was dead.
    dead_arms: int


class Oracle:
    """The rules applied to one blueprint."""

    def __init__(self, blueprint: Mapping[str, Any]) -> None:
        self.nodes = {node["id"]: node for node in blueprint["nodes"]}
        self.edges = list(blueprint["edges"])
        # By node and port: the edges that end there.
        self.into: dict[str, dict[str, list[int]]] = {name: {} for name in self.nodes}
        for place, edge in enumerate(self.edges):
            self.into[edge["target"]["nodeId"]].setdefault(edge["target"]["port"], []).append(place)

    def merges(self) -> int:
        """How many ports several edges end at."""
        return sum(len(places) > 1 for ports in self.into.values() for places in ports.values())

    def verdict(self, fired: Sequence[str], ended: Ended) -> Verdict:
        """What holds once these activations, fired triggers among them, have ended in this order."""
        lit = dict(ended)
        end = {name: number for number, (name, _) in enumerate(ended)}

        @cache
        def live(place: int) -> Moment | None:
            """When a live token arrived over the edge."""
            source = self.edges[place]["source"]
            if source["port"] not in lit.get(source["nodeId"], ()):
                return None
            return Moment(end[source["nodeId"]], False, place)

        @cache
        def dead(place: int) -> Moment | None:
            """When a dead token arrived over the edge."""
            name = self.edges[place]["source"]["nodeId"]
            if name in lit:
                return None if live(place) else Moment(end[name], False, place)
            skip = skipped(name)
            return skip and Moment(skip.end, True, place)

        @cache
        def skipped(name: str) -> Moment | None:
            """When the node was skipped: at its first dead port where strict, else when the last of all ports died."""
            if name in fired:
                return None
            if not self.into[name]:
                return AT_THE_START
            deaths = [all_of(dead(place) for place in places) for places in self.into[name].values()]
            known = [death for death in deaths if death is not None]
            return min(known, default=None) if self._join(name) == "strict" else all_of(deaths)

        def first_live(places: Iterable[int]) -> int | None:
            return min((place for place in places if live(place)), key=lambda place: live(place) or (), default=None)

        ready: dict[str, Mapping[str, Any]] = {}
        dropped: set[str] = set()
        dead_arms = 0
        for name, ports in self.into.items():
            kept = {port: place for port, places in ports.items() if (place := first_live(places)) is not None}
            if self._join(name) == "any":
                winner = first_live(kept.values())
                kept = {port: place for port, place in kept.items() if place == winner}
                runs = bool(kept)
            else:
                unsettled = [p for p, places in ports.items() if p not in kept and not all(map(dead, places))]
                runs = bool(kept) and not unsettled and not skipped(name)
            if runs:
                ready[name] = self._inputs(name, {port: self._value(place, lit) for port, place in kept.items()})
                dead_arms += any(all(map(dead, places)) for places in ports.values())
            for place in (place for places in ports.values() for place in places):
                arrived, skip = live(place), skipped(name)
                if arrived and (place not in kept.values() or (skip and skip < arrived)):
                    dropped.add(self.edges[place]["id"])
        return Verdict(ready, frozenset(name for name in self.nodes if skipped(name)), frozenset(dropped), dead_arms)

    def _join(self, name: str) -> str:
        return str(self.nodes[name].get("annotations", {}).get("join", "all"))

    def _value(self, place: int, lit: Mapping[str, Mapping[str, Any]]) -> Any:
        source = self.edges[place]["source"]
        return lit[source["nodeId"]][source["port"]]

    def _inputs(self, name: str, taken: Mapping[str, Any]) -> dict[str, Any]:
        declared = self.nodes[name].get("ports", {}).get("inputs", [{"key": "input"}])
        values = {port["key"]: port["default"] for port in declared if "default" in port} | dict(taken)
        return {port["key"]: values[port["key"]] for port in declared if port["key"] in values}


def all_of(moments: Iterable[Moment | None]) -> Moment | None:
    """The last of the moments, None where one has not come."""
    last = AT_THE_START
    for moment in moments:
        if moment is None:
            return None
        last = max(last, moment)
    return last
