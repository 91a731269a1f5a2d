"""Say what was lost, repeated or out of order, from what was recorded outside the chaos. Pure; no I/O.

The rules are the product's promise (README, "What is promised"): every accepted run ends, a finished node never runs
again, and each client that resumed by cursor has exactly the events of the log.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ENDING = ("execution.completed", "execution.failed")
CHUNK_ENDS = {"succeeded": "chunk.completed", "failed": "chunk.failed", "cancelled": "chunk.failed"}


@dataclass(frozen=True, slots=True)
class Effect:
    """A handler did something outside. `at` is microseconds since the epoch, when the recorder heard of it."""

    execution_id: str
    activation_id: str
    attempt: int
    key: str
    at: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A row of the journal."""

    activation_id: str
    node_id: str
    status: str
    seq: int
    ended_at: int
    scope: str = ""


@dataclass(slots=True)
class Execution:
    """What the database holds of one execution."""

    id: str
    status: str
    outputs: Mapping[str, Any]
    labels: frozenset[str]
    journal: list[Outcome] = field(default_factory=list)
    events: list[Mapping[str, Any]] = field(default_factory=list)
    """By id, with `sequence` beside the event's own members."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A run that the product said it took. `label` is the caller's own name for it."""

    id: str
    label: str
    expected: frozenset[str]
    """Statuses it may end with."""
    outputs: Mapping[str, Any] | None
    """What it must give where it succeeds; None where that is not looked at."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known once every run had its time."""

    accepted: Sequence[Accepted]
    executions: Mapping[str, Execution]
    effects: Sequence[Effect]
    clients: Sequence[tuple[str, str, Sequence[str]]]
    """(execution id, how it watched, ids of the events it was sent, in the order it got them)."""
    project_events: Sequence[tuple[str, str]] = ()
    """(type, execution id) as a client of GET /events got them across all resumes."""
    answers: Sequence[tuple[str, Sequence[tuple[int, Any]]]] = ()
    """(wait, (status, the answer it was told) of each who answered it at once)."""
    fires: Sequence[tuple[int, Sequence[str]]] = ()
    """(due time in minutes, executions) of a schedule of every minute, by due time; the present minute aside."""


def violations(facts: Facts) -> list[str]:
    """Every broken rule, in words that name the execution. Empty where all held."""
    found: list[str] = []
    found.extend(_accepted(facts))
    effects: dict[str, list[Effect]] = defaultdict(list)
    for effect in facts.effects:
        effects[effect.execution_id].append(effect)
    for execution in facts.executions.values():
        found.extend(_journal(execution))
        found.extend(_events(execution))
        found.extend(_effects(execution, effects.get(execution.id, [])))
    found.extend(_clients(facts))
    found.extend(_project(facts))
    found.extend(_answers(facts))
    found.extend(_fires(facts))
    return found


def _accepted(facts: Facts) -> Iterator[str]:
    by_label: Counter[str] = Counter(label for each in facts.executions.values() for label in each.labels)
    for accepted in facts.accepted:
        execution = facts.executions.get(accepted.id)
        if execution is None:
            yield f"{accepted.id}: was accepted and is not there"
            continue
        if execution.status not in accepted.expected:
            yield f"{accepted.id}: is {execution.status}, expected {sorted(accepted.expected)}"
        elif execution.status == "succeeded" and accepted.outputs is not None and execution.outputs != accepted.outputs:
            yield f"{accepted.id}: gave {str(execution.outputs)[:200]}, expected {str(accepted.outputs)[:200]}"
        if by_label[accepted.label] != 1:
            yield f"{accepted.id}: was asked for once and is there {by_label[accepted.label]} times"


def _journal(execution: Execution) -> Iterator[str]:
    twice = [name for name, count in Counter(o.activation_id for o in execution.journal).items() if count > 1]
    for activation_id in twice:
        yield f"{execution.id}: activation {activation_id} has several outcomes"
    nodes = Counter((outcome.scope, outcome.node_id) for outcome in execution.journal)
    for (scope, node_id), count in nodes.items():
        if count > 1:
            yield f"{execution.id}: node {node_id} finished {count} times{f' in {scope}' if scope else ''}"
    numbers = [outcome.seq for outcome in execution.journal]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"{execution.id}: the journal is numbered {numbers}"


