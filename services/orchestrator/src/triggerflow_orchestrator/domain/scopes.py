"""Keep a run's scopes: its ledger, and one more for each iteration of a loop and each child of a sub-flow under way.

Deterministic and pure: what is told back follows from the plan and from what it was told, in that order, and from
nothing else; so a journal replays to the same scopes (`replay_scopes`). Only what lives is kept: an iteration that
settled, and a child that ended, leave behind their tokens and their result.

**Scopes.** `""` is the flow. Below, segments joined by `/`, each `<node id>:<n>`, n from 0: the header's id and the
iteration, or the subflow node's id and the item (0 for `once`, the round for `while`).

**Loops.** A loop is entered when its composite gets ready in the region around it. Each iteration is a new ledger over
the body that begins at the header. Once it has settled and a back edge was live in it, the next one begins. The first
activation that lights an exit ends the loop: its exit tokens are those of the composite, all other exits are dead, and
what still runs inside is cut. Settled with neither, all exits are dead.

**Sub-flows.** The node's own activation runs around its children, which the ledger here begins, a limited number at a
time and in the order of the items. It is ended here too, once they are done or one failed that may not. A flow may run
itself, 16 times inside itself at most.

**Bound.** While as many children live as `bound` says, for-eaches hold their next items back; one that has no child at
all may begin one up to twice the bound. Where all that lives waits for children of its own, one of these goes on over
the bound, so nothing stands still. What was held back last goes first: depth first, so that what lives stays few. A
step begins `burst` children at most; `admit` goes on with the others.

**Failures.** One that no error port takes ends its child, and so the subflow node, whose own error port is asked next;
with none on the way up it breaks the run. A loop does not stop it.

Values are `domain.value.Value` or, as a port's default, plain JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from triggerflow_chassis.flow_model import ERROR_PORT

from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.domain.happenings import (
    Begun,
    Broke,
    Cut,
    Ended,
    Fired,
    Happening,
    Lost,
    Received,
    Skipped,
    Told,
)
from triggerflow_orchestrator.domain.ledger import READY, LedgerMisused, Step
from triggerflow_orchestrator.domain.plan import Plan, PlanNode
from triggerflow_orchestrator.domain.scope import Known, LoopRun, Scope, SubflowRun
from triggerflow_orchestrator.domain.value import NULL, Value, as_value, encode, list_of, object_of, plain_of, unfit

__all__ = [
    "Begun",
    "Broke",
    "Cut",
    "Edits",
    "Ended",
    "Fired",
    "Happening",
    "Judge",
    "Known",
    "LoopRun",
    "Lost",
    "Received",
    "Refused",
    "Scope",
    "Scopes",
    "Skipped",
    "SubflowRun",
    "Told",
    "child_inputs",
    "error_value",
    "received",
]

MAX_ITERATIONS: Final = "MaxIterations"
TOO_DEEP: Final = "TooDeep"
# How often a flow may run inside itself, and sub-flows inside each other.
MOST_RECURSION: Final = 16
DEEPEST: Final = 32
# Children that live at once, unless the caller says otherwise.
MOST_CHILDREN: Final = 5_000


class Refused(Exception):
    """What was asked of a `Judge` has no answer: why, as a failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Judge(Protocol):
    """What the rules need to ask. Answers depend on the question alone."""

    def holds(self, expression: str, keys: Iterable[str], inputs: Mapping[str, Any]) -> bool:
        """Whether a CEL condition over these inputs, plain JSON, is true. Raises Refused."""

    def fired(self, plan: Plan, inputs: Value) -> Mapping[int, Mapping[str, Value]]:
        """What each manual trigger of a child lights. Raises Refused, where there is none too."""


Edits = Mapping[tuple[str, str], Mapping[str, Any]]
"""By scope and node id: inputs by port."""

_NO_EDITS: Final[Edits] = {}


