"""Decide what a new run may take over from one that has ended. Pure; no I/O.

An outcome is reused where a replay of those reused before it makes its node ready with the very inputs it had: so what
is reused is always something the ledger accepts, whatever changed between the versions, and whatever stood on a thing
that repeats repeats too. Values are compared as they are shown: a reference equals itself and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
from triggerflow_chassis.flow_model import join_mode

from triggerflow_orchestrator.domain.ledger import DONE, SKIPPED, Ledger, Step
from triggerflow_orchestrator.domain.plan import ROOT_SCOPE, Plan, PlanNode

FROM_START: Final = "start"
FROM_FAILURE: Final = "failure"


class Place(NamedTuple):
    """Where an activation is: its node, in its scope."""

    scope: str
    node_id: str


class Outcome(NamedTuple):
    """What a journal says of one activation. `ports` are as they are shown."""

    activation_id: str
    place: Place
    status: str
    ports: Mapping[str, Any]


class Decision(NamedTuple):
    """What becomes of each part of the old run."""

    reused: tuple[Outcome, ...]
    """In the order of the old journal, which the ledger accepts."""
    repeats: tuple[int, ...]
    """Nodes of the new plan that run code and run, or may run: everything that is neither reused nor skipped."""
    changed: tuple[str, ...]
    """Nodes of the new plan that mean something else than in the old one, or are new in it."""
    restarted: Place | None
    """The activation named by `start`, where a node was named."""


class NotRun(LookupError):
    """The node named to start from did not run, or is not in the plan."""


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A token of a trigger whose outcome cannot be reused: like no other."""


def decide(
    old: Plan,
    new: Plan,
    journal: Sequence[Outcome],
    fired: Iterable[int],
    start: str,
    gone: Collection[str] = (),
) -> Decision:
    """`journal` in the order it was written, `fired` the triggers of the new plan that fire. `start` is FROM_START,
    FROM_FAILURE or a node's id; `gone` has the activations whose values cannot be read any more.

    Raises NotRun where `start` names a node that did not run then, or is not in the new plan.
    """
    changed = _changed(old, new)
    restarted = _restarted(new, journal, start) if start not in (FROM_START, FROM_FAILURE) else None
    # A loop is not reused in part: it runs again. A sub-flow is reused whole, by its own node.
    whole = [outcome for outcome in journal if outcome.place.scope == ROOT_SCOPE]
    usable = {} if start == FROM_START else _usable(old, new, whole, {*changed}, gone, restarted)
    return Decision(*_replayed(new, usable, _inputs(old, whole) if usable else {}, tuple(fired)), changed, restarted)


def meaning(node: Mapping[str, Any]) -> Any:
    """What a node does, as far as the content hash counts it: equal for nodes that differ in place or words alone."""
    ports = node.get("ports") or {}
    sides = {
        side: None
        if ports.get(side) is None
        else [{key: value for key, value in port.items() if key != "label"} for port in ports[side]]
        for side in ("inputs", "outputs")
    }
    name = node["name"] if node["type"] == "output" else None
    return {"type": node["type"], "name": name, "handlers": node.get("handlers"), "join": join_mode(node), **sides}


def _changed(old: Plan, new: Plan) -> tuple[str, ...]:
    def same(node: PlanNode) -> bool:
        before = old.index.get(node.id)
        return before is not None and _equal(meaning(old.nodes[before].source), meaning(node.source))

    return () if old is new else tuple(node.id for node in new.nodes if not same(node))


def _restarted(new: Plan, journal: Sequence[Outcome], start: str) -> Place:
    ran = [outcome for outcome in journal if outcome.place.node_id == start and outcome.status != "skipped"]
    if not ran or start not in new.index:
        raise NotRun(start)
    return ran[-1].place


def _usable(
    old: Plan,
    new: Plan,
    journal: Sequence[Outcome],
    changed: Collection[str],
    gone: Collection[str],
    restarted: Place | None,
) -> dict[Place, Outcome]:
    """What might be reused, were it reached: it ended as data, and nothing about the node itself speaks against it."""
    found = {}
    for outcome in journal:
        node_id = outcome.place.node_id
        if node_id in changed or node_id not in new.index or outcome.activation_id in gone:
            continue
        if outcome.place == restarted or not _is_data(old, outcome) or not _is_data(new, outcome):
            continue
        found[outcome.place] = outcome
    return found


def _is_data(plan: Plan, outcome: Outcome) -> bool:
    """Whether the outcome is one that a run goes on from."""
    handled = outcome.status == "failed" and plan.nodes[plan.index[outcome.place.node_id]].error_wired
    return outcome.status == "succeeded" or handled


def _inputs(plan: Plan, journal: Sequence[Outcome]) -> dict[Place, Mapping[str, Any]]:
    """What each activation of the old run was given."""
    walk = _Walk(plan)
    ended = [outcome for outcome in journal if _is_data(plan, outcome)]
    fired = {plan.index[o.place.node_id]: o.ports for o in ended if plan.nodes[plan.index[o.place.node_id]].is_trigger}
    walk.start(fired)
    for outcome in ended:
        if outcome.place in walk.running:
            walk.complete(outcome)
    return walk.given


def _replayed(
    new: Plan, usable: Mapping[Place, Outcome], inputs: Mapping[Place, Mapping[str, Any]], fired: tuple[int, ...]
) -> tuple[tuple[Outcome, ...], tuple[int, ...]]:
    walk = _Walk(new)
    tokens: dict[int, Mapping[str, Any]] = {}
    reused: list[Outcome] = []
    for index in fired:
        node = new.nodes[index]
        outcome = usable.get(Place(ROOT_SCOPE, node.id))
        if outcome is None:
            tokens[index] = {port: _Unknown() for port in node.declared_outputs}
        else:
            tokens[index] = outcome.ports
            reused.append(outcome)
    walk.start(tokens)
    for outcome in usable.values():
        place = outcome.place
        if place not in walk.given or not _equal(walk.given[place], inputs.get(place)):
            continue
        reused.append(outcome)
        if place in walk.running:  # an output node is done in the moment it is reached
            walk.complete(outcome)
    repeats = tuple(
        node.index
        for node in new.nodes
        if walk.ledger.state(node.index) not in (DONE, SKIPPED) and not node.is_trigger and node.type != "output"
    )
    return tuple(reused), repeats


class _Walk:
    """A ledger with what was started in it, by place."""

    def __init__(self, plan: Plan) -> None:
        self.ledger = Ledger(plan)
        self.running: set[Place] = set()
        self.given: dict[Place, Mapping[str, Any]] = {}

    def start(self, fired: Mapping[int, Mapping[str, Any]]) -> None:
        self._follow(self.ledger.start(fired))

    def complete(self, outcome: Outcome) -> None:
        self.running.remove(outcome.place)
        self._follow(self.ledger.complete(self.ledger.plan.index[outcome.place.node_id], outcome.ports))

    def _follow(self, first: Step) -> None:
        pending = [first]
        while pending:
            for ready in pending.pop().ready:
                node = self.ledger.plan.nodes[ready.node]
                place = Place(ROOT_SCOPE, node.id)
                self.given[place] = ready.inputs
                if node.type == "output":
                    pending.append(self.ledger.complete(ready.node, {}))
                else:
                    self.running.add(place)


def _equal(one: Any, other: Any) -> bool:
    """As JSON: 1, 1.0 and true are three values."""
    if one is other:
        return True
    try:
        return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # it holds what is like no other
        return False
