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
    share: float = 1.0
    """How often it is started, against the others."""
    approvals: int = 0
    """Answers one of its runs waits for."""


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

    def edge(self, source: str, target: str, port: str = "out", into: str = "input", **more: Any) -> None:
        self.edges.append(
            {
                "id": str(uuid.uuid4()),
                "source": {"nodeId": self.ids[source], "port": port},
                "target": {"nodeId": self.ids[target], "port": into},
                **more,
            }
        )

    def document(self, name: str) -> dict[str, Any]:
        return {"name": f"Soak: {name}", "nodes": self.nodes, "edges": self.edges}


def _inputs(*keys: str) -> dict[str, Any]:
    return {"inputs": [{"key": key, "label": key, "type": "any"} for key in keys]}


def kinds(dice: random.Random, child_id: str) -> list[Kind]:
    """Everything at once: fan-out, a join with an untaken arm, retries, an error port, a large value; a failure; loops,
    sub-flows of the published flow `child_id` inside a for-each, an approval beside a timer."""
    return [_everything(dice), _failing(dice), _looping(dice), _for_each(dice, child_id), _waiting(dice)]


def child(dice: random.Random) -> dict[str, Any]:
    """What `_for_each` runs for each item: it works, and gives twice the number."""
    drawing = _Drawing()
    drawing.node("start", "trigger", "core:manual")
    _work(drawing, dice, "item")
    drawing.edge("start", "item")
    drawing.node("double", "action", "core:map", config={"expression": "n.item * 2"}, ports=_inputs("n", "after"))
    drawing.edge("start", "double", into="n")
    drawing.edge("item", "double", into="after")
    drawing.node("Twice", "output")
    drawing.edge("double", "Twice")
    return drawing.document("for each item")


def scheduled() -> dict[str, Any]:
    """Starts itself each minute; what a stop of everything made it miss, it catches up with."""
    drawing = _Drawing()
    config = {"cron": "* * * * *", "timeZone": "UTC", "missed": "all"}
    drawing.node("each minute", "trigger", "core:schedule", config=config)
    drawing.node("effect", "action", "soak_handlers.work", config={"name": "tick", "seconds": 0.2})
    drawing.edge("each minute", "effect")
    drawing.node("Result", "output")
    drawing.edge("effect", "Result")
    return drawing.document("scheduled")


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
    outputs = {"Result": "last", "Length": LARGE_BYTES, "Why": "ValueError", "Tries": 3}
    return Kind("everything", drawing.document("everything"), frozenset({"succeeded"}), outputs)


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
    return Kind("failing", drawing.document("a failure nobody handles"), frozenset({"failed"}), None, 0.3)


def _looping(dice: random.Random) -> Kind:
    """Three rounds, of which each works beside its counting."""
    drawing = _Drawing()
    drawing.node("start", "trigger", "core:manual")
    drawing.node("count", "action", "core:map", config={"expression": '{"n": $exists(input.n) ? input.n + 1 : 1}'})
    drawing.edge("start", "count")
    _work(drawing, dice, "round")
    drawing.edge("count", "round")
    drawing.node("on", "action", "core:map", config={"expression": "n"}, ports=_inputs("n", "after"))
    drawing.edge("count", "on", into="n")
    drawing.edge("round", "on", into="after")
    drawing.node("enough", "condition", "core:condition", config={"expression": "input.n >= 3"})
    drawing.edge("on", "enough")
    drawing.edge("enough", "count", "false", loop={"maxIterations": 5})
    drawing.node("Rounds", "output")
    drawing.edge("enough", "Rounds", "true")
    return Kind("looping", drawing.document("a loop"), frozenset({"succeeded"}), {"Rounds": {"n": 3}}, 0.5)


def _for_each(dice: random.Random, child_id: str) -> Kind:
    drawing = _Drawing()
    drawing.node("start", "trigger", "core:manual")
    drawing.node("list", "action", "core:map", config={"expression": "[1, 2, 3, 4, 5, 6]"})
    drawing.edge("start", "list")
    drawing.node("each", "subflow", "core:subflow", config={"flowId": child_id, "mode": "forEach", "concurrency": 3})
    drawing.edge("list", "each", into="items")
    drawing.node("Doubled", "output")
    drawing.edge("each", "Doubled")
    outputs = {"Doubled": [{"Twice": 2 * item} for item in range(1, 7)]}
    return Kind("for each", drawing.document("a for-each"), frozenset({"succeeded"}), outputs, 0.5)


def _waiting(dice: random.Random) -> Kind:
    drawing = _Drawing()
    drawing.node("start", "trigger", "core:manual")
    drawing.node("person", "action", "core:approval")
    drawing.edge("start", "person")
    drawing.node("clock", "action", "core:timer", config={"seconds": dice.randint(2, 6)})
    drawing.edge("start", "clock")
    _work(drawing, dice, "beside")
    drawing.edge("start", "beside")
    _work(drawing, dice, "then", ports=_inputs("answer", "clock", "beside"))
    drawing.edge("person", "then", "approved", into="answer")
    drawing.edge("clock", "then", into="clock")
    drawing.edge("beside", "then", into="beside")
    drawing.node("Result", "output")
    drawing.edge("then", "Result")
    document = drawing.document("an approval beside a timer")
    return Kind("waiting", document, frozenset({"succeeded"}), {"Result": "then"}, 0.7, approvals=1)
