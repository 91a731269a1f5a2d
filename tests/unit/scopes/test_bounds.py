"""Few children at once: random flows, and for-eaches in for-eaches, end as without a bound, and never stand still."""

import os
import random
from typing import Any

import pytest
from triggerflow_orchestrator.domain.compile_plan import compile_plan
from triggerflow_orchestrator.domain.ledger import LedgerMisused
from triggerflow_orchestrator.domain.plan import PlanRef
from triggerflow_orchestrator.domain.replay_scopes import Entry, replay_scopes
from triggerflow_orchestrator.domain.scopes import Begun, Broke, Cut, Ended, LoopRun, Received, Scope, Scopes, Told
from triggerflow_orchestrator.domain.value import Value, encode

from .flows import Judge, World, world
from .laws import Place, Trace, Watch, entries

GRAPHS = int(os.environ.get("BOUNDS_GRAPHS", "800"))
SEED = os.environ.get("BOUNDS_SEED")
PARTS = 4


def children(scope: Scope) -> int:
    """How many live, counted one by one."""
    count = 0
    for inner in scope.inner.values():
        if isinstance(inner, LoopRun):
            count += children(inner.now) if inner.now is not None else 0
        else:
            count += sum(1 + children(child) for child in inner.children.values())
    return count


def bounded(scopes: Scopes, rng: random.Random) -> Scopes:
    scopes.bound, scopes.burst = rng.choice([1, 1, 2, 3]), rng.choice([None, 1, 2])
    return scopes


def end(given: World, scopes: Scopes, begun: Begun, trace: Trace) -> Told:
    did = given.does(begun.scope.name, begun.node)
    failed = did.failure is not None
    before = {"status": "failed" if failed else "succeeded", "lit": did.lit, "failure": did.failure}
    if did.failure is not None and not begun.node.error_wired:
        told = scopes.fail(begun.scope, begun.node, did.failure)
    else:
        told = scopes.complete(begun.scope, begun.node, did.lit)
    trace.journal.append(Entry(begun.scope.name, begun.node.id, **before))
    return told


def check(seed: int) -> int:
    """Runs it, and again from two prefixes of its journal under another bound. How often something was held back."""
    given, rng = world(seed), random.Random(f"{seed}/bound")
    scopes, trace, watch, held = bounded(Scopes(given.plan, Judge(given)), rng), Trace(), Watch(given), 0
    step = scopes.start(given.fired)
    running: list[set[Place]] = []
    while True:
        watch.take(step, trace)
        trace.journal += entries(step)
        trace.cuts.append(len(trace.journal))
        running.append(set(watch.running))
        if trace.broke:
            break
        assert children(scopes.root) == scopes.alive
        held += scopes.holds_back
        waiting = [place for place, begun in watch.running.items() if begun.node.subflow is None]
        # Other outcomes may come in before what was held back is looked at.
        if scopes.more and (not waiting or rng.random() < 0.7):
            step = scopes.admit()
            continue
        if not waiting:
            break
        begun = watch.running.pop(rng.choice(waiting))
        step = end(given, scopes, begun, trace)
        watch.ended(begun, given.does(begun.scope.name, begun.node).lit)
    if not trace.broke:
        assert scopes.settled, "the run stands still"
        assert not watch.running
        watch.settled()
    last = len(trace.cuts) - (1 if trace.broke else 0)
    for at in rng.sample(range(last), min(2, last)):
        _go_on(given, trace, running[at], trace.cuts[at], rng)
    return held


def _go_on(given: World, trace: Trace, was: set[Place], cut: int, rng: random.Random) -> None:
    """From a prefix of the journal: what began and nothing else runs, nothing that ended runs again, and it ends."""
    journal = trace.journal[:cut]
    again = replay_scopes(given.plan, Judge(given), journal)
    scopes, over = bounded(again.scopes, rng), {(entry.scope, entry.node) for entry in journal}
    running = {(begun.scope.name, begun.node.id): begun for begun in again.frontier}
    assert running.keys() == was
    assert children(scopes.root) == scopes.alive
    step, broke = scopes.admit(), False
    while True:
        for happening in step:
            if isinstance(happening, Begun):
                place = happening.scope.name, happening.node.id
                assert place not in over, f"{place} runs again"
                running[place] = happening
            elif isinstance(happening, Cut | Ended):
                running.pop((happening.scope.name, happening.node.id))
            broke = broke or isinstance(happening, Broke)
        waiting = [place for place, begun in running.items() if begun.node.subflow is None]
        if broke:
            return
        if scopes.more:
            step = scopes.admit()
        elif not waiting:
            break
        else:
            step = end(given, scopes, running.pop(rng.choice(waiting)), Trace())
    assert scopes.settled, "the run that was taken up stands still"