def _events(execution: Execution) -> Iterator[str]:
    events = execution.events
    sequences = [event["sequence"] for event in events]
    if sequences != list(range(1, len(sequences) + 1)):
        yield f"{execution.id}: its events are numbered {sequences}"
    kinds = [event["type"] for event in events]
    if not kinds or kinds[0] != "execution.started" or kinds[-1] not in ENDING:
        yield f"{execution.id}: its events go from {kinds[:1]} to {kinds[-1:]}"
    if sum(kind in ENDING for kind in kinds) > 1 or kinds.count("execution.started") > 1:
        yield f"{execution.id}: it started or ended more than once"
    # A chunk event names no scope; the detail that follows it does.
    scopes = {
        event["payload"]["data"]["eventId"]: event["payload"]["data"].get("scope", "")
        for event in events
        if event["type"] == "runtime.output" and event["payload"]["data"].get("kind") == "detail"
    }
    starts: Counter[tuple[str, str]] = Counter()
    ends: Counter[tuple[str, str, str]] = Counter()
    skips: Counter[tuple[str, str]] = Counter()
    for event in events:
        payload = event.get("payload") or {}
        scope = scopes.get(event["id"], "")
        if event["type"] == "chunk.started":
            starts[scope, payload["nodeId"]] += 1
        elif event["type"] in ("chunk.completed", "chunk.failed"):
            ends[scope, payload["nodeId"], event["type"]] += 1
        elif event["type"] == "runtime.output" and payload["data"].get("kind") == "skip":
            skips[payload["data"].get("scope", ""), payload["data"]["nodeId"]] += 1
    for outcome in execution.journal:
        at = (outcome.scope, outcome.node_id)
        if outcome.status == "skipped":
            if skips[at] != 1 or starts[at]:
                yield f"{execution.id}: node {outcome.node_id} was skipped, its events say otherwise"
        elif starts[at] != 1 or ends[*at, CHUNK_ENDS[outcome.status]] != 1:
            yield f"{execution.id}: node {outcome.node_id} is {outcome.status} without one start and one end event"
    if sum(ends.values()) != sum(outcome.status != "skipped" for outcome in execution.journal):
        yield f"{execution.id}: {sum(ends.values())} end events for its outcomes"


def _effects(execution: Execution, effects: Sequence[Effect]) -> Iterator[str]:
    outcomes = {outcome.activation_id: outcome for outcome in execution.journal}
    recovered = Counter(
        event["payload"]["data"]["activationId"]
        for event in execution.events
        if event["type"] == "runtime.output" and event["payload"]["data"].get("recovered")
    )
    times: Counter[tuple[str, int]] = Counter()
    keys: dict[str, set[str]] = defaultdict(set)
    for effect in effects:
        times[effect.activation_id, effect.attempt] += 1
        keys[effect.activation_id].add(effect.key)
        outcome = outcomes.get(effect.activation_id)
        if outcome is None:
            yield f"{execution.id}: an effect of activation {effect.activation_id}, which has no outcome"
        elif outcome.status in ("succeeded", "failed") and effect.at > outcome.ended_at:
            # One that was cancelled may have been on its way; nobody can call a thread back.
            late = (effect.at - outcome.ended_at) / 1_000
            yield f"{execution.id}: activation {effect.activation_id} had an effect {late:.0f} ms after its outcome"
    for (activation_id, attempt), count in times.items():
        if count - 1 > recovered[activation_id]:
            yield (
                f"{execution.id}: attempt {attempt} of activation {activation_id} ran {count} times"
                f" with {recovered[activation_id]} recoveries"
            )
    for activation_id, seen in keys.items():
        if len(seen) > 1:
            yield f"{execution.id}: activation {activation_id} had {len(seen)} idempotency keys"


def _clients(facts: Facts) -> Iterator[str]:
    for execution_id, how, ids in facts.clients:
        execution = facts.executions.get(execution_id)
        if execution is None:
            continue
        kept = [event["id"] for event in execution.events]
        if list(ids) == kept:
            continue
        repeated = [event_id for event_id, count in Counter(ids).items() if count > 1]
        missed = [event_id for event_id in kept if event_id not in set(ids)]
        yield f"{execution_id}: a client by {how} missed {missed}, got twice {repeated}, of {len(kept)} events"


def _project(facts: Facts) -> Iterator[str]:
    if not facts.project_events:
        return
    told = Counter(facts.project_events)
    for (kind, execution_id), count in told.items():
        if count > 1:
            yield f"{execution_id}: the project was told {kind} {count} times"
    for accepted in facts.accepted:
        if not told["execution.started", accepted.id]:
            yield f"{accepted.id}: the project was not told of its start"
        if not any(told[kind, accepted.id] for kind in ENDING):
            yield f"{accepted.id}: the project was not told of its end"


def _answers(facts: Facts) -> Iterator[str]:
    for wait, told in facts.answers:
        if sorted(status for status, _ in told) != [200, 409]:
            yield f"{wait}: two answers at once were told {[status for status, _ in told]}"
        elif told[0][1] != told[1][1]:
            yield f"{wait}: the winner was told {told[0][1]}, the loser {told[1][1]}"


def _fires(facts: Facts) -> Iterator[str]:
    for due, executions in facts.fires:
        if len(executions) != 1:
            yield f"the minute {due} fired {len(executions)} runs"
    dues = [due for due, _ in facts.fires]
    if dues and dues != list(range(dues[0], dues[0] + len(dues))):
        yield f"the minutes {dues} are not one after the other"
