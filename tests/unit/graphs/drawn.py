"""Draw the flows of a seed: loops in loops, sub-flows of every mode that may run themselves, waits of every kind,
errors, retries, joins and channels, anywhere.

Half of the graphs are *orderly*: whatever order things end in, they must end the same. There an input has one edge, a
loop has one way out, its last node, to which all of its body leads, what may fail has its error port wired, and what
expires is never answered. The others, *wild*, have everything: of them only a given order gives a given end.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from triggerflow_chassis.loops import find_loops

FLOWS = 3
Node = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """The flows of a seed; the first is the run's own."""

    seed: int
    orderly: bool
    flows: tuple[dict[str, Any], ...]
    inputs: Mapping[str, Any]
    options: Mapping[str, Any]
    timed: bool
    """It has limits of time that a restart moves, so that a restart may change the order of what happens."""


def drawn(seed: int) -> Drawn:
    """The flows of a seed."""
    rng = random.Random(seed)
    orderly = seed % 2 == 0
    limited = not orderly and rng.random() < 0.05
    sizes = (rng.randint(4, 12), rng.randint(2, 6), rng.randint(2, 5))
    makers = [_Flow(rng, number, size, orderly) for number, size in enumerate(sizes)]
    return Drawn(
        seed=seed,
        orderly=orderly,
        flows=tuple(maker.drawn() for maker in makers),
        inputs={"items": rng.choice([[0, 1, 2], [1], []]), "n": rng.randint(0, 3)},
        options={"timeoutSeconds": rng.randint(1, 4_000)} if limited else {},
        timed=limited or (not orderly and any(maker.timed for maker in makers)),
    )