class Scopes:
    """All scopes of one run. Not safe for use by several threads at once."""

    __slots__ = (
        "_alive",
        "_begun",
        "_broken",
        "_busy",
        "_edits",
        "_held",
        "_judge",
        "_starved",
        "_todo",
        "bound",
        "burst",
        "known",
        "root",
        "sealed",
    )

    def __init__(self, plan: Plan, judge: Judge, edits: Edits = _NO_EDITS) -> None:
        """`edits` are inputs that a node gets instead of those its tokens carry."""
        self.root: Final = Scope("", plan, None, 0)
        self._judge = judge
        self._edits = edits
        self._broken = False
        self._todo: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self.sealed: frozenset[tuple[str, str]] = frozenset()
        """In a replay: subflow nodes, by scope and id, whose end is known; their children need not be gone through."""
        self.known: Known | None = None
        """In a replay: how far things had come. It decides which items begin, instead of the bound."""
        self.bound = MOST_CHILDREN
        self.burst: int | None = None
        self._alive = 0
        self._busy = 0
        self._begun = 0
        # For-eaches with items held back, the last one last: those with no child at all, and the others.
        self._starved: dict[SubflowRun, None] = {}
        self._held: dict[SubflowRun, None] = {}

    @property
    def settled(self) -> bool:
        """Whether every node of the flow is done or skipped."""
        return self.root.ledger.settled

    @property
    def alive(self) -> int:
        """How many children of sub-flows live."""
        return self._alive

    @property
    def holds_back(self) -> bool:
        """Whether a for-each waits for a place for its next item."""
        return bool(self._starved or self._held)

    @property
    def more(self) -> bool:
        """Whether items are held back that may begin in a step of their own: see `admit`."""
        return self.known is None and not self._broken and self._next() is not None

    def admit(self) -> Told:
        """Begin items that were held back and may begin, as many as a step may."""
        return self._through([])

    def start(self, fired: Mapping[int, Mapping[str, Any]]) -> Told:
        """Begin with the lit ports of the triggers that fired; see `Ledger.start`."""
        told: Told = []
        self._start(told, self.root, fired)
        return self._through(told)

    def complete(self, scope: Scope, node: PlanNode, lit: Mapping[str, Any]) -> Told:
        """An activation ended and lit these ports."""
        self._check(scope, node, lit)
        told: Told = []
        self._cut_inner(told, scope, node)
        self._busy -= node.subflow is None
        self._ended(told, scope, node, lit)
        return self._through(told) if self._todo or self._starved or self._held else told

    def fail(self, scope: Scope, node: PlanNode, failure: Failure) -> Told:
        """An activation failed, and its error port leads nowhere."""
        self._check(scope, node, {})
        told: Told = []
        self._cut_inner(told, scope, node)
        self._busy -= node.subflow is None
        scope.running.discard(node.index)
        self._break(told, scope, replace(failure, node_id=node.id))
        return self._through(told)

    def find(self, name: str) -> Scope:
        """A live scope by its name. Raises LedgerMisused."""
        scope = self.root
        for segment in name.split("/") if name else ():
            node_id, _, number = segment.rpartition(":")
            place = scope.plan.index.get(node_id)
            inner = scope.inner.get(place) if place is not None else None
            if isinstance(inner, LoopRun):
                found = inner.now
            elif isinstance(inner, SubflowRun):
                found = inner.children.get(int(number))
            else:
                found = None
            if found is None or str(found.number) != number:
                raise LedgerMisused(f"There is no live scope {name}.")
            scope = found
        return scope

    # Parts.

    def _check(self, scope: Scope, node: PlanNode, lit: Mapping[str, Any]) -> None:
        if scope.over or scope.ledger.state(node.index) != READY:
            raise LedgerMisused(f"Node {node.id} in scope {scope.name!r} ended, but was not running.")
        if not lit.keys() <= node.outputs:
            raise LedgerMisused(f"Node {node.id} has not all of these ports: {sorted(lit)}.")

    def _through(self, told: Told) -> Told:
        # Depth first: what the end of a sub-flow brings about comes before the next sub-flow begins. So a replay, which
        # is told of an end and not of the children before it, sends the same tokens in the same order. No recursion:
        # ten thousand children may each end in the moment they begin.
        self._begun = 0
        while True:
            stack = self._todo[::-1]
            self._todo.clear()
            while stack:
                do, given = stack.pop()
                do(told, *given)
                if self._broken:
                    break
                if self._todo:
                    stack += self._todo[::-1]
                    self._todo.clear()
            if self._broken or self._spent or (run := self._next()) is None:
                break
            self._fill(told, run)
        self._todo.clear()
        return told

    def _start(self, told: Told, scope: Scope, fired: Mapping[int, Mapping[str, Any]]) -> None:
        nodes = scope.plan.nodes
        step = scope.ledger.start(fired)
        told.extend([Fired(scope, nodes[index], lit) for index, lit in fired.items()])
        self._tell(told, scope, step)

    def _tell(self, told: Told, scope: Scope, step: Step) -> None:
        nodes, ledger = scope.plan.nodes, scope.ledger
        for index in step.skipped:
            node = nodes[index]
            if node.loop is None:
                told.append(Skipped(scope, node))
            else:
                told.extend([Skipped(scope, member) for member in node.loop.members])
        for lost in step.dropped:
            told.append(Lost(scope, nodes[lost.node], lost.port))
        for index, given in step.ready:
            node = nodes[index]
            edited = self._edits.get((scope.name, node.id)) if self._edits and node.loop is None else None
            inputs = given if edited is None else dict(edited)
            if node.type == "output":
                told.append(Received(scope, node, inputs))
                if scope.deed is not None:
                    scope.outputs[node.name] = received(node, inputs)
                ledger.complete(index, {})
            elif node.loop is not None:
                run = LoopRun(scope, node, node.loop, inputs)
                scope.inner[index] = run
                # What it goes on from has its header's outcome, so that nobody asks for the header's inputs.
                number = self.known.rounds.get(scope.stem(node), 0) if self.known is not None else 0
                self._iterate(told, run, inputs, number)
            else:
                scope.running.add(index)
                told.append(Begun(scope, node, inputs))
                if node.subflow is None:
                    self._busy += 1
                else:
                    self._todo.append((self._begin_subflow, (scope, node, inputs)))
        if ledger.pending == 0 and scope.deed is not None:
            self._todo.append((self._settled, (scope,)))

    def _ended(self, told: Told, scope: Scope, node: PlanNode, lit: Mapping[str, Any]) -> None:
        if scope.over:
            return
        scope.running.discard(node.index)
        if node.leaving and self._left(told, scope, node, lit):
            return
        self._tell(told, scope, scope.ledger.complete(node.index, lit))

    def _settled(self, told: Told, scope: Scope) -> None:
        deed = scope.deed
        if scope.over or deed is None:
            return
        scope.over = True
        if isinstance(deed, SubflowRun):
            del deed.children[scope.number]
            self._alive -= 1
            self._child_done(told, deed, scope.number, object_of(scope.outputs))
        elif deed.back:
            self._go_round(told, deed, scope.number)
        else:
            self._leave(deed, {})

    def _break(self, told: Told, scope: Scope, failure: Failure) -> None:
        """The scope cannot go on: its child fails, or the run."""
        while isinstance(scope.deed, LoopRun):
            scope = scope.deed.around
        run = scope.deed
        if run is None:
            self._broken = True
            told.append(Broke(failure))
        else:
            self._cut(told, scope)
            del run.children[scope.number]
            self._child_failed(told, run, scope.number, failure)

    def _cut(self, told: Told, scope: Scope) -> None:
        """End a scope where it stands: what runs in it, innermost first, is told."""
        scope.over = True
        for _, inner in sorted(scope.inner.items(), key=_number):
            self._cut_deed(told, inner)
        nodes = scope.plan.nodes
        told.extend([Cut(scope, nodes[index]) for index in sorted(scope.running)])
        self._busy -= sum(nodes[index].subflow is None for index in scope.running)
        self._alive -= isinstance(scope.deed, SubflowRun)

    def _cut_deed(self, told: Told, deed: LoopRun | SubflowRun) -> None:
        if isinstance(deed, SubflowRun):
            deed.over = True
            self._let_go(deed)
            for _, child in sorted(deed.children.items(), key=_number):
                self._cut(told, child)
        elif deed.now is not None:
            self._cut(told, deed.now)

    def _cut_inner(self, told: Told, scope: Scope, node: PlanNode) -> None:
        """A subflow node that ends from outside, as by its time limit, leaves its children behind."""
        if node.subflow is not None and (deed := scope.inner.pop(node.index, None)) is not None:
            self._cut_deed(told, deed)

    # Loops.

    def _iterate(self, told: Told, run: LoopRun, inputs: dict[str, Any], number: int = 0) -> None:
        scope = Scope(run.around.below(run.node, number), run.plan.body, run, number)
        run.now, run.back = scope, {}
        self._tell(told, scope, scope.ledger.begin(run.plan.header.index, inputs))

    def _left(self, told: Told, scope: Scope, node: PlanNode, lit: Mapping[str, Any]) -> bool:
        """Send what leaves the body, or goes back. True where the scope does not go on."""
        run = scope.deed
        if not isinstance(run, LoopRun):
            raise LedgerMisused(f"Node {node.id} lies in no loop, and an edge of it leaves one.")
        try:
            dead = self._dead_by_while(scope, node, lit) if node.whiles else frozenset[int]()
        except Refused as refused:
            self._break(told, scope, refused.failure)
            return True
        live = [leaving for leaving in node.leaving if leaving.port in lit and leaving.edge not in dead]
        exits = {str(leaving.edge): lit[leaving.port] for leaving in live if leaving.back is None}
        if exits:
            self._cut(told, scope)
            self._leave(run, exits)
            return True
        for leaving in live:
            if leaving.back in run.back:
                told.append(Lost(scope, run.plan.header, leaving.back))
            elif leaving.back is not None:
                run.back[leaving.back] = lit[leaving.port]
        return False

    def _dead_by_while(self, scope: Scope, node: PlanNode, lit: Mapping[str, Any]) -> frozenset[int]:
        dead: set[int] = set()
        for asked in node.whiles:
            if asked.port not in lit:
                continue
            run = _loop_at(scope, asked.header)
            back = dict(run.back)
            for other in node.whiles:
                if other.header == asked.header and other.port in lit:
                    back.setdefault(other.into, lit[other.port])
            inputs = {key: plain_of(value) for key, value in run.next_inputs(back).items()}
            keys = [port.key for port in run.plan.header.inputs]
            try:
                holds = self._judge.holds(asked.expression, keys, inputs)
            except Refused as refused:
                said = f"`while` of the loop at {run.node.name!r}: {refused.failure.message}"
                raise Refused(replace(refused.failure, message=said, node_id=run.node.id)) from None
            dead |= asked.others if holds else {asked.edge}
        return frozenset(dead)

    def _go_round(self, told: Told, run: LoopRun, number: int) -> None:
        most = run.plan.max_iterations
        if number + 1 < most:
            self._iterate(told, run, run.next_inputs(run.back), number + 1)
            return
        message = (
            f"the loop at {run.node.name!r} ran {most} times, its maxIterations, and would go on. "
            "Raise maxIterations, or let the loop end sooner."
        )
        self._break(told, run.around, Failure(MAX_ITERATIONS, message, run.node.id))

    def _leave(self, run: LoopRun, exits: Mapping[str, Any]) -> None:
        del run.around.inner[run.node.index]
        self._todo.append((self._ended, (run.around, run.node, exits)))

    # Sub-flows.

    def _begin_subflow(self, told: Told, scope: Scope, node: PlanNode, inputs: Mapping[str, Any]) -> None:
        plan = node.subflow
        if scope.over or plan is None or (scope.name, node.id) in self.sealed:
            return
        run = SubflowRun(scope, node, plan)
        scope.inner[node.index] = run
        if plan.mode == "forEach":
            items = plain_of(inputs.get("items"))
            if not isinstance(items, list):
                given = "nothing" if "items" not in inputs else _kind(items)
                self._subflow_failed(told, run, Failure("NotAList", f"the port items holds {given}, not a list"))
                return
            run.items = items
            run.results = [NULL] * len(items)
            self._fill(told, run)
        elif plan.mode == "while":
            known = self.known
            number = known.rounds.get(scope.stem(node), 0) if known is not None else 0
            if known is not None and number:
                self._start_child(told, run, plan.plan, number, known.fired[scope.below(node, number)])
            else:
                self._round(told, run, child_inputs(node, inputs), 0)
        else:
            self._begin_child(told, run, 0, child_inputs(node, inputs))

    def _fill(self, told: Told, run: SubflowRun) -> None:
        self._let_go(run)
        while not run.over and run.position < len(run.items) and len(run.children) < run.plan.concurrency:
            if not self._may_begin(run):
                (self._held if run.children else self._starved)[run] = None
                return
            position, run.position = run.position, run.position + 1
            item = run.items[position]
            self._begin_child(told, run, position, encode(item if isinstance(item, dict) else {"item": item}))
        if run.position == len(run.items) and not run.children:
            self._subflow_done(told, run, list_of(run.results))

    @property
    def _spent(self) -> bool:
        return self.burst is not None and self._begun >= self.burst

    def _may_begin(self, run: SubflowRun) -> bool:
        """Whether the next item of a for-each may begin now."""
        if self.known is not None:
            return run.position <= self.known.items.get(run.around.stem(run.node), -1)
        if self._spent:
            return False
        if self._alive < self.bound:
            return True
        return not run.children and (self._alive < 2 * self.bound or self._busy == 0)

    def _next(self) -> SubflowRun | None:
        """Which for-each goes on next of those that hold items back."""
        if self.known is not None:
            return None
        if self._starved and (self._alive < 2 * self.bound or self._busy == 0):
            return next(reversed(self._starved))
        if self._held and self._alive < self.bound:
            return next(reversed(self._held))
        return None

    def _let_go(self, run: SubflowRun) -> None:
        self._starved.pop(run, None)
        self._held.pop(run, None)

    def _round(self, told: Told, run: SubflowRun, value: Value, number: int) -> None:
        most = run.plan.max_iterations
        try:
            holds = self._judge.holds(run.plan.condition or "", value.plain, value.plain)
        except Refused as refused:
            self._subflow_failed(told, run, replace(refused.failure, message=f"`while`: {refused.failure.message}"))
            return
        if not holds:
            self._subflow_done(told, run, value)
        elif number >= most:
            message = f"the sub-flow ran {most} times, its maxIterations, and `while` still holds"
            self._subflow_failed(told, run, Failure(MAX_ITERATIONS, message))
        else:
            self._begin_child(told, run, number, value)

    def _begin_child(self, told: Told, run: SubflowRun, number: int, inputs: Value) -> None:
        plan = run.plan.plan
        if plan is None:
            raise LedgerMisused(f"Subflow node {run.node.id} has no plan.")
        try:
            _refuse_too_deep(run.around, plan)
            if (unfit_inputs := unfit("input", inputs)) is not None:
                raise Refused(Failure(*unfit_inputs))
            fired = self._judge.fired(plan, inputs)
        except Refused as refused:
            self._child_failed(told, run, number, refused.failure)
            return
        self._start_child(told, run, plan, number, fired)

    def _start_child(
        self,
        told: Told,
        run: SubflowRun,
        plan: Plan | None,
        number: int,
        fired: Mapping[int, Mapping[str, Any]],
    ) -> None:
        if plan is None:
            raise LedgerMisused(f"Subflow node {run.node.id} has no plan.")
        scope = Scope(run.around.below(run.node, number), plan, run, number)
        run.children[number] = scope
        self._alive += 1
        self._begun += 1
        self._start(told, scope, fired)

    def _child_done(self, told: Told, run: SubflowRun, number: int, outputs: Value) -> None:
        if run.plan.mode == "forEach":
            run.results[number] = outputs
            self._fill(told, run)
        elif run.plan.mode == "while":
            self._round(told, run, outputs, number + 1)
        else:
            self._subflow_done(told, run, outputs)

    def _child_failed(self, told: Told, run: SubflowRun, number: int, failure: Failure) -> None:
        if run.plan.mode == "forEach" and run.plan.continues:
            error = {"type": failure.type, "message": failure.message, "nodeId": failure.node_id}
            run.errors.append({"index": number, "error": error})
            self._todo.append((self._fill_on, (run,)))
        else:
            self._subflow_failed(told, run, failure)

    def _fill_on(self, told: Told, run: SubflowRun) -> None:
        if not run.over:
            self._fill(told, run)

    def _subflow_done(self, told: Told, run: SubflowRun, result: Value) -> None:
        if run.over:
            return
        lit: dict[str, Value] = {}
        if run.plan.result_port is not None:
            lit[run.plan.result_port] = result
        if run.plan.errors_port is not None:
            lit[run.plan.errors_port] = encode(sorted(run.errors, key=lambda error: error["index"]))
        for port, value in lit.items():
            if (refused := unfit(port, value)) is not None:
                self._subflow_failed(told, run, Failure(*refused))
                return
        self._close(told, run, lit, None)
        self._todo.append((self._ended, (run.around, run.node, lit)))

    def _subflow_failed(self, told: Told, run: SubflowRun, failure: Failure) -> None:
        if run.over:
            return
        self._cut_deed(told, run)
        own = replace(failure, node_id=run.node.id)
        lit = {ERROR_PORT: error_value(own, 1)} if run.node.error_wired else {}
        self._close(told, run, lit, own)
        if run.node.error_wired:
            self._todo.append((self._ended, (run.around, run.node, lit)))
        else:
            self._break(told, run.around, own)

    def _close(self, told: Told, run: SubflowRun, lit: Mapping[str, Value], failure: Failure | None) -> None:
        run.over = True
        self._let_go(run)
        scope, node = run.around, run.node
        del scope.inner[node.index]
        scope.running.discard(node.index)
        told.append(Ended(scope, node, lit, failure))


