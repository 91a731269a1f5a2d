"""Random flows with loops and sub-flows, run again from each of their nodes: what is reused is accepted and does not
run, nothing hangs, and where no race decided, it ends with the values it had."""

import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from triggerflow_orchestrator.domain.ledger import LedgerMisused
from triggerflow_orchestrator.domain.replay_scopes import Entry, begun_items, replay_scopes
from triggerflow_orchestrator.domain.rerun import NotRun, Outcome, Place, Version, decide, own_nodes
from triggerflow_orchestrator.domain.scopes import Begun, Broke, Cut, Ended, Fired, Known, Lost, Received, Scopes, Told
from triggerflow_orchestrator.domain.value import as_value

from .flows import Judge, World, world
from .laws import entries

GRAPHS = int(os.environ.get("RERUN_GRAPHS", "600"))
PARTS = 4


@dataclass
class Ran:
    """One run."""

    journal: list[Entry] = field(default_factory=list)
    executed: list[Place] = field(default_factory=list)
    given: dict[Place, Mapping[str, bytes]] = field(default_factory=dict)
    broke: bool = False
    raced: bool = False
    """Whether something came too late or was cut: then the order decided, and may decide otherwise."""


def drive(given: World, rng: random.Random, reused: Sequence[Outcome] = ()) -> Ran:
    """Run to the end in a random order, after taking over what is `reused` as a run does."""
    ran, running = Ran(), dict[Place, Begun]()
    outright: set[Place] = set()
    scopes = Scopes(given.plan, Judge(given))
    scopes.sealed = frozenset((outcome.place.scope, outcome.place.node_id) for outcome in reused)
    scopes.known = Known(begun_items(outcome.place.scope for outcome in reused)) if reused else None

    def take(told: Told) -> None:
        ran.journal.extend(entries(told))
        for happening in told:
            match happening:
                case Begun(scope, node, inputs):
                    running[Place(scope.name, node.id)] = happening
                    _note(ran, Place(scope.name, node.id), inputs)
                case Received(scope, node, inputs):
                    outright.add(Place(scope.name, node.id))
                    _note(ran, Place(scope.name, node.id), inputs)
                case Fired(scope, node, _):
                    outright.add(Place(scope.name, node.id))
                case Ended(scope, node):
                    running.pop(Place(scope.name, node.id), None)
                case Cut(scope, node):
                    running.pop(Place(scope.name, node.id), None)
                    ran.raced = True
                case Lost():
                    ran.raced = True
                case Broke():
                    ran.broke = True

    def end(place: Place, status: str, lit: Any, failure: Any) -> None:
        begun = running.pop(place)
        ran.journal.append(Entry(place.scope, place.node_id, status, lit, failure))
        if failure is not None and not begun.node.error_wired:
            take(scopes.fail(begun.scope, begun.node, failure))
        else:
            take(scopes.complete(begun.scope, begun.node, lit))

    take(scopes.start(given.fired))
    for outcome in reused:
        if outcome.place in outright:
            continue
        assert outcome.place in running, f"{outcome.place} is reused and does not run"
        end(outcome.place, outcome.status, outcome.lit, outcome.failure)
        assert not ran.broke, f"{outcome.place} is reused and fails the run"
    scopes.sealed, scopes.known = frozenset(), None
    take(scopes.admit())
    while not ran.broke:
        waiting = [place for place, begun in running.items() if begun.node.subflow is None]
        if not waiting:
            break
        place = rng.choice(waiting)
        did = given.does(place.scope, running[place].node)
        ran.executed.append(place)
        end(place, "failed" if did.failure is not None else "succeeded", did.lit, did.failure)
    assert ran.broke or (scopes.settled and not running), "the run hangs"
    return ran


def _note(ran: Ran, place: Place, inputs: Mapping[str, Any]) -> None:
    ran.given[place] = {key: as_value(value).text for key, value in inputs.items()}


@pytest.mark.parametrize("part", range(PARTS))
def test_a_rerun_from_anywhere_is_accepted_and_runs_nothing_that_is_reused(part: int) -> None:
    compared = reused_inside = failures = 0
    for seed in range(part * GRAPHS // PARTS, (part + 1) * GRAPHS // PARTS):
        given, rng = world(seed), random.Random(f"{seed}/again")
        ran = drive(given, random.Random(seed))
        # A condition on a back edge is asked when its source ends: the order may decide without a token that is lost.
        others = [drive(given, random.Random(f"{seed}/{number}")) for number in range(3)]
        sure = not ran.raced and all(other.given == ran.given for other in others)
        journal = [
            Outcome(f"a{number}", Place(entry.scope, entry.node), entry.status, entry.lit, entry.failure)
            for number, entry in enumerate(ran.journal)
        ]
        version = Version(given.plan, Judge(given))
        own = {node.id for _, node in own_nodes(given.plan)}
        starts = sorted({o.place.node_id for o in journal if o.status != "skipped"} & own)
        for start in [*rng.sample(starts, min(4, len(starts))), "start", *(["failure"] if ran.broke else [])]:
            try:
                decision = decide(version, version, journal, given.fired, start)
            except NotRun:  # a node of that id in a sub-flow
                continue
            try:
                again = drive(given, rng, decision.reused)
                assert not {o.place for o in decision.reused} & {*again.executed}
                _replays(given, again)
            except (AssertionError, LedgerMisused) as error:
                raise AssertionError(f"seed {seed}, from {start}: {error}") from error
            reused_inside += any(o.place.scope for o in decision.reused)
            failures += start == "failure"
            if sure and not (again.raced or ran.broke or again.broke):
                compared += 1
                # What lies in a sub-flow that is reused whole is not gone through again.
                assert again.given.items() <= ran.given.items(), f"seed {seed}, from {start}: other inputs"
                assert {p for p in ran.given if not p.scope} == {p for p in again.given if not p.scope}
    # Flows without the hard parts would prove little.
    assert compared > GRAPHS / PARTS / 2
    assert reused_inside > GRAPHS / PARTS / 10
    assert failures > GRAPHS / PARTS / 10


def _replays(given: World, ran: Ran) -> None:
    """The journal of a rerun is one that a crash can be gone on from."""
    if not ran.broke and ran.journal:
        assert replay_scopes(given.plan, Judge(given), ran.journal).frontier == []
