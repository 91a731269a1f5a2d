"""The flows of the soak, as documents, and what a run of each must end with."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LARGE_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Kind:
    """A flow, and how its runs end."""

    name: str
    document: Mapping[str, Any]
    expected: frozenset[str]
    outputs: Mapping[str, Any] | None


class _Drawing:
    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.edges: list[dict[str, Any]] = []
        self.ids: dict[str, str] = {}

    def node(self, name: str, kind: str, entrypoint: str | None = None, **more: Any) -> None:
        self.ids[name] = str(uuid.uuid4())
        main: dict[str, Any] = {"entrypoint": entrypoint, "config": more.pop("config", {})}
        if "retries" in more:
            main["retries"] = more.pop("retries")
        self.nodes.append(
            {
                "id": self.ids[name],
                "type": kind,
                "name": name,
                "position": {"x": 240 * len(self.nodes), "y": 0},
                "handlers": {"main": main} if entrypoint else {},
                **more,
            }
        )

    def edge(self, source: str, target: str, port: str = "out", into: str = "input") -> None:
        self.edges.append(
            {
                "id": str(uuid.uuid4()),
                "source": {"nodeId": self.ids[source], "port": port},
                "target": {"nodeId": self.ids[target], "port": into},
            }
        )


def _inputs(*keys: str) -> dict[str, Any]:
    return {"inputs": [{"key": key, "label": key, "type": "any"} for key in keys]}


def kinds(dice: random.Random) -> list[Kind]:
    """Everything at once: fan-out, a join with an untaken arm, retries, an error port, a large value; and a failure."""
    return [_everything(dice), _failing(dice)]


def _work(drawing: _Drawing, dice: random.Random, name: str, **more: Any) -> None:
    entrypoint = dice.choice(["soak_handlers.work", "soak_handlers.work_async"])
    config = {"name": name, "seconds": round(dice.uniform(0.05, 0.9), 3)}
    drawing.node(name, "action", entrypoint, config=config, **more)


def _everything(dice: random.Random) -> Kind:
    drawing = _Drawing()
    drawing.node("start", "trigger", "core:manual")
    _work(drawing, dice, "prepare")
    drawing.edge("start", "prepare")
    drawing.node("check", "condition", "core:condition", config={"expression": "input == 'somebody else'"})
    drawing.edge("prepare", "check")
    drawing.node("never", "action", "soak_handlers.fail")
    drawing.edge("check", "never", "true")
    _work(drawing, dice, "join", ports=_inputs("a", "b", "c", "dead"))
    for arm in ("a", "b", "c"):
        _work(drawing, dice, f"arm {arm}")
        drawing.edge("prepare", f"arm {arm}")
        drawing.edge(f"arm {arm}", "join", into=arm)
    drawing.edge("never", "join", into="dead")
    drawing.node("flaky", "action", "soak_handlers.flaky", retries={"maxAttempts": 3, "backoffSeconds": 1})
    drawing.edge("join", "flaky")
    drawing.node("large", "action", "soak_handlers.large", config={"bytes": LARGE_BYTES})
    drawing.edge("join", "large")
    drawing.node("measure", "action", "core:map", config={"expression": "$length(input)"})
    drawing.edge("large", "measure")
    drawing.node("failing", "action", "soak_handlers.fail")
    drawing.edge("measure", "failing")
    drawing.node("caught", "action", "core:map", config={"expression": "input.type"})
    drawing.edge("failing", "caught", "error")
    _work(drawing, dice, "last", ports=_inputs("tries", "why"))
    drawing.edge("flaky", "last", into="tries")
    drawing.edge("caught", "last", into="why")
    for name, source in (("Result", "last"), ("Length", "measure"), ("Why", "caught"), ("Tries", "flaky")):
        drawing.node(name, "output")
        drawing.edge(source, name)
    document = {"name": "Soak: everything", "nodes": drawing.nodes, "edges": drawing.edges}
    outputs = {"Result": "last", "Length": LARGE_BYTES, "Why": "ValueError", "Tries": 3}
    return Kind("everything", document, frozenset({"succeeded"}), outputs)


def _failing(dice: random.Random) -> Kind:
    drawing = _Drawing()
    drawing.node("start", "trigger", "core:manual")
    for name in ("one", "two"):
        _work(drawing, dice, name)
        drawing.edge("start", name)
    drawing.node("failing", "action", "soak_handlers.fail")
    drawing.edge("one", "failing")
    _work(drawing, dice, "beside")
    drawing.edge("two", "beside")
    drawing.node("Result", "output")
    drawing.edge("beside", "Result")
    document = {"name": "Soak: a failure nobody handles", "nodes": drawing.nodes, "edges": drawing.edges}
    return Kind("failing", document, frozenset({"failed"}), None)