@pytest.mark.parametrize("part", range(PARTS))
def test_random_flows_end_whatever_the_bound_and_so_from_journal_prefixes(part: int) -> None:
    seeds = range(part * GRAPHS // PARTS, (part + 1) * GRAPHS // PARTS) if SEED is None else [int(SEED)]
    held = 0
    for seed in seeds:
        try:
            held += check(seed)
        except (AssertionError, LedgerMisused, KeyError) as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
    assert held > len(seeds) / 5 or SEED is not None


def _tree() -> World:
    """A for-each that runs itself over the lists in its list, and whatever is no list is worked on."""
    subflow = {"flowId": "0", "version": "1", "mode": "forEach", "concurrency": 1000, "onItemError": "continue"}

    def node(name: str, kind: str, **members: Any) -> dict[str, Any]:
        return {"id": name, "type": kind, "name": name, "handlers": {}, "position": {"x": 0, "y": 0}, **members}

    def edge(source: str, port: str, target: str, into: str) -> dict[str, Any]:
        ends = {"source": {"nodeId": source, "port": port}, "target": {"nodeId": target, "port": into}}
        return {"id": f"{source}>{target}", **ends}

    ports = {"inputs": [{"key": "items", "label": "", "type": "any"}], "outputs": [{"key": "out", "label": ""}]}
    main = {"main": {"entrypoint": "core:subflow", "config": subflow}}
    manual = {"main": {"entrypoint": "core:manual"}}
    nodes = [
        node("t", "trigger", handlers=manual),
        node("work", "action"),
        node("each", "subflow", handlers=main, ports=ports),
        node("leaf", "output"),
        node("out", "output"),
    ]
    edges = [
        edge("t", "out", "work", "input"),
        edge("work", "list", "each", "items"),
        edge("work", "out", "leaf", "input"),
        edge("each", "out", "out", "input"),
    ]
    nodes[1]["ports"] = {"outputs": [{"key": "list", "label": ""}, {"key": "out", "label": ""}]}
    ref = PlanRef()
    ref.plan = compile_plan({"name": "tree", "nodes": nodes, "edges": edges}, child=lambda *_: ref)
    return World(0, ref.plan, {})


class Fires:
    """The judge of the tree: an item goes in as it is."""

    def holds(self, *_: Any) -> bool:
        return False

    def fired(self, plan: Any, inputs: Value) -> dict[int, dict[str, Value]]:
        return {index: {"out": inputs} for index in plan.manual_triggers}


def climb(bound: int, burst: int | None, deep: int = 6, wide: int = 3) -> tuple[Any, int]:
    """The result of a tree of for-eaches, and how many children lived at once at most."""
    plan = _tree().plan
    scopes = Scopes(plan, Fires())
    scopes.bound, scopes.burst = bound, burst
    step = scopes.start({plan.index["t"]: {"out": encode({"deep": deep})}})
    running: list[Begun] = []
    most, result = 0, None
    while True:
        for happening in step:
            if isinstance(happening, Begun) and happening.node.subflow is None:
                running.append(happening)
            elif isinstance(happening, Received) and not happening.scope.name:
                result = happening.inputs
            assert not isinstance(happening, Broke | Cut)
        most = max(most, scopes.alive)
        if scopes.more:
            step = scopes.admit()
        elif running:
            begun = running.pop(0)
            left = begun.inputs["input"].plain["deep"]
            lit = {"list": encode([{"deep": left - 1}] * wide)} if left else {"out": encode(1)}
            step = scopes.complete(begun.scope, begun.node, lit)
        else:
            break
    assert scopes.settled
    assert scopes.alive == 0
    return {key: value.plain for key, value in (result or {}).items()}, most


def test_a_tree_of_for_eaches_has_one_result_whatever_the_bound() -> None:
    whole, most = climb(1_000_000, None)
    assert most > 3**6
    for bound in (1, 2, 10, 100):
        for burst in (None, 1, 7):
            result, most = climb(bound, burst)
            assert result == whole
            # Twice the bound, and one chain down to the deepest.
            assert most <= 2 * bound + 6


def test_a_wide_for_each_within_the_bound_has_all_its_items_at_once() -> None:
    assert climb(500, None, deep=1, wide=500)[1] == 500
    assert climb(500, 64, deep=1, wide=500)[1] == 500
