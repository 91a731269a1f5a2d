"""What a rerun takes over: on random flows it is always a prefix the ledger accepts, and it ends as the run before.

The driver below is what a run does with a ledger: output nodes end at once, an unhandled failure ends the run.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from triggerflow_orchestrator.domain.compile_plan import compile_plan
from triggerflow_orchestrator.domain.ledger import SKIPPED, Entry, Ledger, Ready, Step, replay
from triggerflow_orchestrator.domain.plan import Plan
from triggerflow_orchestrator.domain.rerun import Decision, NotRun, Outcome, Place, Version, decide
from triggerflow_orchestrator.domain.value import Value, as_value, encode

from .flows import Scenario, blueprint, edge, node, scenario

GRAPHS = int(os.environ.get("LEDGER_GRAPHS", "600"))


@dataclass
class Ran:
    """One run: what its nodes were given, what its journal says, and what became of the ledger."""

    plan: Plan
    given: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    executed: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    dropped: int = 0
    failed: str | None = None
    skipped: frozenset[str] = frozenset()


class Driver:
    """Runs a plan; `lit` says what each node lights, `reused` what it need not do."""

    def __init__(self, plan: Plan, lit: Lit, reused: Iterable[Outcome] = ()) -> None:
        self.ledger = Ledger(plan)
        self.lit = lit
        self.reused = list(reused)
        self.ran = Ran(plan)
        self.running: list[str] = []

    def run(self, fired: Sequence[str], rng: random.Random) -> Ran:
        plan, ran = self.ran.plan, self.ran
        for name in fired:
            self._note(name, "succeeded", self.lit[name])
        self._follow(self.ledger.start({plan.index[name]: self.lit[name] for name in fired}))
        for outcome in self.reused:
            name = outcome.place.node_id
            if plan.nodes[plan.index[name]].is_trigger or plan.nodes[plan.index[name]].type == "output":
                assert name in fired or name in ran.given, f"{name} is reused and was not reached"
                continue
            assert name in self.running, f"{name} is reused and was not ready"
            self.running.remove(name)
            self._complete(name, outcome.status, outcome.lit)
        while self.running and ran.failed is None:
            name = self.running.pop(rng.randrange(len(self.running)))
            ran.executed.append(name)
            lights = self.lit[name]
            if "error" not in lights:
                self._complete(name, "succeeded", lights)
            elif plan.nodes[plan.index[name]].error_wired:
                self._complete(name, "failed", lights)
            else:
                ran.failed = name
                self._note(name, "failed", {})
        for name in self.running:
            self._note(name, "cancelled", {})
        ran.skipped = frozenset(one.id for one in plan.nodes if self.ledger.state(one.index) == SKIPPED)
        assert ran.failed or self.ledger.settled, "the run hangs"
        return ran

    def _complete(self, name: str, status: str, lights: Mapping[str, Any]) -> None:
        self._note(name, status, lights)
        self._follow(self.ledger.complete(self.ran.plan.index[name], lights))

    def _follow(self, first: Step) -> None:
        pending = [first]
        while pending:
            step = pending.pop()
            self.ran.dropped += len(step.dropped)
            for number in step.skipped:
                self._note(self.ran.plan.nodes[number].id, "skipped", {})
            for ready in step.ready:
                started = self.ran.plan.nodes[ready.node]
                self.ran.given[started.id] = {port: as_value(value) for port, value in ready.inputs.items()}
                if started.type == "output":
                    self._note(started.id, "succeeded", {})
                    pending.append(self.ledger.complete(ready.node, {}))
                else:
                    self.running.append(started.id)

    def _note(self, name: str, status: str, lights: Mapping[str, Any]) -> None:
        self.ran.outcomes.append(Outcome(f"{name}#{len(self.ran.outcomes)}", Place("", name), status, lights))


class NoJudge:
    """Flat flows ask nothing."""

    def holds(self, expression: str, keys: Iterable[str], inputs: Mapping[str, Any]) -> bool:
        raise AssertionError

    def fired(self, plan: Plan, inputs: Value) -> Mapping[int, Mapping[str, Value]]:
        raise AssertionError


Lit = Mapping[str, Mapping[str, Value]]


def values(lit: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Value]]:
    return {name: {port: encode(value) for port, value in lights.items()} for name, lights in lit.items()}


def decided_on(old: Plan, new: Plan, ran: Ran, drawn: Scenario, lit: Lit, start: str) -> Decision:
    judge = NoJudge()
    fired = {new.index[name]: lit[name] for name in drawn.fired}
    return decide(Version(old, judge), Version(new, judge), ran.outcomes, fired, start)


def mended(lit: Lit) -> Lit:
    """Lights of handlers that fail no more."""
    return {name: {"out": encode(name)} if "error" in lights else lights for name, lights in lit.items()}


def journal_is_sound(plan: Plan, ran: Ran) -> None:
    """Every prefix of a journal can be replayed, to nothing that ended before."""
    if not ran.outcomes:
        return
    entries = [
        Entry(plan.index[o.place.node_id], o.status, o.lit)
        for o in ran.outcomes
        if o.status in {"skipped", "succeeded"} or o.lit
    ]
    frontier: list[Ready] = replay(plan, entries).frontier
    assert {plan.nodes[ready.node].id for ready in frontier}.isdisjoint(plan.nodes[entry.node].id for entry in entries)


def below(plan: Plan, start: str) -> set[str]:
    """The node and all that tokens of it may reach."""
    found, pending = {start}, [start]
    while pending:
        for wire in plan.nodes[plan.index[pending.pop()]].wires:
            target = plan.nodes[wire.target].id
            if target not in found:
                found.add(target)
                pending.append(target)
    return found


@pytest.mark.parametrize("block", range(4))
def test_a_rerun_from_any_node_ends_as_the_run_did_and_runs_no_reused_node(block: int) -> None:
    compared = 0
    for seed in range(block * GRAPHS // 4, (block + 1) * GRAPHS // 4):
        drawn = scenario(seed)
        plan = compile_plan(drawn.blueprint)
        lit = {name: lights if _wired(plan, name, lights) else {} for name, lights in values(drawn.lit).items()}
        ran = Driver(plan, lit).run(drawn.fired, random.Random(seed))
        assert ran.failed is None
        for start in [*dict.fromkeys(o.place.node_id for o in ran.outcomes if o.status != "skipped"), "start"]:
            decision = decided_on(plan, plan, ran, drawn, lit, start)
            again = Driver(plan, lit, decision.reused).run(drawn.fired, random.Random(f"{seed}/{start}"))
            reused = {outcome.place.node_id for outcome in decision.reused}
            assert reused.isdisjoint(again.executed), f"seed {seed}, from {start}"
            assert {node.id for node in decision.repeats} >= set(again.executed)
            assert again.skipped == ran.skipped, f"seed {seed}, from {start}: another end"
            journal_is_sound(plan, again)
            if start == "start":
                assert not reused
            else:
                assert start not in reused
                assert set(again.executed) <= below(plan, start), f"seed {seed}: more repeats than stands on {start}"
            if not ran.dropped and not again.dropped:
                compared += 1
                assert again.given == ran.given, f"seed {seed}, from {start}: other inputs"
    assert compared > GRAPHS / 4, "too few flows without a race to compare"


def test_a_rerun_from_failure_goes_on_where_it_ended_and_repeats_nothing_that_ended_well() -> None:
    failures = 0
    for seed in range(GRAPHS):
        drawn = scenario(seed)
        plan = compile_plan(drawn.blueprint)
        lit: Lit = values(drawn.lit)
        ran = Driver(plan, lit).run(drawn.fired, random.Random(seed))
        if ran.failed is None:
            continue
        failures += 1
        decision = decided_on(plan, plan, ran, drawn, lit, "failure")
        ended_well = [
            o.activation_id for o in ran.outcomes if o.status == "succeeded" or (o.status == "failed" and o.lit)
        ]
        assert [o.activation_id for o in decision.reused] == ended_well, f"seed {seed}"
        lit = {name: lights if _lightable(plan, name, lights) else {} for name, lights in mended(lit).items()}
        # What was reused keeps what it lit, its failures too.
        lit |= {o.place.node_id: o.lit for o in decision.reused}
        again = Driver(plan, lit, decision.reused).run(drawn.fired, random.Random(f"{seed}/again"))
        assert again.failed is None
        assert {o.place.node_id for o in decision.reused}.isdisjoint(again.executed)
        journal_is_sound(plan, again)
    assert failures > GRAPHS / 10


def test_on_any_other_version_what_is_reused_is_accepted_with_the_inputs_it_had() -> None:
    reused = changed = 0
    for seed in range(GRAPHS):
        drawn = scenario(seed)
        old = compile_plan(drawn.blueprint)
        lit = {name: lights if _wired(old, name, lights) else {} for name, lights in values(drawn.lit).items()}
        ran = Driver(old, lit).run(drawn.fired, random.Random(seed))
        new = compile_plan(_edited(drawn, random.Random(f"{seed}/edit")))
        decision = decided_on(old, new, ran, drawn, lit, "failure")
        kept = {name: lights if _lightable(new, name, lights) else {} for name, lights in lit.items()}
        again = Driver(new, kept, decision.reused).run(drawn.fired, random.Random(f"{seed}/again"))
        for outcome in decision.reused:
            name = outcome.place.node_id
            assert name not in decision.changed
            assert name not in again.executed
            assert again.given.get(name) == ran.given.get(name), f"seed {seed}: {name} had other inputs"
        reused += len(decision.reused)
        changed += len(decision.changed)
    assert reused > GRAPHS
    assert changed > GRAPHS / 4


def _wired(plan: Plan, name: str, lights: Mapping[str, Any]) -> bool:
    return "error" not in lights or plan.nodes[plan.index[name]].error_wired


def _lightable(plan: Plan, name: str, lights: Mapping[str, Any]) -> bool:
    number = plan.index.get(name)
    return number is not None and lights.keys() <= plan.lightable[number] and _wired(plan, name, lights)


def _edited(drawn: Scenario, rng: random.Random) -> dict[str, Any]:
    """Another version: some handlers changed, some edges gone, the nodes in another order, with other names."""
    nodes = []
    for one in drawn.blueprint["nodes"]:
        handlers = one["handlers"]
        if one["type"] == "action" and rng.random() < 0.15:
            handlers = {"main": {"entrypoint": "m.other"}}
        name = one["name"] if one["type"] == "output" else f"{one['name']}, renamed"
        nodes.append({**one, "handlers": handlers, "name": name, "position": {"x": 9, "y": 9}})
    edges = [one for one in drawn.blueprint["edges"] if rng.random() > 0.1]
    rng.shuffle(nodes)
    return blueprint(nodes, edges)


# Single rules, by hand.


def decided(start: str, *outcomes: tuple[str, str, Mapping[str, Any]], **more: Any) -> Decision:
    plan = compile_plan(
        blueprint(
            [node("t", "trigger"), node("a"), node("b"), node("c", ports=_two_inputs()), node("o", "output")],
            [edge("t.out", "a.input"), edge("t.out", "b.input"), edge("a.out", "c.x"), edge("b.out", "c.y"),
             edge("c.out", "o.input")],
        )
    )  # fmt: skip
    journal = [
        Outcome(f"{name}1", Place("", name), status, {port: encode(value) for port, value in ports.items()})
        for name, status, ports in outcomes
    ]
    version = Version(plan, NoJudge())
    return decide(version, version, journal, {plan.index["t"]: {"out": encode(1)}}, start, **more)


def _two_inputs() -> dict[str, Any]:
    return {"inputs": [{"key": key, "label": "", "type": "any"} for key in "xy"]}


T, A, B = ("t", "succeeded", {"out": 1}), ("a", "succeeded", {"out": 2}), ("b", "succeeded", {"out": 3})
C, RESULT = ("c", "succeeded", {"out": 4}), ("o", "succeeded", {})


def test_a_value_that_is_gone_makes_its_node_run_again_and_what_stands_on_it() -> None:
    decision = decided("failure", T, A, B, C, RESULT, gone={"a1"})
    assert [o.place.node_id for o in decision.reused] == ["t", "b"]
    assert len(decision.repeats) == 2


def test_a_node_that_did_not_run_is_no_place_to_start_from() -> None:
    for start in ("c", "o", "nobody"):
        with pytest.raises(NotRun):
            decided(start, T, A, ("b", "failed", {}))


def test_a_node_that_was_cancelled_beside_a_failure_repeats() -> None:
    decision = decided("failure", T, ("a", "failed", {}), ("b", "cancelled", {}))
    assert [o.place.node_id for o in decision.reused] == ["t"]
    assert decided("b", T, ("a", "failed", {}), ("b", "cancelled", {})).restarted == Place("", "b")


def test_values_are_compared_as_json() -> None:
    old = compile_plan(blueprint([node("t", "trigger"), node("a", ports=_defaulted(1))], [edge("t.out", "a.x")]))
    one = {"out": encode(1)}
    journal = [Outcome("t1", Place("", "t"), "succeeded", one), Outcome("a1", Place("", "a"), "succeeded", {})]
    for default, reused in ((1, 2), (True, 1), (1.0, 1)):
        new = compile_plan(
            blueprint([node("t", "trigger"), node("a", ports=_defaulted(default))], [edge("t.out", "a.x")])
        )
        versions = Version(old, NoJudge()), Version(new, NoJudge())
        assert len(decide(*versions, journal, {0: one}, "failure").reused) == reused, default


def _defaulted(default: Any) -> dict[str, Any]:
    return {"inputs": [*_two_inputs()["inputs"][:1], {"key": "y", "label": "", "type": "any", "default": default}]}
