"""One live execution: decides what each outcome of an activation leads to. No I/O, no waiting.

Each method is one transition and gives one `Transition`: what to write, what to publish after it is durable, and
which activations start then. What runs next is the scopes' to say, and how it is written the transcript's. Rules:
CONTRACT sections 2 and 3; guarantee: DESIGN section 6.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

from triggerflow_chassis.ids import next_uuid7

from triggerflow_orchestrator.app import events, waiting
from triggerflow_orchestrator.app.activation import Activation, Transition
from triggerflow_orchestrator.app.events import EventWriter
from triggerflow_orchestrator.app.execution_state import ExecutionState
from triggerflow_orchestrator.app.in_flight import InFlight
from triggerflow_orchestrator.app.taken_results import TakenResults
from triggerflow_orchestrator.app.transcript import CANCELLED_TYPE, Transcript
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.execution import ExecutionRecord, ExecutionStatus, Failure
from triggerflow_orchestrator.domain.intervention import Intervention
from triggerflow_orchestrator.domain.plan import Plan, PlanNode
from triggerflow_orchestrator.domain.scopes import (
    Begun,
    Broke,
    Cut,
    Ended,
    Fired,
    Judge,
    Lost,
    Received,
    Scope,
    Scopes,
    Skipped,
    Told,
    error_value,
    received,
)
from triggerflow_orchestrator.domain.seed import Seed
from triggerflow_orchestrator.domain.value import Value, as_value
from triggerflow_orchestrator.domain.wait import Settled, WaitTerms

CUT_AT_ONCE: Final = 256
"""Activations that the end of a run cuts in one turn of the loop."""


class Run:
    """The state of one execution while this process runs it."""

    __slots__ = (
        "_last_activation",
        "_numbers",
        "_taken",
        "_untold",
        "epoch",
        "id",
        "inflight",
        "interventions",
        "plan",
        "scopes",
        "state",
        "trace",
        "transcript",
    )

    def __init__(
        self,
        record: ExecutionRecord,
        plan: Plan,
        numbers: Iterator[int],
        judge: Judge,
        event_writer: EventWriter | None = None,
        seed: Seed | None = None,
    ) -> None:
        self.id = record.id
        self.plan = plan
        self.scopes = Scopes(plan, judge, seed.edits if seed is not None else {})
        self.inflight = InFlight()
        self.trace = bool(record.options.get("trace"))
        self.state = ExecutionState(record)
        self.epoch = record.epoch
        reused_from = seed.execution_id if seed is not None else None
        self.transcript = Transcript(record, event_writer or EventWriter(record.id), reused_from)
        self._numbers = numbers
        self.interventions: tuple[Intervention, ...] = ()
        self._untold: list[Intervention] = []
        self._last_activation: str | None = None
        self._taken = TakenResults(seed)

    @property
    def ended(self) -> bool:
        """Whether its last event is decided."""
        return self.state.ended_at is not None

    @property
    def event_count(self) -> int:
        """Events so far."""
        return self.transcript.event_count

    @property
    def status(self) -> ExecutionStatus:
        """As the API has it."""
        return self.state.status

    @property
    def limit_seconds(self) -> int | None:
        """The shorter of the run's own limit and the flow's."""
        own = self.state.record.options.get("timeoutSeconds")
        limits = [seconds for seconds in (own, self.plan.timeout_seconds) if seconds is not None]
        return min(limits) if limits else None

    # Beginning.

    def begin(self, unit: Unit, now: int, fired: Mapping[int, Mapping[str, Any]]) -> Transition:
        """Start: fired triggers are done at once, since their work was done by whoever fired them."""
        move = Transition(unit)
        self.state.begin(now, self.limit_seconds)
        self.transcript.of_run(move, now, "execution.started", events.state("running"))
        for intervention in self._untold:
            self.transcript.intervention(move, now, intervention)
        self._taken.begin(unit)
        lit: dict[int, dict[str, Value]] = {}
        for index, ports in fired.items():
            lit[index] = {port: as_value(value) for port, value in ports.items()}
        if self._taken.left:
            self.scopes.sealed, self.scopes.known = self._taken.sealed, self._taken.known
            self._go_on(move, now, self.scopes.start(lit))
            self._take_over(move, now)
            if not self.ended:
                self._go_on(move, now, self.scopes.admit())
        else:
            self._go_on(move, now, self.scopes.start(lit))
        self._finish_if_settled(move, now)
        return move

    def _take_over(self, move: Transition, now: int) -> None:
        """Results of the run before count as if they came in now."""
        for activation, taken in self._taken.in_turn(move):
            if self.ended:
                continue  # nothing is reused that ends the run
            self.inflight.let_go(activation)
            if taken.failure is None:
                self._succeeded(move, activation, now, taken.lit)
            elif activation.node.error_wired:
                self.transcript.failed(move, now, activation, taken.failure, taken.lit)
                self._go_on(move, now, self.scopes.complete(activation.scope, activation.node, taken.lit))
            else:  # a child of a sub-flow that goes on without it
                self.transcript.failed(move, now, activation, taken.failure, {})
                self._go_on(move, now, self.scopes.fail(activation.scope, activation.node, taken.failure))
        self.scopes.sealed, self.scopes.known = frozenset(), None

    def resume(self, unit: Unit, scopes: Scopes, seq: int, last_activation: str | None) -> Transition:
        """Go on after a restart: the scopes replayed from the journal, the number of its last row, and the highest id
        of an activation so far."""
        self.scopes = scopes
        self.transcript.seq = seq
        self._last_activation = last_activation
        return Transition(unit)

    def restart(self, move: Transition, now: int, activation: Activation, recovered: bool) -> None:
        """Take up an activation of the frontier again, and say so where its handler may have run."""
        self.inflight.take_in(activation)
        if recovered and activation.node.subflow is None:  # the children of a sub-flow go on, it does not run again
            self.transcript.recovered(move, now, activation)
        move.ready.append(activation)

    def bound(self, children: int, a_step: int) -> None:
        """Let so many children of sub-flows live at once, and begin in one step."""
        self.scopes.bound, self.scopes.burst = children, a_step

    @property
    def may_admit(self) -> bool:
        """Whether items are held back that may begin now."""
        return not self.ended and self.scopes.more

    def admit(self, move: Transition, now: int) -> None:
        """Begin items of for-eaches that were held back and may begin."""
        self._go_on(move, now, self.scopes.admit())
        self._finish_if_settled(move, now)

    def keep_waiting(self, activation: Activation) -> None:
        """Take up one that waits for an answer since before a restart."""
        activation.waits = True
        self.inflight.take_in(activation)

    # Outcomes.

    def succeed(
        self, activation: Activation, now: int, lit: Mapping[str, Value], kept: Mapping[int, str] | None = None
    ) -> Transition:
        """The handler gave `lit`, of which the texts in `kept` are in the object store already."""
        move = self._close(activation)
        move.unit.kept.update(kept or {})
        self._succeeded(move, activation, now, lit)
        self._finish_if_settled(move, now)
        return move

    def go_on(self, move: Transition, activation: Activation, now: int, lit: Mapping[str, Value]) -> None:
        """`succeed`, within a step that has other outcomes before it."""
        self.inflight.let_go(activation)
        self._succeeded(move, activation, now, lit)
        self._finish_if_settled(move, now)

    def _succeeded(self, move: Transition, activation: Activation, now: int, lit: Mapping[str, Value]) -> None:
        self.transcript.succeeded(move, now, activation, lit)
        self._go_on(move, now, self.scopes.complete(activation.scope, activation.node, lit))

    def retry(self, activation: Activation, now: int, failure: Failure, due_at: int) -> Transition:
        """The attempt failed and another follows at `due_at`."""
        move = Transition(Unit())
        activation.attempt += 1
        self.transcript.retried(move, now, activation, failure, due_at)
        self.inflight.rest(activation, due_at)
        return move

    def wait(self, activation: Activation, now: int, terms: WaitTerms) -> Transition:
        """The activation waits from now on, until it is `answered`. No handler has it."""
        move = Transition(Unit())
        self.transcript.waits(move, now, activation, terms)
        activation.waits = move.began_wait = True
        self.inflight.rest(activation)
        return move

    def answered(self, activation: Activation, now: int, settled: Settled) -> Transition:
        """What it waited for has come."""
        activation.answered = True
        self.inflight.rouse(activation)
        outcome = waiting.outcome_of(activation.node, activation.inputs, settled)
        if not isinstance(outcome, Failure):
            return self.succeed(activation, now, outcome)
        # Where a handler for errors follows, the answer is taken up with what that gives.
        follow = self.handle if activation.node.handles_errors else self.fail
        return follow(activation, now, outcome)

    def handle(self, activation: Activation, now: int, failure: Failure) -> Transition:
        """The last attempt failed, and the node's handler for errors follows."""
        move = Transition(Unit())
        activation.handling = failure
        line = f"attempt {activation.attempt} failed: {failure.type}; onError runs"
        self.transcript.line(move, now, "warning", line, activation.node.id)
        return move

    def fail(self, activation: Activation, now: int, failure: Failure) -> Transition:
        """The last attempt failed: data where the error port is wired, else the end of the run."""
        move = self._close(activation)
        node = activation.node
        handled = node.error_wired
        lit: dict[str, Value] = {}
        if handled:
            lit["error"] = error_value(failure, activation.attempt)
        scope = activation.scope
        told = self.scopes.complete(scope, node, lit) if handled else self.scopes.fail(scope, node, failure)
        if node.subflow is not None:  # its time is up: it runs around its children, so they end before it
            below = scope.below(node, 0).removesuffix("0")
            # They are told of first.
            count = sum(isinstance(each, Cut) and each.scope.name.startswith(below) for each in told)
            self._go_on(move, now, told[:count])
            told = told[count:]
        self.transcript.failed(move, now, activation, failure, lit)
        self._go_on(move, now, told)
        self._finish_if_settled(move, now)
        return move

    def cancel(self, now: int, message: str) -> Transition:
        """End now because somebody asked."""
        return self._end_from_outside(now, "cancelled", Failure(CANCELLED_TYPE, message), f"cancelled: {message}")

    def time_out(self, now: int, message: str) -> Transition:
        """End now because the run's own limit passed."""
        return self._end_from_outside(now, "failed", Failure("TimedOut", message), f"timed_out: {message}")

    def break_off(self, now: int, failure: Failure) -> Transition:
        """End now because the engine itself failed."""
        return self._end_from_outside(now, "failed", failure, f"{failure.type}: {failure.message}")

    def intervene(self, now: int, intervention: Intervention) -> Transition:
        """Context was added: handlers that ask see it from now on."""
        move = Transition(Unit())
        self.interventions = (*self.interventions, intervention)
        if self.state.started_at is None:
            self._untold.append(intervention)  # told of once it starts, which is always the first event
        else:
            self.transcript.intervention(move, now, intervention)
        return move

    # Leaving: while all that is in flight waits, the run need not be in any process.

    def may_leave(self, now: int) -> bool:
        """Whether all it does is wait, for an answer or for long."""
        return not self.ended and not self.may_admit and self.inflight.only_waits(now, self.state.deadline_at)

    def leave_process(self, move: Transition) -> None:
        """Write, with this step, that it waits and when it goes on by itself. It is not to be used any more."""
        self.state.status = "waiting"
        move.unit.rows.append((Kind.PARK, (self.inflight.next_due(self.state.deadline_at), self.id)))

    # Parts of a transition.

    def _end_from_outside(self, now: int, status: ExecutionStatus, failure: Failure, message: str) -> Transition:
        move = Transition(Unit())
        if self.state.started_at is None:  # a run starts before it ends, even one that nobody let run
            self.state.started_at = now
            self.transcript.of_run(move, now, "execution.started", events.state("running"))
        self._end(move, now, status, failure, message)
        return move

    def _close(self, activation: Activation) -> Transition:
        self.inflight.let_go(activation)
        move = Transition(Unit())
        if activation.waits:
            move.unit.rows.append((Kind.WAIT_OVER, (None, None, activation.id)))
        return move

    def _go_on(self, move: Transition, now: int, told: Told) -> None:
        for happening in told:
            match happening:
                case Begun(scope, node, inputs):
                    self._start(move, now, scope, node, inputs)
                case Skipped(scope, node):
                    self._skip(move, now, scope, node)
                case Received(scope, node, inputs):
                    self._receive(move, now, scope, node, inputs)
                case Fired(scope, node, lit):
                    self._outright(move, now, scope, node, lit)
                case Lost(_, node, port):
                    line = f"a later token at port {port} changed nothing"
                    self.transcript.line(move, now, "debug", line, node.id)
                case Cut(scope, node):
                    activation = scope.handles[node.index]
                    self._cut(move, now, activation, "what it ran for ended before it did")
                    move.stopped.append(activation)
                case Ended(scope, node, lit, failure):
                    self._end_subflow(move, now, scope.handles[node.index], lit, failure)
                case Broke(failure):
                    message = f"{failure.type}: {failure.message}"
                    self._end(move, now, "failed", failure, message)

    def _end_subflow(
        self, move: Transition, now: int, activation: Activation, lit: Mapping[str, Value], failure: Failure | None
    ) -> None:
        """The children of a subflow node are done, or one failed: its own activation ends."""
        self.inflight.let_go(activation)
        move.stopped.append(activation)
        if failure is None:
            self.transcript.succeeded(move, now, activation, lit)
        else:
            self.transcript.failed(move, now, activation, failure, lit)

    def _start(self, move: Transition, now: int, scope: Scope, node: PlanNode, inputs: Mapping[str, Any]) -> None:
        activation = Activation(self, next(self._numbers), self._next_id(now), node, inputs, now, scope)
        self.inflight.take_in(activation)
        if self._taken.left:
            self._taken.mark(activation)
        traced = self.transcript.traced(move, inputs) if self.trace else None
        self.transcript.started(move, now, activation, traced)
        move.ready.append(activation)

    def _next_id(self, now: int) -> str:
        """Rising within the run, so that a list by start and id tells the story in its order."""
        self._last_activation = next_uuid7(self._last_activation, now // 1_000)
        return self._last_activation

    def _receive(self, move: Transition, now: int, scope: Scope, node: PlanNode, inputs: Mapping[str, Any]) -> None:
        """An output node runs no code: it has its input in the moment it is reached."""
        text = self.transcript.shown(move, received(node, inputs))
        traced = self.transcript.traced(move, inputs) if self.trace else None
        self._outright(move, now, scope, node, {}, text, traced)
        if scope.deed is None:
            self.state.give(node.name, text)
            move.unit.rows.append(self.state.row())

    def _outright(
        self,
        move: Transition,
        now: int,
        scope: Scope,
        node: PlanNode,
        lit: Mapping[str, Value],
        given: bytes | None = None,
        traced: str | None = None,
    ) -> None:
        """An activation that starts and ends in the same moment."""
        activation = Activation(self, 0, self._next_id(now), node, {}, now, scope)
        if self._taken.left:
            self._taken.mark(activation)
        self.transcript.started(move, now, activation, traced, at_once=True)
        self.transcript.succeeded(move, now, activation, lit, given)

    def _skip(self, move: Transition, now: int, scope: Scope, node: PlanNode) -> None:
        activation = Activation(self, 0, self._next_id(now), node, {}, now, scope)
        never = not node.is_trigger and not node.wired_inputs and scope.plan.index.get(node.id) in scope.plan.unwired
        why = "no input port is wired, so this node never runs" if never else None
        self.transcript.skipped(move, now, activation, why)

    def _finish_if_settled(self, move: Transition, now: int) -> None:
        if self.inflight or not self.scopes.settled or self.ended:
            return
        self.state.end(now, "succeeded")
        self.transcript.of_run(move, now, "execution.completed", events.state("succeeded"))
        move.unit.rows.append(self.state.row())
        move.ended = True

    def _end(self, move: Transition, now: int, status: ExecutionStatus, failure: Failure, message: str) -> None:
        self.state.end(now, status, Failure(failure.type, failure.message, failure.node_id, failure.stack))
        move.ended = True
        left = deque(self.inflight.values())
        for activation in left:
            activation.over = True  # whatever it still gives is discarded, though it is written down later

        def rest() -> bool:
            for _ in range(min(len(left), CUT_AT_ONCE)):
                self._cut(move, now, left.popleft(), "the run ended while this node ran")
            if left:
                return True
            self.transcript.of_run(move, now, "execution.failed", events.state("failed", message))
            move.unit.rows.append(self.state.row())
            if status == "failed":
                self.transcript.failure_calls(move, now, self.plan.on_failure)
            return False

        if rest():
            move.rest = rest

    def _cut(self, move: Transition, now: int, activation: Activation, why: str) -> None:
        """An activation that ran ends cancelled."""
        self.inflight.let_go(activation)
        self.transcript.cancelled(move, now, activation, why)
