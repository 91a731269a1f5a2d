"""Run a world in a random order, and hold what happens against laws that are said in another way than the scopes are
written: from the drawn flow and the trace alone. Then again from prefixes of its journal."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from triggerflow_orchestrator.domain.ledger import LedgerMisused
from triggerflow_orchestrator.domain.plan import Plan, PlanNode
from triggerflow_orchestrator.domain.replay_scopes import Entry, replay_scopes
from triggerflow_orchestrator.domain.scopes import (
    Begun,
    Broke,
    Cut,
    Ended,
    Fired,
    Received,
    Scope,
    Scopes,
    Skipped,
    Told,
    received,
)

from .flows import Judge, World, world

Place = tuple[str, str]
PREFIXES = 4


@dataclass(slots=True)
class Trace:
    """One run. `cuts[i]` is how much of the journal was written when step i was done."""

    order: list[Place] = field(default_factory=list)
    steps: list[list[str]] = field(default_factory=list)
    journal: list[Entry] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    frontiers: list[list[Place]] = field(default_factory=list)
    broke: bool = False
    seen: Counter[str] = field(default_factory=Counter)


def check(seed: int, scopes_class: type[Scopes] = Scopes) -> Counter[str]:
    """Everything that must hold of the world of this seed. What it had in it, so that a suite may be asked."""
    given = world(seed)
    try:
        trace = run(given, scopes_class, random.Random(seed))
        resume(given, trace, random.Random(seed + 1))
    except (AssertionError, LedgerMisused, KeyError) as error:
        raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
    return trace.seen


def run(given: World, scopes_class: type[Scopes], rng: random.Random) -> Trace:
    """To the end, ending a random one of what runs each time: handlers that take long, waits among them."""
    scopes = scopes_class(given.plan, Judge(given))
    trace, watch = Trace(), Watch(given)
    step = scopes.start(given.fired)
    while True:
        watch.take(step, trace)
        trace.journal += entries(step)
        trace.cuts.append(len(trace.journal))
        trace.steps.append(said(step))
        trace.frontiers.append(list(watch.running))
        waiting = [place for place, begun in watch.running.items() if begun.node.subflow is None]
        if not waiting or trace.broke:
            break
        place = rng.choice(waiting)
        begun = watch.running.pop(place)
        did = given.does(*place[:1], begun.node)
        trace.order.append(place)
        failed = did.failure is not None
        trace.journal.append(Entry(*place, "failed" if failed else "succeeded", did.lit, did.failure))
        watch.ended(begun, did.lit)
        if did.failure is not None and not begun.node.error_wired:
            step = scopes.fail(begun.scope, begun.node, did.failure)
        else:
            step = scopes.complete(begun.scope, begun.node, did.lit)
    if not trace.broke:
        assert scopes.settled, "the run hangs"
        assert not watch.running, f"{list(watch.running)} run for nobody"
        watch.settled()
    trace.seen["broke"] += trace.broke
    return trace


def resume(given: World, trace: Trace, rng: random.Random) -> None:
    """From prefixes of the journal, at ends of steps, as a journal is written: the same frontier, the same end."""
    last = len(trace.cuts) - (1 if trace.broke else 0)
    for at in sorted(rng.sample(range(last), min(PREFIXES, last))):
        again = replay_scopes(given.plan, Judge(given), trace.journal[: trace.cuts[at]])
        running = {(begun.scope.name, begun.node.id): begun for begun in again.frontier}
        was = set(trace.frontiers[at])
        assert running.keys() == was, f"after step {at}: {sorted(running)}, was {sorted(was)}"
        for place, expected in zip(trace.order[at:], trace.steps[at + 1 :], strict=True):
            begun = running.pop(place)
            did = given.does(*place[:1], begun.node)
            if did.failure is not None and not begun.node.error_wired:
                step = again.scopes.fail(begun.scope, begun.node, did.failure)
            else:
                step = again.scopes.complete(begun.scope, begun.node, did.lit)
            assert said(step) == expected, "the replayed run goes another way"
            for happening in step:
                if isinstance(happening, Begun):
                    running[happening.scope.name, happening.node.id] = happening
                elif isinstance(happening, Cut | Ended):
                    running.pop((happening.scope.name, happening.node.id))
        assert trace.broke or again.scopes.settled, "the replayed run hangs"


class Watch:
    """What is known of a run from outside."""

    def __init__(self, given: World) -> None:
        self._given = given
        self.running: dict[Place, Begun] = {}
        self._once: set[Place] = set()
        self._over: set[str] = set()
        # By scope: the header's ports that got a live token back, and whether an exit was lit; by scope: outputs.
        self._back: dict[str, set[str]] = {}
        self._exited: set[str] = set()
        self._outputs: dict[str, dict[str, Any]] = {}
        self._lists: dict[Place, Begun] = {}

    def take(self, told: Told, trace: Trace) -> None:
        for happening in told:
            match happening:
                case Begun(scope, node, _):
                    self._begins(scope, node)
                    self.running[scope.name, node.id] = happening
                    trace.seen[node.subflow.mode if node.subflow is not None else "nodes"] += 1
                    trace.seen["second iterations"] += scope.name.endswith(":1") and isinstance(node.type, str)
                    trace.seen["nested scopes"] += "/" in scope.name
                case Received(scope, node, inputs):
                    self._settles(scope.name, node.id)
                    self._outputs.setdefault(scope.name, {})[node.name] = received(node, inputs).plain
                case Fired(scope, node, _) | Skipped(scope, node):
                    self._settles(scope.name, node.id)
                case Cut(scope, node):
                    assert (scope.name, node.id) in self.running, f"{node.id} was cut and did not run"
                    del self.running[scope.name, node.id]
                    trace.seen["cuts"] += 1
                case Ended(scope, node, lit, failure):
                    self._subflow_ended(scope, node, lit, failure)
                case Broke(_):
                    trace.broke = True
        for scope in self._exited:
            left = [place for place in self.running if place[0] == scope or place[0].startswith(f"{scope}/")]
            assert not left, f"{left} run in {scope}, which has ended"

    def _begins(self, scope: Scope, node: PlanNode) -> None:
        self._settles(scope.name, node.id)
        name = scope.name
        assert not any(_within(name, over) for over in self._exited), f"{node.id} begins in {name}, which has ended"
        plan, around, number = self._region(name)
        if plan.header is None or node.index != plan.header or number == 0:
            if plan.header is None and name:
                self._child_begins(name, around)
            return
        before = f"{around}:{number - 1}"
        assert self._back.get(before), f"iteration {name} begins, and nothing went back in {before}"
        still = [place for place in self.running if _within(place[0], before)]
        assert not still, f"iteration {name} begins while {still} run in the one before"

    def _child_begins(self, name: str, around: str) -> None:
        scope, _, node_id = around.rpartition("/")
        begun = self.running.get((scope, node_id))
        assert begun is not None, f"a child of {around} runs, and the node does not"
        assert begun.node.subflow is not None
        children = {_child(place[0], around) for place in self.running if place[0].startswith(f"{around}:")} | {
            name.removeprefix(f"{around}:")
        }
        most = begun.node.subflow.concurrency if begun.node.subflow.mode == "forEach" else 1
        assert len(children) <= most, f"{len(children)} children of {around} run, of at most {most}"

    def _subflow_ended(self, scope: Scope, node: PlanNode, lit: Any, failure: Any) -> None:
        begun = self.running.pop((scope.name, node.id))
        prefix = scope.below(node, 0).removesuffix("0")
        left = [place for place in self.running if place[0].startswith(prefix)]
        assert not left, f"{node.id} ended, and {left} run below it"
        plan = node.subflow
        assert plan is not None
        if failure is None and plan.mode == "forEach":
            items = begun.inputs["items"]
            items = getattr(items, "plain", items)
            out = lit[plan.result_port].plain
            assert len(out) == len(items)
            for index, result in enumerate(out):
                name = f"{prefix}{index}"
                assert result in (self._outputs.get(name, {}), None), f"item {index} gave another result"
                assert result is not None or plan.continues
            if plan.errors_port is not None:
                failed = [error["index"] for error in lit[plan.errors_port].plain]
                assert failed == [index for index, result in enumerate(out) if result is None]
        self._send(scope.name, node, lit)

    def ended(self, begun: Begun, lit: Any) -> None:
        self._send(begun.scope.name, begun.node, lit)

    def _send(self, name: str, node: PlanNode, lit: Any) -> None:
        """Note what a node with no condition on its back edges sends back or out."""
        asked = {one.port for one in node.whiles}
        for leaving in node.leaving:
            if leaving.port not in lit:
                continue
            if leaving.back is None and leaving.port not in asked:
                self._exited.add(name)
            elif leaving.back is not None:
                self._back.setdefault(name, set()).add(leaving.back)
        # From a loop inside, whatever its composite sends back: any node of it may have.
        if node.leaving:
            for around in _around(name):
                self._back.setdefault(around, set()).add("maybe")

    def settled(self) -> None:
        settled = {node_id for scope, node_id in self._once if not scope}
        for node in self._given.plan.nodes:
            if node.loop is None:
                assert node.id in settled, f"{node.id} never settled"
            else:
                looked = [place for place in self._once if place[1] == node.id]
                assert looked, f"the loop at {node.id} was neither entered nor skipped"

    def _settles(self, scope: str, node_id: str) -> None:
        assert (scope, node_id) not in self._once, f"{node_id} settled twice in {scope!r}"
        self._once.add((scope, node_id))

    def _region(self, name: str) -> tuple[Plan, str, int]:
        plan = self._given.plan
        around, number = "", 0
        for segment in name.split("/") if name else ():
            node_id, _, text = segment.rpartition(":")
            node = plan.nodes[plan.index[node_id]]
            inside = node.loop.body if node.loop is not None else node.subflow.plan if node.subflow else None
            assert inside is not None
            plan, number = inside, int(text)
        if name:
            around = name.rpartition(":")[0]
        return plan, around, number


def _within(name: str, scope: str) -> bool:
    return name == scope or name.startswith(f"{scope}/")


def _around(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _child(name: str, around: str) -> str:
    return name.removeprefix(f"{around}:").split("/")[0]


def entries(told: Told) -> list[Entry]:
    """What a run writes of a step, beside the end that brought it about."""
    found = []
    for happening in told:
        match happening:
            case Fired(scope, node, lit):
                found.append(Entry(scope.name, node.id, "succeeded", lit))
            case Received(scope, node, _):
                found.append(Entry(scope.name, node.id, "succeeded", {}))
            case Skipped(scope, node):
                found.append(Entry(scope.name, node.id, "skipped", {}))
            case Cut(scope, node):
                found.append(Entry(scope.name, node.id, "cancelled", {}))
            case Ended(scope, node, lit, failure):
                status = "succeeded" if failure is None else "failed"
                found.append(Entry(scope.name, node.id, status, lit, failure))
    return found


def said(told: Told) -> list[str]:
    """A step as text, to compare."""
    lines = []
    for happening in told:
        name = type(happening).__name__
        if isinstance(happening, Broke):
            lines.append(f"{name} {happening.failure}")
            continue
        values = getattr(happening, "inputs", getattr(happening, "lit", {}))
        plain = {key: getattr(value, "plain", value) for key, value in values.items()}
        lines.append(
            f"{name} {happening.node.id} in {happening.scope.name}: {plain} {getattr(happening, 'failure', '')}"
        )
    return lines
