"""Decide what a new run may take over from one that has ended. Pure; no I/O.

An outcome is reused where a replay of those reused before it makes its node begin, in the same scope, with the very
inputs it had: so what is reused is always something the scopes accept, whatever changed between the versions, and
whatever stood on a thing that repeats repeats too. An outcome that would fail the run is not reused.

A subflow node that ended well is reused whole, its children unseen; of one that did not, what ended in its children is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
from triggerflow_chassis.flow_model import join_mode

from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.domain.ledger import DONE, SKIPPED, LedgerMisused
from triggerflow_orchestrator.domain.plan import ROOT_SCOPE, Plan, PlanNode
from triggerflow_orchestrator.domain.replay_scopes import Regions, begun_items, below
from triggerflow_orchestrator.domain.scopes import Begun, Broke, Cut, Ended, Fired, Judge, Known, Received, Scopes, Told
from triggerflow_orchestrator.domain.value import Value, as_value

FROM_START: Final = "start"
FROM_FAILURE: Final = "failure"


class Place(NamedTuple):
    """Where an activation is: its node, in its scope."""

    scope: str
    node_id: str


class Outcome(NamedTuple):
    """What a journal says of one activation."""

    activation_id: str
    place: Place
    status: str
    lit: Mapping[str, Value]
    failure: Failure | None = None


class Version(NamedTuple):
    """A version, as far as the rules go."""

    plan: Plan
    judge: Judge


class Decision(NamedTuple):
    """What becomes of each part of the old run."""

    reused: tuple[Outcome, ...]
    """In the order of the old journal, which the scopes accept."""
    repeats: tuple[PlanNode, ...]
    """Nodes of the new version that run code and run, or may run."""
    changed: tuple[str, ...]
    """Nodes of the new version that mean something else than in the old one, or are new in it."""
    restarted: Place | None
    """The activation named by `start`, where a node was named; of the one that failed, where that is the start."""


class NotRun(LookupError):
    """The node named to start from did not run."""


def decide(
    old: Version,
    new: Version,
    journal: Sequence[Outcome],
    fired: Mapping[int, Mapping[str, Value]],
    start: str,
    *,
    edited: Mapping[str, Value] | None = None,
    failed: str | None = None,
    gone: Collection[str] = (),
) -> Decision:
    """`journal` in the order it was written, `fired` what the triggers of the new version light. `start` is FROM_START,
    FROM_FAILURE or a node's id. `edited` are the inputs of that node, of `failed` where it is the failure; None leaves
    them as they were. `gone` has the activations whose values cannot be read any more.

    A node in a loop means the iteration that had not ended when the run did; where the loop had, it means the loop
    from its start. Raises NotRun where the node did not run then.
    """
    known = [outcome for outcome in journal if outcome.activation_id not in gone]
    same = _Sameness(old.plan, new.plan)
    changed = tuple(node.id for _, node in own_nodes(new.plan) if not same.in_flow(node))
    if start == FROM_START:
        return Decision((), _repeats(_begun(new, fired).scopes), changed, None)
    usable = [outcome for outcome in known if same.at(outcome.place)]
    sealed = _whole(new.plan, usable)
    before = _Walk(old, sealed, known)
    before.through(known)
    if old.plan is new.plan:
        # What failed the run would fail it again; known here, it need not be tried.
        usable = [outcome for outcome in usable if outcome is not before.broke_by]
    restarted, without = None, list[str]()
    if start != FROM_FAILURE:
        restarted, without = _restarted(old.plan, before.scopes, journal, start)
    elif edited is not None:
        restarted = _failed(journal, failed)
    if restarted is not None:
        # What it ran inside, where it is a subflow node, goes with it.
        without.append(f"{restarted.scope}/{restarted.node_id}:" if restarted.scope else f"{restarted.node_id}:")
        usable = [o for o in usable if o.place != restarted and not o.place.scope.startswith(tuple(without))]
        sealed &= {outcome.place for outcome in usable}
    edits = {restarted: edited} if restarted is not None and edited is not None else {}
    reused, after = _replayed(new, usable, before.given, fired, sealed, edits)
    while begins := (sealed & after.given.keys()) - {outcome.place for outcome in reused}:
        # They are reached and not reused: their children begin at once, and what follows from that counts.
        sealed -= begins
        reused, after = _replayed(new, usable, before.given, fired, sealed, edits)
    return Decision(reused, _repeats(after.scopes), changed, restarted)


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


def own_nodes(plan: Plan, headers: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], PlanNode]]:
    """The nodes of the flow itself, those in loops too, each with the headers of the loops around it."""
    for node in plan.nodes:
        if node.loop is None:
            yield headers, node
        else:
            yield from own_nodes(node.loop.body, (*headers, node.id))


class _Sameness:
    """Which nodes mean the same in two versions."""

    def __init__(self, old: Plan, new: Plan) -> None:
        self._identical = old is new
        self._old, self._new = Regions(old), Regions(new)
        self._flow = {node.id: node for _, node in own_nodes(old)}
        self._known: dict[tuple[tuple[str, ...], str], bool] = {}

    def in_flow(self, node: PlanNode) -> bool:
        """A node of the flow itself, wherever it lies."""
        before = self._flow.get(node.id)
        return before is not None and (self._identical or _equal(meaning(before.source), meaning(node.source)))

    def at(self, place: Place) -> bool:
        """The nodes at a place. False where one of the versions has none there."""
        shape = _shape(place.scope)
        found = self._known.get((shape, place.node_id))
        if found is None:
            try:
                before, after = self._old.node(*place), self._new.node(*place)
                found = before is after or _equal(meaning(before.source), meaning(after.source))
            except LedgerMisused:
                found = False
            self._known[shape, place.node_id] = found
        return found


class _Walk:
    """A version's scopes with what was begun in them, by place."""

    def __init__(
        self,
        version: Version,
        sealed: frozenset[Place],
        outcomes: Sequence[Outcome],
        edits: Mapping[Place, Mapping[str, Value]] | None = None,
    ) -> None:
        """Of a for-each, the items begin that `outcomes` know of: no others can be taken over."""
        edited = {(place.scope, place.node_id): inputs for place, inputs in (edits or {}).items()}
        self.scopes = Scopes(version.plan, version.judge, edited)
        self.scopes.sealed = frozenset((scope, node_id) for scope, node_id in sealed)
        self.scopes.known = Known(begun_items(outcome.place.scope for outcome in outcomes))
        self.given: dict[Place, Mapping[str, Any]] = {}
        """What each activation was given; of a trigger, what it lit."""
        self.outright: set[Place] = set()
        """Triggers and output nodes that were reached."""
        self.broke = False
        self.broke_by: Outcome | None = None
        self._plan = version.plan
        self._sealed = sealed
        self._running: dict[Place, Begun] = {}

    def start(self, fired: Mapping[int, Mapping[str, Any]]) -> None:
        """Fire the triggers."""
        self._take(self.scopes.start(fired))

    def through(self, outcomes: Sequence[Outcome]) -> None:
        """Go through a journal, as far as its outcomes did not fail the run."""
        root = [(o, self._plan.index.get(o.place.node_id)) for o in outcomes if o.place.scope == ROOT_SCOPE]
        self.start(
            {
                place: o.lit
                for o, place in root
                if place is not None and self._plan.nodes[place].is_trigger and o.status == "succeeded"
            }
        )
        for outcome in outcomes:
            self.end(outcome)
            if self.broke:
                self.broke_by = outcome
                return

    def end(self, outcome: Outcome) -> bool:
        """Take an outcome. False where its node does not run here, or where the outcome is not one to go on from, or
        follows from those of the node's children."""
        begun = self._running.get(outcome.place)
        if begun is None or outcome.status not in ("succeeded", "failed"):
            return False
        scope, node = begun.scope, begun.node
        if node.subflow is not None and node.subflow.plan is not None and outcome.place not in self._sealed:
            return False
        failed = outcome.status == "failed"
        if failed and node.error_wired and not outcome.lit:
            return False  # nothing took its failure then, so what the port would carry is not known
        del self._running[outcome.place]
        if failed and not node.error_wired:
            self._take(self.scopes.fail(scope, node, outcome.failure or Failure("Unknown", "")))
        else:
            self._take(self.scopes.complete(scope, node, outcome.lit))
        return True

    def _take(self, told: Told) -> None:
        for happening in told:
            match happening:
                case Begun(scope, node, inputs):
                    self.given[Place(scope.name, node.id)] = inputs
                    self._running[Place(scope.name, node.id)] = happening
                case Received(scope, node, given) | Fired(scope, node, given):
                    self.given[Place(scope.name, node.id)] = given
                    self.outright.add(Place(scope.name, node.id))
                case Cut(scope, node) | Ended(scope, node):
                    self._running.pop(Place(scope.name, node.id), None)
                case Broke():
                    self.broke = True


