"""`kill -9` during a loop, a for-each at item 4,000, an approval, a back-off and a timer: one table for local mode and
for the mesh. Each ends right, by a server outside that counts every effect.

What ran at the kill runs once more, as the same activation under the same key; what had finished never; what waited
goes on waiting, until the moment that was decided before the kill.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from kill_flows import around, back_off, item, loop
from kill_stage import SECONDS, KillStage, passed, seconds_of
from running_product import wait_for
from scoped_flows import for_each

Scenario = Callable[[KillStage], None]

ROUNDS: Final = 24
KILLED_IN: Final = (0, 11, ROUNDS - 1)
ITEMS: Final = 5_000
KILLED_AT: Final = 4_000
CONCURRENCY: Final = 16
# Jitter takes a fifth of it; what is due later than five seconds lets its run wait.
LONG, SHORT = 8.0, 4.0
TIMER: Final = 8
# Two clocks of one machine are read a moment apart.
_CLOCKS: Final = 0.05
ONCE: Final = Counter(before=1, after=1)


def in_a_loop(stage: KillStage) -> None:
    """In its first round, in the middle and in its last: that round's effect comes twice, every other one once."""
    names = [f"round-{number}" for number in KILLED_IN]
    for name in names:
        stage.visited.hold(name)
    run = stage.begin(stage.publish(loop(ROUNDS)), {"n": 0})
    for name in names:
        stage.visited.await_visit(run, name, seconds=SECONDS)
        stage.strike(run)
        stage.visited.release(name)
        stage.mend()
    ended = _succeeded(stage, run)
    assert ended["outputs"] == {"result": {"n": ROUNDS}}
    effects = Counter({f"round-{number}": 1 for number in range(ROUNDS)}) + Counter(names)
    _has_effects(stage, run, effects, again=len(names))


def in_a_for_each_at_item_4000(stage: KillStage) -> None:
    """Nothing that had finished at the kill is called again: at most the items that were under way."""
    run = stage.begin(stage.publish(for_each(stage.publish(item()), CONCURRENCY)), {"items": list(range(ITEMS))})
    assert stage.visited.mark(run, KILLED_AT).wait(SECONDS), f"{len(stage.visited.of(run))} items"
    stage.strike(run)
    visits = stage.visited.of(run)
    killed_at = max(visit.when for visit in visits)
    assert len(visits) < ITEMS, "it was killed too late"
    stage.mend()
    ended = _succeeded(stage, run)
    assert stage.value(ended["outputs"]["result"]) == [{"n": number} for number in range(ITEMS)]
    effects = Counter(visit.name for visit in stage.visited.of(run))
    assert set(effects) == {f"item-{number}" for number in range(ITEMS)}
    twice = {name for name, times in effects.items() if times > 1}
    assert max(effects.values()) <= 2 and len(twice) <= CONCURRENCY, sorted(twice)
    activations, events = _has_effects(stage, run, effects, again=None)
    # Their ends carry the times at which they were written; what was not durable at the kill was written anew.
    finished = {
        activations[event["activationId"]]
        for event in _chunk_ends(events)
        if event["activationId"] in activations and seconds_of(event["timestamp"]) < killed_at
    }
    assert len(finished) >= KILLED_AT - 2 * CONCURRENCY
    assert not finished & twice, "a finished item was called again"
    sys.stdout.write(f"{len(visits)} called at the kill, {len(finished)} finished, {len(twice)} called twice\n")


def at_an_approval(stage: KillStage) -> None:
    """Killed while it waits, answered once all is back."""
    run = stage.begin(stage.publish(around("core:approval", "approved")))
    stage.rests(run)
    asked = stage.wait_of(run)
    stage.strike_all()
    stage.mend()
    assert stage.execution(run)["status"] == "waiting"
    assert stage.wait_of(run) == asked
    assert stage.resume(run, asked["id"], {"decision": "approved", "data": 7}).status_code == 200
    _succeeded(stage, run)
    _has_effects(stage, run, ONCE, again=0)


