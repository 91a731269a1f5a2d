"""The soak's oracle objects to each thing it is there for, and to nothing else."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _load() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "soak" / "oracle.py"
    spec = importlib.util.spec_from_file_location("soak_oracle", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


oracle: Any = _load()


def event(number: int, kind: str, **payload: Any) -> dict[str, Any]:
    return {"id": f"e{number}", "sequence": number, "type": kind, "payload": payload}


def good() -> Any:
    """One run: a trigger, a node that a crash made run again, a skipped one."""
    events = [
        event(1, "execution.started", status="running"),
        event(2, "chunk.started", nodeId="n1", status="running"),
        event(3, "runtime.output", stream="custom", data={"kind": "skip", "nodeId": "n2", "activationId": "a2"}),
        event(
            4,
            "runtime.output",
            stream="custom",
            data={"kind": "retry", "nodeId": "n1", "activationId": "a1", "recovered": True},
        ),
        event(5, "chunk.completed", nodeId="n1", status="succeeded"),
        event(6, "execution.completed", status="succeeded"),
    ]
    journal = [oracle.Outcome("a2", "n2", "skipped", 1, 100), oracle.Outcome("a1", "n1", "succeeded", 2, 200)]
    execution = oracle.Execution("x", "succeeded", {"Result": 1}, frozenset({"mine"}), journal, events)
    return oracle.Facts(
        accepted=[oracle.Accepted("x", "mine", frozenset({"succeeded"}), {"Result": 1})],
        executions={"x": execution},
        effects=[oracle.Effect("x", "a1", 1, "a1", 50), oracle.Effect("x", "a1", 1, "a1", 150)],
        clients=[("x", "sse", [each["id"] for each in events])],
        project_events=[("execution.started", "x"), ("execution.completed", "x")],
    )


def test_a_run_that_kept_every_promise_is_not_objected_to() -> None:
    assert oracle.violations(good()) == []


def _lost(facts: Any) -> Any:
    return replace(facts, executions={})


def _still_running(facts: Any) -> Any:
    facts.executions["x"].status = "running"
    return facts


def _wrong_outputs(facts: Any) -> Any:
    facts.executions["x"].outputs = {"Result": 2}
    return facts


def _there_twice(facts: Any) -> Any:
    facts.executions["y"] = replace(facts.executions["x"], id="y")
    return facts


def _second_outcome(facts: Any) -> Any:
    facts.executions["x"].journal.append(oracle.Outcome("a1", "n1", "succeeded", 3, 300))
    return facts


def _no_chunk_event(facts: Any) -> Any:
    del facts.executions["x"].events[4]
    return facts


def _gap(facts: Any) -> Any:
    facts.executions["x"].events[3]["sequence"] = 9
    return facts


def _after_the_end(facts: Any) -> Any:
    facts.executions["x"].events.append(event(7, "log", level="info", message="late"))
    return facts


def _effect_after_outcome(facts: Any) -> Any:
    return replace(facts, effects=[*facts.effects[:1], oracle.Effect("x", "a1", 1, "a1", 201)])


def _ran_again_without_a_crash(facts: Any) -> Any:
    return replace(facts, effects=[*facts.effects, oracle.Effect("x", "a1", 1, "a1", 160)])


def _another_key(facts: Any) -> Any:
    return replace(facts, effects=[*facts.effects[:1], oracle.Effect("x", "a1", 1, "other", 60)])


def _unknown_activation(facts: Any) -> Any:
    return replace(facts, effects=[*facts.effects, oracle.Effect("x", "a9", 1, "a9", 60)])


def _looped() -> Any:
    """One node in two rounds of a loop, an approval two answered at once, and a schedule."""
    events = [event(1, "execution.started", status="running")]
    for number in (0, 1):
        for kind, status in (("chunk.started", "running"), ("chunk.completed", "succeeded")):
            events.append(event(len(events) + 1, kind, nodeId="n1", status=status))
            told = {"kind": "detail", "nodeId": "n1", "scope": f"n1:{number}", "eventId": events[-1]["id"]}
            events.append(event(len(events) + 1, "runtime.output", stream="custom", data=told))
    events.append(event(len(events) + 1, "execution.completed", status="succeeded"))
    journal = [oracle.Outcome(f"a{n}", "n1", "succeeded", n + 1, 100, f"n1:{n}") for n in (0, 1)]
    execution = oracle.Execution("x", "succeeded", {}, frozenset({"mine"}), journal, events)
    return oracle.Facts(
        accepted=[oracle.Accepted("x", "mine", frozenset({"succeeded"}), {})],
        executions={"x": execution},
        effects=[],
        clients=[],
        answers=[("w", [(200, {"who": 1}), (409, {"who": 1})])],
        fires=[(7, ["x"]), (8, ["y"])],
    )


def test_rounds_answers_and_minutes_that_are_right_are_not_objected_to() -> None:
    assert oracle.violations(_looped()) == []


def _same_round_twice(facts: Any) -> Any:
    facts.executions["x"].journal[1] = replace(facts.executions["x"].journal[1], scope="n1:0")
    return facts


@pytest.mark.parametrize(
    "broken",
    [
        _same_round_twice,
        lambda facts: replace(facts, answers=[("w", [(200, {"who": 1}), (200, {"who": 2})])]),
        lambda facts: replace(facts, answers=[("w", [(409, {"who": 1}), (409, {"who": 1})])]),
        lambda facts: replace(facts, answers=[("w", [(200, {"who": 1}), (409, {"who": 2})])]),
        lambda facts: replace(facts, fires=[(7, ["x"]), (9, ["y"])]),
        lambda facts: replace(facts, fires=[(7, ["x", "y"]), (8, ["z"])]),
        lambda facts: replace(facts, fires=[(7, []), (8, ["z"])]),
    ],
)
def test_of_rounds_answers_and_minutes_each_broken_promise_is_objected_to(broken: Callable[[Any], Any]) -> None:
    assert oracle.violations(broken(_looped()))


def _client(change: Callable[[list[str]], list[str]]) -> Callable[[Any], Any]:
    def changed(facts: Any) -> Any:
        (execution_id, how, ids), *_ = facts.clients
        return replace(facts, clients=[(execution_id, how, change(list(ids)))])

    return changed


def _told_twice(facts: Any) -> Any:
    return replace(facts, project_events=[*facts.project_events, ("execution.started", "x")])


def _end_not_told(facts: Any) -> Any:
    return replace(facts, project_events=facts.project_events[:1])


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (_lost, "is not there"),
        (_still_running, "is running"),
        (_wrong_outputs, "expected"),
        (_there_twice, "there 2 times"),
        (_second_outcome, "several outcomes"),
        (_no_chunk_event, "without one start and one end"),
        (_gap, "numbered"),
        (_after_the_end, "its events go from"),
        (_effect_after_outcome, "after its outcome"),
        (_ran_again_without_a_crash, "ran 3 times with 1"),
        (_another_key, "2 idempotency keys"),
        (_unknown_activation, "no outcome"),
        (_client(lambda ids: ids[1:]), "missed ['e1']"),
        (_client(lambda ids: [*ids, ids[0]]), "got twice ['e1']"),
        (_client(lambda ids: [ids[1], ids[0], *ids[2:]]), "missed []"),
        (_told_twice, "told execution.started 2 times"),
        (_end_not_told, "not told of its end"),
    ],
)
def test_each_broken_promise_is_objected_to(broken: Callable[[Any], Any], says: str) -> None:
    found = oracle.violations(broken(good()))
    assert any(says in line for line in found), found