def _begun(version: Version, fired: Mapping[int, Mapping[str, Value]]) -> _Walk:
    walk = _Walk(version, frozenset(), ())
    walk.start(fired)
    return walk


def _replayed(
    new: Version,
    usable: Sequence[Outcome],
    given: Mapping[Place, Mapping[str, Any]],
    fired: Mapping[int, Mapping[str, Value]],
    sealed: frozenset[Place],
    edits: Mapping[Place, Mapping[str, Value]],
) -> tuple[tuple[Outcome, ...], _Walk]:
    walk, reused = _Walk(new, sealed, usable, edits), list[Outcome]()
    walk.start(fired)
    for number, outcome in enumerate(usable):
        place = outcome.place
        if place not in given or place not in walk.given or not _same_values(walk.given[place], given[place]):
            continue
        if walk.end(outcome) or place in walk.outright:
            reused.append(outcome)
        if walk.broke:
            # It would fail the run: it is made again, and so is what came after it.
            return _replayed(new, usable[:number], given, fired, sealed, edits)
    return tuple(reused), walk


def _whole(plan: Plan, usable: Sequence[Outcome]) -> frozenset[Place]:
    """Subflow nodes that are reused as they ended, where they are reached with what they had."""
    regions = Regions(plan)
    found: set[tuple[str, str]] = set()
    for outcome in usable:
        node = regions.node(*outcome.place)
        if node.subflow is not None and (outcome.status == "succeeded" or (node.error_wired and outcome.lit)):
            found.add((outcome.place.scope, outcome.place.node_id))
    return frozenset(Place(*place) for place in found if not below(place[0], found))