@dataclass
class _Flow:
    rng: random.Random
    number: int
    size: int
    orderly: bool
    timed: bool = False
    edges: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.prefix = "abc"[self.number]
        self.spans = self._spans(1, self.size) if self.rng.random() < 0.7 else []
        if self.orderly:
            lasts = [last for _, last in self.spans]
            self.spans = [span for span in self.spans if lasts.count(span[1]) == 1]
        self.lasts = {last: first for first, last in self.spans}
        ports = (
            {"ports": {"outputs": [{"key": key, "label": ""} for key in ("out", "items")]}} if not self.number else {}
        )
        manual = {"entrypoint": "core:manual", "config": {}}
        self.nodes: list[Node] = [_node(f"{self.prefix}t", "trigger", manual, **ports)]
        self.recursion: tuple[int, int] | None = None
        for place in range(1, self.size + 1):
            self.nodes.append(self._step(place))

    def drawn(self) -> dict[str, Any]:
        for target in range(1, self.size + 1):
            self._wire_inputs(target)
        if self.orderly:
            self._close_loops()
        else:
            self._back_edges()
        self._outputs()
        edges = _sound(self.edges)
        channels = self._channels(edges)
        return {
            "name": self.prefix,
            "description": "",
            "nodes": self.nodes,
            "edges": edges,
            "channels": channels,
            "settings": {},
        }

    # Nodes.

    def _step(self, place: int) -> Node:
        rng, name = self.rng, f"{self.prefix}{place}"
        joins = ["all", "all", "strict"] if self.orderly else ["all", "all", "strict", "any"]
        inputs = [f"i{number}" for number in range(rng.choice([1, 1, 2, 2, 3]))]
        more: dict[str, Any] = {"annotations": {"join": rng.choice(joins)}}
        if self.orderly and place in self.lasts:
            return _node(name, "condition", _handler("turn"), ports=self._ports(inputs, None), **more)
        kind = rng.random()
        if kind < 0.2 and (self.number + 1 < FLOWS or self._may_recur(place)):
            return self._subflow(place, name, **more)
        if kind < 0.45:
            return self._wait(name, inputs, **more)
        if kind < 0.6:
            handler = _handler(rng.choice(["decides", "choose"]))
            return _node(name, "condition", handler, ports=self._ports(inputs, None), **more)
        return self._action(name, inputs, **more)

    def _action(self, name: str, inputs: list[str], **more: Any) -> Node:
        rng = self.rng
        kind = rng.choice(["pure", "pure", "list", "list", "work", "work", "fails", "fails", "stubborn", "stuck"])
        outputs = rng.choice([None, None, ["out", "more"]]) if kind in ("pure", "work") else None
        handler = _handler(kind)
        if kind == "fails":
            backoff = rng.choice([0, 1, 2, 30, 600])
            handler["retries"] = {"maxAttempts": rng.randint(1, 3), "backoffSeconds": backoff}
        if kind == "stuck":
            if rng.random() < 0.6:  # a limit of each attempt; the rest ends late, cancelled or by itself
                handler["timeoutSeconds"] = rng.choice([1, 20, 700])
                self.timed = True
            else:
                handler["config"]["kind"] = "work"
        handlers = {"main": handler}
        if kind in ("fails", "stuck") and rng.random() < 0.25 and self._may_handle(handler):
            handlers["onError"] = _handler("onError")
        return _node(name, "action", handlers, ports=self._ports(inputs, outputs), **more)

    def _wait(self, name: str, inputs: list[str], **more: Any) -> Node:
        rng = self.rng
        kind = rng.choice(["approval", "approval", "timer", "event", "event"])
        config: dict[str, Any] = {}
        handler: dict[str, Any] = {"entrypoint": f"core:{kind}", "config": config}
        outputs: list[str] | None = None
        if kind == "approval":
            outputs = ["approved", "rejected", "timeout"]
            if rng.random() < 0.4:
                config["expiresSeconds"] = rng.randint(1, 5_000)
            if rng.random() < 0.2:
                config["assignees"] = ["anna", "otto"]
        elif kind == "timer":
            config["seconds"] = rng.choice([0, rng.randint(1, 5_000), rng.randint(1, 20)])
            if rng.random() < 0.1:
                config = handler["config"] = {"until": rng.choice(["2020-01-01T00:00:00Z", "2026-12-01T00:00:00Z"])}
        else:
            # Of one name and key there may be several, in any scope. "by" makes a key of the inputs.
            config |= {"name": rng.choice(["x", "y"]), "key": rng.choice(["k", "l", "by"])}
        if rng.random() < 0.15 and "until" not in config:
            if kind == "event":
                config["name"] = f"never {name}"
            handler["timeoutSeconds"] = rng.randint(1, 4_000)
        elif rng.random() < 0.05:
            handler["config"] = {"until": "some day"} if kind == "timer" else {"schema": {"type": 1}}
            handler["entrypoint"] = "core:timer" if kind == "timer" else "core:approval"
            outputs = None if kind == "timer" else ["approved", "rejected", "timeout"]
        handlers = {"main": handler}
        if rng.random() < 0.15 and self._may_handle(handler):
            handlers["onError"] = _handler("onError")
            # It holds for the handler of errors too, which begins anew where it is taken up.
            self.timed |= "timeoutSeconds" in handler
        return _node(name, "action", handlers, ports=self._ports(inputs, outputs), **more)

    def _may_handle(self, handler: Mapping[str, Any]) -> bool:
        """A limit of time holds for the handler of errors too, which it may overtake."""
        return not self.orderly or "timeoutSeconds" not in handler

    def _subflow(self, place: int, name: str, **more: Any) -> Node:
        rng = self.rng
        later = list(range(self.number + 1, FLOWS))
        recurs = self._may_recur(place) and (not later or rng.random() < 0.7)
        mode = "once" if recurs else rng.choice(["once", "forEach", "forEach", "while"])
        config = {
            "flowId": str(self.number if recurs else rng.choice(later)),
            "version": "1",
            "mode": mode,
            "concurrency": rng.randint(1, 3),
            "onItemError": "continue" if self.orderly else rng.choice(["stop", "continue"]),
            "maxIterations": rng.randint(1, 3),
            "while": "w",
        }
        handler: dict[str, Any] = {"entrypoint": "core:subflow", "config": config}
        if recurs:
            # Only behind a node that says no once it is deep: see `_wire_inputs`.
            self.recursion = (place - 1, place)
            self.nodes[place - 1]["handlers"]["main"] = _handler("deeper")
        elif not self.orderly and rng.random() < 0.08:
            handler["timeoutSeconds"] = rng.randint(1, 4_000)
            self.timed = True
        outputs = ["out", "errors"] if mode == "forEach" and rng.random() < 0.5 else ["out"]
        inputs = ["items"] if mode == "forEach" else ["input"]
        return _node(name, "subflow", handler, ports=self._ports(inputs, outputs, default=False), **more)

    def _may_recur(self, place: int) -> bool:
        """One node of a child may run its own flow, right behind a condition of the same loop."""
        if self.number == 0 or place < 2 or self.recursion is not None or place in self.lasts:
            return False
        before = self.nodes[place - 1]
        same = all((first < place <= last) == (first <= place - 1 <= last) for first, last in self.spans)
        return before["type"] == "condition" and same and place - 1 not in self.lasts

    def _ports(self, inputs: list[str], outputs: list[str] | None, *, default: bool = True) -> dict[str, Any]:
        ports: dict[str, Any] = {"inputs": [{"key": key, "label": "", "type": "any"} for key in inputs]}
        for port in ports["inputs"]:
            if default and self.rng.random() < 0.3:
                port["default"] = self.rng.randint(0, 4)
        if outputs is not None:
            ports["outputs"] = [{"key": key, "label": ""} for key in outputs]
        return ports

    # Edges.

    def _wire_inputs(self, target: int) -> None:
        """From what comes before, entering loops at their headers only."""
        rng = self.rng
        if self.recursion is not None and self.recursion[1] == target:
            self._wire(self.recursion[0], "true", target, "input")
            return
        sources = self._sources(target)
        for place, key in enumerate(_inputs(self.nodes[target])):
            counts = [1, 1, 2] if place == 0 else [0, 1, 1]
            for _ in range(min(1, rng.choice(counts)) if self.orderly else rng.choice(counts)):
                fit = [one for one in sources if _gives_list(self.nodes[one])] if key == "items" else []
                source = rng.choice(fit if fit and rng.random() < 0.95 else sources)
                port = "items" if key == "items" and source in fit and not source else self._port(source, target)
                self._wire(source, port, target, key)

    def _sources(self, target: int) -> list[int]:
        first = max([first for first, last in self.spans if first < target <= last], default=0)
        return [place for place in range(first, target) if not self.orderly or self._may_leave(place, target)]

    def _may_leave(self, source: int, target: int) -> bool:
        """Loops are left at their last node only."""
        left = [last for first, last in self.spans if first <= source <= last and not first <= target <= last]
        return all(last == source for last in left)

    def _port(self, source: int, target: int) -> str:
        """One of the source's; the one that goes on, where the source closes a loop."""
        node = self.nodes[source]
        if self.orderly and source in self.lasts:
            return "false"
        ports = [port for port in _outputs(node) if port != "error" or node["type"] in ("action", "subflow")]
        if node["handlers"].get("main", {}).get("config", {}).get("kind") not in ("fails", "stuck"):
            ports = [port for port in ports if port != "error"] * 3 + ports
        return self.rng.choice(ports)

    def _wire(self, source: int, port: str, target: int, key: str, **more: Any) -> None:
        ends = (self.nodes[source]["id"], port, self.nodes[target]["id"], key)
        if all(edge["id"] != "->".join(ends) for edge in self.edges):
            edge = {"source": {"nodeId": ends[0], "port": port}, "target": {"nodeId": ends[2], "port": key}}
            self.edges.append({"id": "->".join(ends), **edge, **more})

    def _back_edges(self) -> None:
        for first, last in self.spans:
            for _ in range(self.rng.choice([1, 1, 2])):
                loop: dict[str, Any] = {"maxIterations": self.rng.choice([1, 2, 3, 5, 5])}
                if self.rng.random() < 0.4:
                    loop["while"] = self.rng.choice(["x", "y"])
                source = self.rng.randint(first, last)
                port = self.rng.choice(_outputs(self.nodes[source]))
                self._wire(source, port, first, self.rng.choice(_inputs(self.nodes[first])), loop=loop)

    def _close_loops(self) -> None:
        """All of a body leads to its last node, which goes back or out; what may fail leads on too."""
        for first, last in sorted(self.spans, key=lambda span: span[1]):
            for place in range(first, last):
                if not self._leads_on(place, first, last) and self._may_leave(place, last):
                    self._add(place, last)
            self._wire(last, "true", first, self.rng.choice(_inputs(self.nodes[first])), loop={"maxIterations": 6})
        for place in range(1, self.size + 1):
            node = self.nodes[place]
            if node["type"] not in ("action", "subflow") or self._wired(place, "error"):
                continue
            inside = [last for first, last in self.spans if first <= place <= last]
            if inside:
                self._add(place, min(inside), "error")
            else:
                self._put_out(place, "error")

    def _leads_on(self, place: int, first: int, last: int) -> bool:
        within = {self.nodes[one]["id"] for one in range(place + 1, last + 1)}
        mine = self.nodes[place]["id"]
        return any(edge["source"]["nodeId"] == mine and edge["target"]["nodeId"] in within for edge in self.edges)

    def _add(self, source: int, target: int, port: str | None = None) -> None:
        """An input of its own for it."""
        key = f"s{source}" if port is None else f"e{source}"
        self.nodes[target]["ports"]["inputs"].append({"key": key, "label": "", "type": "any"})
        self._wire(source, port or self._port(source, target), target, key)

    def _wired(self, place: int, port: str) -> bool:
        end = {"nodeId": self.nodes[place]["id"], "port": port}
        return any(edge["source"] == end for edge in self.edges)

    def _outputs(self) -> None:
        if not self.orderly:
            for _ in range(self.rng.randint(1, 3)):
                source = self.rng.randint(0, self.size)
                self._put_out(source, self.rng.choice(_outputs(self.nodes[source])))
            for place in range(1, self.size + 1):
                if self.nodes[place]["type"] in ("action", "subflow") and self.rng.random() < 0.6:
                    self._put_out(place, "error")
            return
        for place in range(self.size + 1):
            if any(first <= place <= last and place != last for first, last in self.spans):
                continue
            if sum(first <= place <= last for first, last in self.spans) > 1:
                continue
            if self.rng.random() < 0.6:
                self._put_out(place, self._port(place, self.size + 1))

    def _put_out(self, source: int, port: str) -> None:
        name = f"{self.prefix}o{len(self.nodes)}"
        self.nodes.append({**_node(name, "output", {}), "handlers": {}})
        self._wire(source, port, len(self.nodes) - 1, "input")

    def _channels(self, edges: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Some edges are channels instead, some of these told to the project too."""
        channels: list[dict[str, Any]] = []
        while len(edges) > 3 and self.rng.random() < 0.25:
            forward = [place for place, edge in enumerate(edges) if "loop" not in edge]
            if not forward:
                break
            edge = edges.pop(self.rng.choice(forward))
            ends = {"publishers": [edge["source"]], "subscribers": [edge["target"]]}
            shared = {"shared": True} if self.rng.random() < 0.5 else {}
            name = f"{self.prefix} channel {len(channels)}"
            channels.append({"id": name, "name": name, **ends, **shared})
        return channels

    def _spans(self, first: int, last: int) -> list[tuple[int, int]]:
        """Intervals of places, each apart from or inside another, no two with one beginning."""
        if first > last or self.rng.random() < 0.25:
            return []
        begin = self.rng.randint(first, last)
        end = self.rng.randint(begin, min(last, begin + 4))
        return [(begin, end), *self._spans(begin + 1, end), *self._spans(end + 1, last)]


def _sound(edges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the back edges that close nothing, because nothing leads from the header to their source."""
    while problems := find_loops(edges).problems:
        lost = {problem.edge for problem in problems}
        edges = [edge for place, edge in enumerate(edges) if place not in lost]
    return edges


def _handler(kind: str) -> dict[str, Any]:
    return {"entrypoint": f"drawn:{kind}", "config": {"kind": kind}}


def _node(name: str, kind: str, handler: Mapping[str, Any], **members: Any) -> Node:
    handlers = handler if "main" in handler else {"main": dict(handler)}
    return {"id": name, "type": kind, "name": name, "handlers": handlers, "position": {"x": 0, "y": 0}, **members}


def _inputs(node: Mapping[str, Any]) -> list[str]:
    return [port["key"] for port in node.get("ports", {}).get("inputs", [{"key": "input"}])]


def _outputs(node: Mapping[str, Any]) -> list[str]:
    if node["type"] == "condition":
        return ["true", "false"]
    declared = [port["key"] for port in node.get("ports", {}).get("outputs", [{"key": "out"}])]
    return [*declared, *declared, "error"] if node["type"] in ("action", "subflow") else declared


def _gives_list(node: Mapping[str, Any]) -> bool:
    if node["type"] == "trigger":
        return "ports" in node
    return bool(node["handlers"].get("main", {}).get("config", {}).get("kind") == "list")


def every_node(drawn: Drawn) -> Iterator[Node]:
    """Of all its flows."""
    for flow in drawn.flows:
        yield from flow["nodes"]