def received(node: PlanNode, inputs: Mapping[str, Any]) -> Value:
    """What an output node received: the value where it has one input port, else the inputs object."""
    if node.passes_single_input:
        return as_value(next(iter(inputs.values()))) if inputs else NULL
    return object_of({port: as_value(value) for port, value in inputs.items()})


def child_inputs(node: PlanNode, inputs: Mapping[str, Any]) -> Value:
    """What a child gets: the value of the single port where it is an object, else `{item}`; of several, all."""
    if not node.passes_single_input:
        return object_of({port: as_value(value) for port, value in inputs.items()})
    value = as_value(next(iter(inputs.values()), NULL))
    return value if isinstance(value.plain, dict) else object_of({"item": value})


def error_value(failure: Failure, attempt: int) -> Value:
    """What the error port carries: CONTRACT section 3 "Attempts"."""
    stack = failure.stack or ""
    return encode({"type": failure.type, "message": failure.message, "stack": stack, "attempt": attempt})


def _refuse_too_deep(around: Scope, plan: Plan) -> None:
    """Raises Refused where a flow runs inside itself, or sub-flows in each other, without an end in sight."""
    depth, within = 1, 0
    scope = around
    while True:
        within += scope.plan is plan
        if scope.deed is None:
            break
        depth += isinstance(scope.deed, SubflowRun)
        scope = scope.deed.around
    if within > MOST_RECURSION:
        message = f"the flow {plan.name!r} runs inside itself more than {MOST_RECURSION} times"
        raise Refused(Failure(TOO_DEEP, message))
    if depth > DEEPEST:
        raise Refused(Failure(TOO_DEEP, f"sub-flows run inside each other more than {DEEPEST} deep"))


def _loop_at(scope: Scope, header: str) -> LoopRun:
    deed = scope.deed
    while isinstance(deed, LoopRun):
        if deed.node.id == header:
            return deed
        deed = deed.around.deed
    raise LedgerMisused(f"There is no loop at {header} around scope {scope.name!r}.")


def _number(member: tuple[int, Any]) -> int:
    return member[0]


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {dict: "an object", str: "text", bool: "true or false"}
    return names.get(type(value), "a number")