def _restarted(plan: Plan, scopes: Scopes, journal: Sequence[Outcome], start: str) -> tuple[Place, list[str]]:
    """The activation to start from, and where a loop is run from its start, what the scopes in it begin with."""
    shape = next((headers for headers, node in own_nodes(plan) if node.id == start), None)
    ran = [
        outcome.place
        for outcome in journal
        if outcome.place.node_id == start and outcome.status != "skipped" and _shape(outcome.place.scope) == shape
    ]
    if not ran:
        raise NotRun(start)
    around = ROOT_SCOPE
    for segment in ran[-1].scope.split("/") if ran[-1].scope else ():
        header = segment.rpartition(":")[0]
        if not _under_way(scopes, around, header):
            without = f"{around}/{header}:" if around else f"{header}:"
            return next(place for place in ran if place.scope.startswith(without)), [without]
        around = f"{around}/{segment}" if around else segment
    return ran[-1], []


def _failed(journal: Sequence[Outcome], node_id: str | None) -> Place:
    """Where the run failed. Raises NotRun."""
    places = [o.place for o in journal if o.place.node_id == node_id and o.status == "failed"]
    if not places:
        raise NotRun(node_id)
    return places[-1]


def _shape(scope: str) -> tuple[str, ...]:
    return tuple(segment.rpartition(":")[0] for segment in scope.split("/")) if scope else ()


def _under_way(scopes: Scopes, around: str, header: str) -> bool:
    try:
        scope = scopes.find(around)
    except LedgerMisused:
        return False
    place = scope.plan.index.get(header)
    return place is not None and place in scope.inner


def _repeats(scopes: Scopes) -> tuple[PlanNode, ...]:
    root = scopes.root
    found: list[PlanNode] = []
    for node in root.plan.nodes:
        if root.ledger.state(node.index) not in (DONE, SKIPPED):
            found.extend(node.loop.members if node.loop is not None else (node,))
    return tuple(node for node in found if not node.is_trigger and node.type != "output")


def _same_values(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """As JSON: 1, 1.0 and true are three values."""
    if one is other:
        return True
    if one.keys() != other.keys():
        return False
    return all(one[key] is other[key] or as_value(one[key]).text == as_value(other[key]).text for key in one)


def _equal(one: Any, other: Any) -> bool:
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)
