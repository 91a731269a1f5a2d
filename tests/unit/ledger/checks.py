"""Run a scenario on a ledger and hold every step against the oracle, then again from every prefix of its journal.

A broken rule is an AssertionError. The ledger's class is a parameter, so that mutants go through the very same checks.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from triggerflow_orchestrator.domain.compile_plan import compile_plan
from triggerflow_orchestrator.domain.ledger import (
    SKIPPED,
    Entry,
    Ledger,
    LedgerMisused,
    Ready,
    Step,
    replay,
)
from triggerflow_orchestrator.domain.plan import Plan

from .flows import Scenario, scenario
from .oracle import Oracle


class Features(NamedTuple):
    """What a graph had in it, so that a suite of graphs can be asked whether it is worth anything."""

    dead_arm_at_a_join: bool
    merge: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """One whole run. `cuts[i]` is how much of the journal was written when step i was done."""

    order: Sequence[int]
    steps: Sequence[Step]
    journal: Sequence[Entry]
    cuts: Sequence[int]


def check(seed: int, ledger_class: type[Ledger] = Ledger) -> Features:
    """Everything that must hold of the scenario of this seed."""
    drawn = scenario(seed)
    plan = compile_plan(drawn.blueprint)
    oracle = Oracle(drawn.blueprint)
    try:
        dead_arm = False
        outcomes = set()
        for shuffle in range(2):
            recording, dead_arm = record(drawn, plan, oracle, ledger_class, random.Random(f"{seed}/{shuffle}"))
            check_replays(plan, recording, ledger_class)
            outcomes.add(frozenset(node for step in recording.steps for node in step.skipped))
        # Which nodes run depends on what they light, never on who is faster.
        assert len(outcomes) == 1, "another order skipped other nodes"
    except (AssertionError, LedgerMisused) as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    return Features(dead_arm, oracle.merges() > 0)


def record(
    drawn: Scenario, plan: Plan, oracle: Oracle, ledger_class: type[Ledger], rng: random.Random
) -> tuple[Recording, bool]:
    """Run to the end, ending a random one of the running nodes each time, with the oracle looking on."""
    ids = [node.id for node in plan.nodes]
    ledger = ledger_class(plan)
    fired = {plan.index[name]: drawn.lit[name] for name in drawn.fired}
    ended: list[tuple[str, Mapping[str, Any]]] = [(name, drawn.lit[name]) for name in drawn.fired]
    running: list[int] = []
    order: list[int] = []
    steps: list[Step] = []
    journal = [Entry(node, "succeeded", lit) for node, lit in fired.items()]
    cuts: list[int] = []
    ready: dict[str, Mapping[str, Any]] = {}
    settled: list[int] = list(fired)
    dropped: list[str] = []

    step = ledger.start(fired)
    while True:
        verdict = oracle.verdict(drawn.fired, ended)
        for started in step.ready:
            assert ids[started.node] not in ready, f"{ids[started.node]} ran twice"
            ready[ids[started.node]] = started.inputs
            assert list(started.inputs) == [p.key for p in plan.nodes[started.node].inputs if p.key in started.inputs]
        settled += step.skipped
        dropped += [plan.edges[lost.edge].id for lost in step.dropped]
        assert ready == verdict.ready, f"ready {ready}, should be {verdict.ready}"
        assert {ids[n] for n in settled if ledger.state(n) == SKIPPED} == verdict.skipped, "skipped others"
        assert sorted(dropped) == sorted(verdict.dropped), f"dropped {dropped}, should be {set(verdict.dropped)}"
        steps.append(step)
        journal += [Entry(node, "skipped", {}) for node in step.skipped]
        cuts.append(len(journal))
        running += [started.node for started in step.ready]
        assert ledger.pending == len(ids) - len(settled)
        if not running:
            break
        node = running.pop(rng.randrange(len(running)))
        lit = drawn.lit[ids[node]]
        step = ledger.complete(node, lit)
        order.append(node)
        settled.append(node)
        ended.append((ids[node], lit))
        journal.append(Entry(node, "failed" if "error" in lit else "succeeded", lit))
    assert ledger.settled, "the run hangs"
    assert sorted(settled) == list(range(len(ids))), "a node settled twice, or never"
    return Recording(order, steps, journal, cuts), verdict.dead_arms > 0


def check_replays(plan: Plan, recording: Recording, ledger_class: type[Ledger]) -> None:
    """From every prefix of the journal: the frontier that was there, and on from it the same steps to the same end."""
    lit = {entry.node: entry.lit for entry in recording.journal}
    assert not replay(plan, [], ledger_class).ledger.started
    for at, frontier in enumerate(frontiers(recording)):
        # A journal may also end within a step's skipped nodes: they follow from what stands before them.
        since = recording.cuts[at - 1] + 1 if at else recording.cuts[0] - len(recording.steps[0].skipped)
        for cut in range(max(since, 1), recording.cuts[at] + 1):
            again = replay(plan, recording.journal[:cut], ledger_class)
            assert again.frontier == frontier, f"after {cut} entries the frontier is {again.frontier}, was {frontier}"
            assert again.skipped == [node for step in recording.steps[: at + 1] for node in step.skipped]
        steps = [again.ledger.complete(node, lit[node]) for node in recording.order[at:]]
        assert steps == recording.steps[at + 1 :], f"after {at} steps the replayed run goes another way"
        assert again.ledger.settled, "the replayed run hangs"


def frontiers(recording: Recording) -> Iterator[list[Ready]]:
    """After each step, what had got ready and had not ended."""
    ready: list[Ready] = []
    for at, step in enumerate(recording.steps):
        ready += step.ready
        yield [started for started in ready if started.node not in recording.order[:at]]
