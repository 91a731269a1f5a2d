"""Rebuild a run's scopes from its journal. Pure; no I/O.

Only ends of handlers' activations are told again, in the order they were written: triggers of children, outputs, skips,
cuts and the ends of subflow nodes follow from them. What lies below a subflow node whose own end was written is not
gone through: its result is all that is needed of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.domain.ledger import LedgerMisused
from triggerflow_orchestrator.domain.plan import Plan, PlanNode
from triggerflow_orchestrator.domain.scopes import Begun, Broke, Cut, Edits, Ended, Judge, Known, Scopes, Skipped, Told

ENDED = frozenset({"succeeded", "failed", "cancelled"})


class Entry(NamedTuple):
    """One outcome in a journal. `lit` has no meaning where the status is `skipped` or `cancelled`."""

    scope: str
    node: str
    status: str
    lit: Mapping[str, Any]
    failure: Failure | None = None


class Replayed(NamedTuple):
    """A run as its journal left it. `frontier` is what had begun and has no outcome."""

    scopes: Scopes
    frontier: list[Begun]


def replay_scopes(plan: Plan, judge: Judge, entries: Iterable[Entry], edits: Edits | None = None) -> Replayed:
    """The run after these entries, in the order they were written; an empty journal is a run that has not started.

    Raises LedgerMisused where the journal says otherwise than the plan: it belongs to another one.
    """
    recorded, rounds = _newest(list(entries), plan)
    scopes = Scopes(plan, judge, edits or {})
    if not recorded:
        return Replayed(scopes, [])
    regions = Regions(plan)
    sealed = {
        (entry.scope, entry.node)
        for entry in recorded
        if entry.status in ENDED and regions.node(entry.scope, entry.node).subflow is not None
    }
    scopes.sealed = frozenset(sealed)
    fired: dict[str, dict[int, Mapping[str, Any]]] = {}
    for entry in recorded:
        stem, _, number = entry.scope.rpartition(":")
        if entry.status == "succeeded" and rounds.get(stem) == int(number or -1):
            node = regions.node(entry.scope, entry.node)
            if node.is_trigger:
                fired.setdefault(entry.scope, {})[node.index] = entry.lit
    scopes.known = Known(begun_items(entry.scope for entry in recorded), rounds, fired)
    open_: dict[tuple[str, str], Begun] = {}
    skipped: set[tuple[str, str]] = set()

    def take(told: Told) -> None:
        for happening in told:
            if isinstance(happening, Begun):
                open_[happening.scope.name, happening.node.id] = happening
            elif isinstance(happening, Cut | Ended):
                open_.pop((happening.scope.name, happening.node.id), None)
            elif isinstance(happening, Skipped):
                skipped.add((happening.scope.name, happening.node.id))
            elif isinstance(happening, Broke):
                raise LedgerMisused(f"The run had failed: {happening.failure.message}")

    roots = [entry for entry in recorded if not entry.scope and entry.status == "succeeded"]
    take(scopes.start({plan.index[e.node]: e.lit for e in roots if regions.node("", e.node).is_trigger}))
    for entry in recorded:
        if below(entry.scope, sealed):
            continue
        if entry.status == "skipped":
            continue
        node = regions.node(entry.scope, entry.node)
        if entry.status == "cancelled" or node.is_trigger or node.type == "output":
            continue
        scope = scopes.find(entry.scope)
        open_.pop((entry.scope, entry.node), None)
        if entry.status == "failed" and not node.error_wired:
            take(scopes.fail(scope, node, entry.failure or Failure("Unknown", "the journal does not say why")))
        else:
            take(scopes.complete(scope, node, entry.lit))
    for entry in recorded:
        lost = entry.status == "skipped" and (entry.scope, entry.node) not in skipped
        if lost and not below(entry.scope, sealed):
            raise LedgerMisused(f"The journal skipped node {entry.node} in {entry.scope!r}, the plan does not.")
    scopes.sealed, scopes.known = frozenset(), None
    return Replayed(scopes, list(open_.values()))


def _newest(entries: list[Entry], plan: Plan) -> tuple[list[Entry], dict[str, int]]:
    """Without what lies in iterations of loops, and rounds of sub-flows, that others followed; and by stem, which to go
    on from. It has a row that is no cut, so its header has ended, or its triggers have fired."""
    regions = Regions(plan)
    newest: dict[str, int] = {}
    for entry in entries:
        if entry.scope and entry.status != "cancelled":
            stem, _, number = entry.scope.rpartition(":")
            if int(number) > newest.get(stem, 0) and regions.rounds(stem):
                newest[stem] = int(number)
    if not newest:
        return entries, newest
    old: dict[str, bool] = {"": False}

    def is_old(scope: str) -> bool:
        found = old.get(scope)
        if found is None:
            stem, _, number = scope.rpartition(":")
            found = old[scope] = int(number) < newest.get(stem, 0) or is_old(scope.rpartition("/")[0])
        return found

    return [entry for entry in entries if not is_old(entry.scope)], newest


def begun_items(scopes: Iterable[str]) -> dict[str, int]:
    """The highest number of each stem of these scopes: how far each for-each had come. A child has an entry at once."""
    found: dict[str, int] = {}
    seen: set[str] = set()
    for scope in scopes:
        name = scope
        while name and name not in seen:
            seen.add(name)
            stem, _, number = name.rpartition(":")
            found[stem] = max(found.get(stem, 0), int(number))
            name = name.rpartition("/")[0]
    return found


def below(scope: str, sealed: set[tuple[str, str]]) -> bool:
    """Whether a scope lies in a subflow node whose end is known."""
    if not scope or not sealed:
        return False
    around = ""
    for segment in scope.split("/"):
        if (around, segment.rpartition(":")[0]) in sealed:
            return True
        around = f"{around}/{segment}" if around else segment
    return False


class Regions:
    """Which region a scope's name belongs to, found once for all scopes of one shape."""

    def __init__(self, plan: Plan) -> None:
        self._found: dict[tuple[str, ...], Plan] = {(): plan}

    def node(self, scope: str, node_id: str) -> PlanNode:
        """Raises LedgerMisused where the plan has no such node there."""
        shape = tuple(segment.rpartition(":")[0] for segment in scope.split("/")) if scope else ()
        plan = self._region(shape)
        place = plan.index.get(node_id)
        if place is not None and (found := plan.nodes[place]).loop is None:
            return found
        # A loop that was never entered is skipped in the scope around it, node by node.
        for node in plan.nodes:
            for member in node.loop.members if node.loop is not None else ():
                if member.id == node_id:
                    return member
        raise LedgerMisused(f"The plan has no node {node_id} in {scope!r}.")

    def rounds(self, stem: str) -> bool:
        """Whether the scopes of this stem follow each other: those of a loop, and of a sub-flow's `while`."""
        around, _, node_id = stem.rpartition("/")
        shape = tuple(segment.rpartition(":")[0] for segment in around.split("/")) if around else ()
        region = self._region(shape)
        place = region.index.get(node_id)
        node = region.nodes[place] if place is not None else None
        return node is not None and (
            node.loop is not None or (node.subflow is not None and node.subflow.mode == "while")
        )

    def _region(self, shape: Sequence[str]) -> Plan:
        key = tuple(shape)
        found = self._found.get(key)
        if found is None:
            around = self._region(key[:-1])
            place = around.index.get(key[-1])
            node = around.nodes[place] if place is not None else None
            inside = None
            if node is not None and node.loop is not None:
                inside = node.loop.body
            elif node is not None and node.subflow is not None:
                inside = node.subflow.plan
            if inside is None:
                raise LedgerMisused(f"The plan has no scopes below {'/'.join(key)}.")
            found = self._found[key] = inside
        return found