def right_after_an_answer(stage: KillStage) -> None:
    """Killed the moment the 200 came: the answer is carried out, and another one is told of it."""
    run = stage.begin(stage.publish(around("core:approval", "approved")))
    stage.rests(run)
    asked = stage.wait_of(run)
    assert stage.resume(run, asked["id"], {"decision": "approved", "data": 7}).status_code == 200
    stage.strike_all()
    stage.mend()
    late = stage.resume(run, asked["id"], {"decision": "rejected"})
    assert (late.status_code, late.json()["answer"]["data"]) == (409, 7)
    _succeeded(stage, run)
    # It may have been on its way to the node behind the wait, or in it.
    effects = Counter(visit.name for visit in stage.visited.of(run))
    assert effects in (ONCE, ONCE + Counter(after=1))
    _has_effects(stage, run, effects, again=None)


def in_a_long_back_off(stage: KillStage) -> None:
    """The run waits, and nobody has it. All is back before the next attempt is due."""
    run = stage.begin(stage.publish(back_off(LONG)))
    stage.rests(run)
    stage.strike_all()
    stage.mend()
    _tries_again_when_due(stage, run)


def in_a_long_back_off_that_ends_while_all_is_down(stage: KillStage) -> None:
    """The next attempt is made at once then: not a back-off later."""
    flow_id = stage.publish(back_off(LONG))
    run = stage.begin(flow_id)
    stage.rests(run)
    _due_while_down(stage, flow_id, run)


def in_a_short_back_off(stage: KillStage) -> None:
    """Its worker keeps such a run, and is killed."""
    run = stage.begin(stage.publish(back_off(SHORT)))
    _backs_off(stage, run)
    stage.strike(run)
    stage.mend()
    _tries_again_when_due(stage, run, again=None)


def in_a_short_back_off_that_ends_while_all_is_down(stage: KillStage) -> None:
    """As with a long one. The log says that the attempt may run again, since nothing tells that it had not begun."""
    flow_id = stage.publish(back_off(SHORT))
    run = stage.begin(flow_id)
    _backs_off(stage, run)
    _due_while_down(stage, flow_id, run, again=None)


def at_a_timer(stage: KillStage) -> None:
    """All is back before it is due, at the same moment as before."""
    run = stage.begin(stage.publish(around("core:timer", seconds=TIMER)))
    stage.rests(run)
    due = stage.wait_of(run)["dueAt"]
    stage.strike_all()
    stage.mend()
    _fires_when_due(stage, run, due)


def at_a_timer_that_is_due_while_all_is_down(stage: KillStage) -> None:
    """It is over at the next start."""
    run = stage.begin(stage.publish(around("core:timer", seconds=TIMER)))
    stage.rests(run)
    due = stage.wait_of(run)["dueAt"]
    stage.strike_all()
    passed(due)
    assert not stage.visited.of(run, "after")
    stage.mend()
    _fires_when_due(stage, run, due)


SCENARIOS: Final[Mapping[str, Scenario]] = {
    scenario.__name__: scenario
    for scenario in (
        in_a_loop,
        in_a_for_each_at_item_4000,
        at_an_approval,
        right_after_an_answer,
        in_a_long_back_off,
        in_a_long_back_off_that_ends_while_all_is_down,
        in_a_short_back_off,
        in_a_short_back_off_that_ends_while_all_is_down,
        at_a_timer,
        at_a_timer_that_is_due_while_all_is_down,
    )
}


def _backs_off(stage: KillStage, run: str) -> None:
    wait_for(lambda: stage.retries(run), seconds=SECONDS, what="the failed first attempt")


def _due_while_down(stage: KillStage, flow_id: str, run: str, again: int | None = 0) -> None:
    (retry,) = stage.retries(run)
    stage.strike_all()
    passed(retry["dueAt"])
    assert len(stage.visited.of(run, "flaky")) == 1
    stage.mend()
    # A back-off begun anew would end when one does that begins only now.
    witness = stage.begin(flow_id)
    _tries_again_when_due(stage, run, again)
    _tries_again_when_due(stage, witness)
    assert stage.visited.of(run, "flaky")[1].at < stage.visited.of(witness, "flaky")[1].at


def _tries_again_when_due(stage: KillStage, run: str, again: int | None = 0) -> None:
    ended = _succeeded(stage, run)
    assert ended["outputs"] == {"result": {"attempt": 2}}
    # Told once: nobody decided it a second time.
    (retry,) = stage.retries(run)
    first, second = stage.visited.of(run, "flaky")
    assert (first.attempt, second.attempt, retry["attempt"]) == (1, 2, 2)
    assert second.when >= seconds_of(retry["dueAt"]) - _CLOCKS
    _has_effects(stage, run, Counter(before=1, flaky=2), again)


def _fires_when_due(stage: KillStage, run: str, due: str) -> None:
    _succeeded(stage, run)
    (after,) = stage.visited.of(run, "after")
    assert after.when >= seconds_of(due) - _CLOCKS
    _has_effects(stage, run, ONCE, again=0)


def _succeeded(stage: KillStage, run: str) -> dict[str, Any]:
    ended = stage.ended(run)
    assert ended["status"] == "succeeded", ended
    return ended


def _has_effects(
    stage: KillStage, run: str, effects: Counter[str], again: int | None
) -> tuple[dict[str, str], Sequence[dict[str, Any]]]:
    """These effects and no others, each name one activation with one key, twice in one attempt only where the log
    tells that it ran again, `again` of those in all; one order of events without gaps, and one start and one end of
    each node of each scope. The name of each activation, and the events."""
    visits = stage.visited.of(run)
    assert Counter(visit.name for visit in visits) == effects
    activations = {visit.activation_id: visit.name for visit in visits}
    assert len(activations) == len(effects)
    assert all(visit.key == visit.activation_id for visit in visits)
    events = stage.events(run)
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    ids = [event["id"] for event in events]
    assert ids == sorted(set(ids))
    assert (events[0]["type"], events[-1]["type"]) == ("execution.started", "execution.completed")
    recovered = Counter(
        event["payload"]["data"]["activationId"]
        for event in events
        if event["type"] == "runtime.output" and event["payload"]["data"].get("recovered")
    )
    assert set(recovered.values()) <= {1}
    assert again is None or len(recovered) == again, recovered
    attempts = Counter((visit.activation_id, visit.attempt) for visit in visits)
    twice = {activation for (activation, _), times in attempts.items() if times > 1}
    assert twice <= set(recovered), "a finished node ran again"
    starts, ends = _places(events, "chunk.started"), _places(events, "chunk.completed")
    assert set(starts.values()) == set(ends.values()) == {1}
    assert set(starts) == set(ends)
    return activations, events


def _places(events: Sequence[dict[str, Any]], kind: str) -> Counter[tuple[str, str]]:
    """How often each (scope, node) has an event of that type."""
    scopes = {event["payload"]["data"]["eventId"]: event["payload"]["data"]["scope"] for event in _details(events)}
    return Counter(
        (scopes.get(event["id"], ""), event["payload"]["nodeId"]) for event in events if event["type"] == kind
    )


def _chunk_ends(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The end of each node below the root, with its `activationId`."""
    details: dict[str, dict[str, Any]] = defaultdict(dict)
    for event in _details(events):
        details[event["payload"]["data"]["eventId"]] = event["payload"]["data"]
    return [
        {**event, "activationId": details[event["id"]].get("activationId")}
        for event in events
        if event["type"] == "chunk.completed"
    ]


def _details(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        event
        for event in events
        if event["type"] == "runtime.output" and event["payload"]["data"].get("kind") == "detail"
    ]
