"""One live execution: turns outcomes of activations into units of the journal. No I/O, no waiting.

Each method is one transition and gives one `Transition`: what to write, what to publish after it is durable, and
which activations start then. Rules: CONTRACT sections 2 and 3; guarantee: DESIGN section 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson
from triggerflow_chassis.bus import BusEvent
from triggerflow_chassis.clock import rfc3339
from triggerflow_chassis.ids import next_uuid7

from triggerflow_orchestrator.app import events, waiting
from triggerflow_orchestrator.app.events import EventWriter
from triggerflow_orchestrator.app.outlet import Said, joined
from triggerflow_orchestrator.app.units import Kind, Notice, Unit
from triggerflow_orchestrator.domain.execution import ExecutionRecord, ExecutionStatus, Failure
from triggerflow_orchestrator.domain.intervention import Intervention
from triggerflow_orchestrator.domain.plan import Plan, PlanNode
from triggerflow_orchestrator.domain.rerun import Place
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
from triggerflow_orchestrator.domain.seed import Seed, Taken
from triggerflow_orchestrator.domain.value import INLINE_BYTES, Value, as_value, reference, shown
from triggerflow_orchestrator.domain.wait import Settled, WaitTerms

LONGEST_LIMIT_SECONDS: Final = 100 * 365 * 86_400
CANCELLED_TYPE: Final = "Cancelled"
SHORT_REST_US: Final = 5_000_000
"""A back-off that is over sooner is no reason to leave the process."""
_LEAST_LEFT_US: Final = 1_000_000


@dataclass(slots=True, eq=False)
class Activation:
    """A node that runs, or waits for its next attempt."""

    run: Run
    number: int
    id: str
    node: PlanNode
    inputs: Mapping[str, Any]
    started_at: int
    scope: Scope
    attempt: int = 1
    custom_count: int = 0
    printed: dict[str, int] | None = None
    """Rows of "stdout" and "stderr" so far."""
    handling: Failure | None = None
    """What its handler for errors is given, while that runs."""
    measured: bool = False
    """Its handler told a metric."""
    over: bool = False
    """Its outcome is decided; whatever its handler still gives is discarded."""
    taken: Taken | None = None
    """The result of the run before that it has, where it has one."""
    waits: bool = False
    """There is a wait of its id, which it has not taken up."""
    answered: bool = False
    """Its wait is settled."""
    due_at: int | None = None
    """When its next attempt is due, while it backs off."""
    rests: bool = False
    """It waits, backs off, or is a sub-flow whose children are activations of their own: nothing is to be done for it
    now."""

    def next_custom(self) -> int:
        """Sequence of its next custom output, from 0."""
        count = self.custom_count
        self.custom_count = count + 1
        return count

    def next_printed(self, stream: str) -> int:
        """Sequence of its next row of "stdout" or "stderr", from 0."""
        if self.printed is None:
            self.printed = {}
        count = self.printed.get(stream, 0)
        self.printed[stream] = count + 1
        return count


@dataclass(slots=True)
class Transition:
    """One step of a run: durable first, then published, then its activations start."""

    unit: Unit
    batch: list[BusEvent] = field(default_factory=list)
    ready: list[Activation] = field(default_factory=list)
    stopped: list[Activation] = field(default_factory=list)
    """Activations that ended here though they ran: what works for them must stop."""
    ended: bool = False
    began_wait: bool = False


class Run:
    """The state of one execution while this process runs it."""

    __slots__ = (
        "_events",
        "_last_activation",
        "_last_published",
        "_numbers",
        "_outputs_json",
        "_record",
        "_seed",
        "_seq",
        "_taking",
        "_untold",
        "deadline_at",
        "ended_at",
        "epoch",
        "error",
        "id",
        "inflight",
        "interventions",
        "outputs",
        "plan",
        "resting",
        "scopes",
        "started_at",
        "status",
        "trace",
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
        self._record = record
        self.id = record.id
        self.plan = plan
        self.scopes = Scopes(plan, judge, seed.edits if seed is not None else {})
        self.inflight: dict[str, Activation] = {}
        self.resting = 0
        """How many of `inflight` rest."""
        self.outputs: dict[str, bytes] = {}
        self.trace = bool(record.options.get("trace"))
        self.status: ExecutionStatus = record.status
        self.error: Failure | None = record.error
        self.epoch = record.epoch
        self.started_at = record.started_at
        self.ended_at = record.ended_at
        self.deadline_at = record.deadline_at
        self._outputs_json = record.outputs_json
        self._events = event_writer or EventWriter(record.id)
        self._numbers = numbers
        self.interventions: tuple[Intervention, ...] = ()
        self._untold: list[Intervention] = []
        self._seq = 0
        self._last_activation: str | None = None
        self._last_published: str | None = None
        self._seed = seed
        # While it begins: the results it takes over and has not reached, or has reached and not ended.
        self._taking: dict[Place, Taken] = {}

    @property
    def ended(self) -> bool:
        """Whether its last event is decided."""
        return self.ended_at is not None

    @property
    def event_count(self) -> int:
        """Events so far."""
        return self._events.count

    @property
    def created_at(self) -> int:
        """When it was accepted."""
        return self._record.created_at

    @property
    def priority(self) -> int:
        """0 high, 1 normal, 2 low."""
        return self._record.priority

    @property
    def limit_seconds(self) -> int | None:
        """The shorter of the run's own limit and the flow's."""
        limits = [s for s in (self._record.options.get("timeoutSeconds"), self.plan.timeout_seconds) if s is not None]
        return min(limits) if limits else None

    def snapshot(self) -> ExecutionRecord:
        """The execution as it is now."""
        return replace(
            self._record,
            status=self.status,
            outputs_json=self._outputs_json,
            error=self.error,
            epoch=self.epoch,
            started_at=self.started_at,
            ended_at=self.ended_at,
            deadline_at=self.deadline_at,
        )

    # Beginning.

    def begin(self, unit: Unit, now: int, fired: Mapping[int, Mapping[str, Any]]) -> Transition:
        """Start: fired triggers are done at once, since their work was done by whoever fired them."""
        move = Transition(unit)
        self.status, self.started_at = "running", now
        limit = self.limit_seconds
        # A limit beyond what a clock can say is none; the row holds 64 bits.
        self.deadline_at = now + limit * 1_000_000 if limit is not None and limit <= LONGEST_LIMIT_SECONDS else None
        self._event(move, now, "execution.started", events.state("running"))
        self._notice(move, now, "execution.started")
        for intervention in self._untold:
            self._tell_intervention(move, now, intervention)
        if self._seed is not None:
            unit.kept.update(self._seed.stored)
            unit.named.update(self._seed.stored.values())
            self._taking = {taken.place: taken for taken in self._seed.taken}
        lit: dict[int, dict[str, Value]] = {}
        for index, ports in fired.items():
            lit[index] = {port: as_value(value) for port, value in ports.items()}
        # The children of a subflow node whose result is taken over do not begin.
        self.scopes.sealed = frozenset((place.scope, place.node_id) for place in self._taking)
        self._go_on(move, now, self.scopes.start(lit))
        if self._taking:
            self._take_over(move, now)
        self._finish_if_settled(move, now)
        return move

    def _take_over(self, move: Transition, now: int) -> None:
        """Results of the run before count as if they came in now, one by one, in the order they came in then."""
        reached = {a.taken.place: a for a in move.ready if a.taken is not None}
        looked_at = len(move.ready)
        for place, taken in self._taking.items():
            activation = reached.get(place)
            # A trigger and an output node are done in the moment they are reached. Nothing is reused that ends the run.
            if activation is None or activation.over or self.ended:
                continue
            self._let_go(activation)
            if taken.failure is None:
                self._succeeded(move, activation, now, taken.lit)
            elif activation.node.error_wired:
                self._failed(move, activation, now, taken.failure, taken.lit)
                self._go_on(move, now, self.scopes.complete(activation.scope, activation.node, taken.lit))
            else:  # a child of a sub-flow that goes on without it
                self._failed(move, activation, now, taken.failure, {})
                self._go_on(move, now, self.scopes.fail(activation.scope, activation.node, taken.failure))
            reached.update((a.taken.place, a) for a in move.ready[looked_at:] if a.taken is not None)
            looked_at = len(move.ready)
        self._taking = {}
        self.scopes.sealed = frozenset()
        move.ready = [activation for activation in move.ready if not activation.over]

    def resume(self, unit: Unit, scopes: Scopes, seq: int) -> Transition:
        """Go on after a restart: the scopes replayed from the journal, and the number of its last row."""
        self.scopes = scopes
        self._seq = seq
        for name, shown_value in orjson.loads(self._outputs_json).items():
            self.outputs[name] = orjson.dumps(shown_value)
        return Transition(unit)

    def restart(self, move: Transition, now: int, activation: Activation, recovered: bool) -> None:
        """Take up an activation of the frontier again, and say so where its handler may have run."""
        self._take_in(activation)
        if activation.node.subflow is not None:
            self.rest(activation)
        if recovered and activation.node.subflow is None:  # the children of a sub-flow go on, it does not run again
            self._custom(move, now, "retry", activation, recovered=True)
        move.ready.append(activation)

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
        self._let_go(activation)
        self._succeeded(move, activation, now, lit)
        self._finish_if_settled(move, now)

    def _succeeded(self, move: Transition, activation: Activation, now: int, lit: Mapping[str, Value]) -> None:
        if activation.measured:
            self._measured(move, now, activation)
        node = activation.node
        shown_ports = self._journal(move, activation, now, "succeeded", lit, None)
        result = self._joined(move, node, shown_ports, lit)
        event_id = self._event(move, now, "chunk.completed", events.chunk_succeeded(node.id, result))
        self._detail(move, now, activation, event_id)
        self._go_on(move, now, self.scopes.complete(activation.scope, node, lit))

    def retry(self, activation: Activation, now: int, failure: Failure, due_at: int) -> Transition:
        """The attempt failed and another follows at `due_at`."""
        move = Transition(Unit())
        failed = activation.attempt
        activation.attempt += 1
        move.unit.rows.append((Kind.ATTEMPT, (activation.id, activation.attempt, self.id, failure.type, due_at)))
        line = f"attempt {failed} failed: {failure.type}"
        event_id = self._event(move, now, "log", events.log_line("warning", line, activation.node.id))
        self._custom(move, now, "retry", activation, event_id, dueAt=rfc3339(due_at), error=failure.type)
        self.rest(activation, due_at)
        return move

    def wait(self, activation: Activation, now: int, terms: WaitTerms) -> Transition:
        """The activation waits from now on, until it is `answered`. No handler has it."""
        move = Transition(Unit())
        node, record = activation.node, self._record
        form = orjson.dumps(terms.schema).decode() if terms.schema is not None else None
        assignees = "".join(f"\n{name}" for name in terms.assignees)
        given = self._shown(move, waiting.input_of(node, activation.inputs)).decode()
        whose = (activation.id, self.id, record.project_id, record.flow_id, record.flow_name, node.id, node.name)
        row = (*whose, activation.scope.name, terms.kind, "open", form, assignees and f"{assignees}\n", given)
        move.unit.rows.append((Kind.WAIT, (*row, terms.name, terms.key, terms.fails, now, terms.due_at, False)))
        due = {"dueAt": rfc3339(terms.due_at)} if terms.due_at is not None else {}
        self._custom(move, now, "wait", activation, waitId=activation.id, waitKind=terms.kind, **due)
        activation.waits = move.began_wait = True
        self.rest(activation)
        return move

    def answered(self, activation: Activation, now: int, settled: Settled) -> Transition:
        """What it waited for has come."""
        activation.answered = True
        self.rouse(activation)
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
        self._event(move, now, "log", events.log_line("warning", line, activation.node.id))
        return move

    def fail(self, activation: Activation, now: int, failure: Failure) -> Transition:
        """The last attempt failed: data where the error port is wired, else the end of the run."""
        move = self._close(activation)
        if activation.measured:
            self._measured(move, now, activation)
        node = activation.node
        handled = node.error_wired
        lit: dict[str, Value] = {}
        if handled:
            lit["error"] = error_value(failure, activation.attempt)
        self._failed(move, activation, now, failure, lit)
        scope = activation.scope
        told = self.scopes.complete(scope, node, lit) if handled else self.scopes.fail(scope, node, failure)
        self._go_on(move, now, told)
        self._finish_if_settled(move, now)
        return move

    def _failed(
        self, move: Transition, activation: Activation, now: int, failure: Failure, lit: Mapping[str, Value]
    ) -> None:
        self._journal(move, activation, now, "failed", lit, failure)
        payload = events.chunk_failed(activation.node.id, failure.type, failure.message, failure.stack)
        event_id = self._event(move, now, "chunk.failed", payload)
        self._detail(move, now, activation, event_id)

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
        if self.started_at is None:
            self._untold.append(intervention)  # told of once it starts, which is always the first event
        else:
            self._tell_intervention(move, now, intervention)
        return move

    def _tell_intervention(self, move: Transition, now: int, intervention: Intervention) -> None:
        move.unit.rows.append((Kind.INTERVENTION_TAKEN, (self.id, intervention.id)))
        self._event(move, now, "log", events.log_line("info", intervention.line()))

    def log(self, now: int, level: str, message: str, node_id: str) -> Transition:
        """A line from a handler."""
        move = Transition(Unit())
        self._event(move, now, "log", events.log_line(level, message, node_id))
        return move

    def say(self, now: int, activation: Activation, said: Said) -> Transition:
        """What a handler printed and yielded: a row for each stream."""
        move = Transition(Unit())
        for stream, lines in said.printed.items():
            self._event(move, now, "runtime.output", self._printed(activation, stream, lines))
        if said.tokens and said.all_text:
            self._custom(move, now, "token", activation, text=joined(said.tokens))
        elif said.tokens:
            values = [orjson.Fragment(self._shown(move, token)) for token in said.tokens]
            self._custom(move, now, "token", activation, values=values)
        return move

    def measure(self, now: int, activation: Activation, name: str, value: float, unit: str | None) -> Transition:
        """A metric from a handler."""
        move = Transition(Unit())
        activation.measured = True
        self._metric(move, now, activation, name, value, unit)
        return move

    # Rest: while all that is in flight waits, the run need not be in any process.

    def keep_waiting(self, activation: Activation) -> None:
        """It waits for an answer, from now on or since before a restart."""
        activation.waits = True
        self._take_in(activation)

    def rest(self, activation: Activation, due_at: int | None = None) -> None:
        """Nothing is to be done for it now, nor before `due_at` where it backs off."""
        activation.due_at = due_at
        if not activation.rests:
            activation.rests = True
            self.resting += 1

    def rouse(self, activation: Activation) -> None:
        """Something is to be done for it again, or it is over."""
        activation.due_at = None
        if activation.rests:
            activation.rests = False
            self.resting -= 1

    def may_leave(self, now: int) -> bool:
        """Whether all it does is wait, for an answer or for long."""
        if not self.resting or self.resting != len(self.inflight) or self.ended:
            return False
        if not any(each.waits or each.due_at is not None for each in self.inflight.values()):
            return False
        if any(each.due_at is not None and each.due_at <= now + SHORT_REST_US for each in self.inflight.values()):
            return False
        return min(self._limits(), default=now + 2 * _LEAST_LEFT_US) > now + _LEAST_LEFT_US

    def leave_process(self, move: Transition) -> None:
        """Write, with this step, that it waits and when it goes on by itself. It is not to be used any more."""
        self.status = "waiting"
        times = [each.due_at for each in self.inflight.values() if each.due_at is not None]
        times.extend(self._limits())
        move.unit.rows.append((Kind.PARK, (min(times, default=None), self.id)))

    def _limits(self) -> Iterator[int]:
        """When the run's own time is up, and that of each sub-flow in flight."""
        if self.deadline_at is not None:
            yield self.deadline_at
        for each in self.inflight.values():
            limit = each.node.timeout_seconds
            if each.node.subflow is not None and limit is not None and limit <= LONGEST_LIMIT_SECONDS:
                yield each.started_at + limit * 1_000_000

    # Parts of a transition.

    def _end_from_outside(self, now: int, status: ExecutionStatus, failure: Failure, message: str) -> Transition:
        move = Transition(Unit())
        if self.started_at is None:  # a run starts before it ends, even one that nobody let run
            self.started_at = now
            self._event(move, now, "execution.started", events.state("running"))
            self._notice(move, now, "execution.started")
        self._end(move, now, status, failure, message, None)
        return move

    def _close(self, activation: Activation) -> Transition:
        self._let_go(activation)
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
                    self._event(move, now, "log", events.log_line("debug", line, node.id))
                case Cut(scope, node):
                    activation = scope.handles[node.index]
                    self._cut(move, now, activation, "what it ran for ended before it did")
                    move.stopped.append(activation)
                case Ended(scope, node, lit, failure):
                    self._end_subflow(move, now, scope.handles[node.index], lit, failure)
                case Broke(failure):
                    message = f"{failure.type}: {failure.message}"
                    self._end(move, now, "failed", failure, message, failure.node_id)

    def _end_subflow(
        self, move: Transition, now: int, activation: Activation, lit: Mapping[str, Value], failure: Failure | None
    ) -> None:
        """The children of a subflow node are done, or one failed: its own activation ends."""
        self._let_go(activation)
        move.stopped.append(activation)
        node = activation.node
        ports = self._journal(move, activation, now, "succeeded" if failure is None else "failed", lit, failure)
        if failure is None:
            payload = events.chunk_succeeded(node.id, self._joined(move, node, ports, lit))
            event_id = self._event(move, now, "chunk.completed", payload)
        else:
            payload = events.chunk_failed(node.id, failure.type, failure.message, failure.stack)
            event_id = self._event(move, now, "chunk.failed", payload)
        self._detail(move, now, activation, event_id)

    def _let_go(self, activation: Activation) -> None:
        activation.over = True
        self.rouse(activation)
        del self.inflight[activation.id]
        del activation.scope.handles[activation.node.index]

    def _take_in(self, activation: Activation) -> None:
        self.inflight[activation.id] = activation
        activation.scope.handles[activation.node.index] = activation

    def _start(self, move: Transition, now: int, scope: Scope, node: PlanNode, inputs: Mapping[str, Any]) -> None:
        activation = Activation(self, next(self._numbers), self._next_id(now), node, inputs, now, scope)
        self._take_in(activation)
        if node.subflow is not None:
            self.rest(activation)
        self._mark_taken(activation)
        traced = self._shown_object(move, inputs) if self.trace else None
        move.unit.rows.append((Kind.START, (activation.id, self.id, node.id, scope.name, now, traced)))
        event_id = self._event(move, now, "chunk.started", events.chunk_running(node.id))
        self._detail(move, now, activation, event_id)
        move.ready.append(activation)

    def _mark_taken(self, activation: Activation) -> None:
        if self._taking:
            activation.taken = self._taking.get(Place(activation.scope.name, activation.node.id))

    def _next_id(self, now: int) -> str:
        """Rising within the run, so that a list by start and id tells the story in its order."""
        self._last_activation = next_uuid7(self._last_activation, now // 1_000)
        return self._last_activation

    def _receive(self, move: Transition, now: int, scope: Scope, node: PlanNode, inputs: Mapping[str, Any]) -> None:
        """An output node runs no code: it has its input in the moment it is reached."""
        text = self._shown(move, received(node, inputs))
        traced = self._shown_object(move, inputs) if self.trace else None
        self._outright(move, now, scope, node, {}, text, traced)
        if scope.deed is None:
            self.outputs[node.name] = text
            self._outputs_json = _object_text(self.outputs)
            self._state(move)

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
        self._mark_taken(activation)
        if traced is not None:
            move.unit.rows.append((Kind.START, (activation.id, self.id, node.id, scope.name, now, traced)))
        event_id = self._event(move, now, "chunk.started", events.chunk_running(node.id))
        self._detail(move, now, activation, event_id)
        ports = self._journal(move, activation, now, "succeeded", lit, None)
        result = self._joined(move, node, ports, lit) if given is None else given
        event_id = self._event(move, now, "chunk.completed", events.chunk_succeeded(node.id, result))
        self._detail(move, now, activation, event_id)

    def _skip(self, move: Transition, now: int, scope: Scope, node: PlanNode) -> None:
        activation = Activation(self, 0, self._next_id(now), node, {}, now, scope)
        self._journal(move, activation, now, "skipped", {}, None)
        if not node.is_trigger and not node.wired_inputs and scope.plan.index.get(node.id) in scope.plan.unwired:
            line = "no input port is wired, so this node never runs"
            self._event(move, now, "log", events.log_line("warning", line, node.id))
        self._custom(move, now, "skip", activation)

    def _finish_if_settled(self, move: Transition, now: int) -> None:
        if self.inflight or not self.scopes.settled or self.ended:
            return
        self.status, self.ended_at = "succeeded", now
        self._event(move, now, "execution.completed", events.state("succeeded"))
        self._notice(move, now, "execution.completed")
        self._state(move)
        move.ended = True

    def _end(
        self,
        move: Transition,
        now: int,
        status: ExecutionStatus,
        failure: Failure,
        message: str,
        node_id: str | None,
    ) -> None:
        for activation in list(self.inflight.values()):
            self._cut(move, now, activation, "the run ended while this node ran")
        self.status, self.ended_at = status, now
        self.error = Failure(failure.type, failure.message, node_id, failure.stack)
        self._event(move, now, "execution.failed", events.state("failed", message))
        self._notice(move, now, "execution.failed")
        self._state(move)
        if status == "failed":
            for kind, target in self.plan.on_failure:
                row = (self.id, kind, self._record.project_id, self._record.principal, target, now)
                move.unit.rows.append((Kind.FAILURE_CALL, row))
        move.ended = True

    def _cut(self, move: Transition, now: int, activation: Activation, why: str) -> None:
        """An activation that ran ends cancelled."""
        self._let_go(activation)
        stopped = Failure(CANCELLED_TYPE, why)
        self._journal(move, activation, now, "cancelled", {}, stopped)
        payload = events.chunk_failed(activation.node.id, stopped.type, stopped.message)
        event_id = self._event(move, now, "chunk.failed", payload)
        self._detail(move, now, activation, event_id)
        if activation.waits:
            move.unit.rows.append(waiting.cancelled_row(activation.id, now))

    def _journal(
        self,
        move: Transition,
        activation: Activation,
        now: int,
        status: str,
        lit: Mapping[str, Value],
        failure: Failure | None,
    ) -> dict[str, bytes]:
        self._seq += 1
        ports = {port: self._shown(move, value) for port, value in lit.items()}
        error = None
        if failure is not None:
            error = orjson.dumps(replace(failure, attempt=activation.attempt).as_json()).decode()
        move.unit.rows.append(
            (
                Kind.JOURNAL,
                (
                    self.id,
                    self._seq,
                    self.epoch,
                    activation.id,
                    activation.node.id,
                    activation.scope.name,
                    activation.attempt,
                    status,
                    _object_text(ports),
                    error,
                    activation.started_at,
                    now,
                ),
            )
        )
        if activation.node.published and activation.taken is None:
            # What is taken over was published by the run that did it.
            self._publish(move, activation.node, now, ports)
        return ports

    def _publish(self, move: Transition, node: PlanNode, now: int, ports: Mapping[str, bytes]) -> None:
        """With the outcome, so that a value is published once, and never one that was not given."""
        for port, channel in node.published:
            if port in ports:
                self._last_published = next_uuid7(self._last_published, now // 1_000)
                named = (self._last_published, self._record.project_id, channel, ports[port].decode())
                move.unit.rows.append((Kind.CHANNEL_VALUE, (*named, self.id, node.id, now)))

    def _joined(
        self, move: Transition, node: PlanNode, ports: Mapping[str, bytes], lit: Mapping[str, Value]
    ) -> bytes | None:
        """An event's result: the value where only `out` is declared, else the lit ports, nothing where none is."""
        if not ports:
            return None
        if node.declared_outputs == ("out",):
            return next(iter(ports.values()))
        text = _object_text(ports).encode()
        if len(text) <= INLINE_BYTES:
            return text
        whole = _object_text({port: value.text for port, value in lit.items()}).encode()
        return orjson.dumps(reference(whole, move.unit.keep(self.id, whole)))

    def _shown(self, move: Transition, value: Value) -> bytes:
        return shown(value, lambda text: move.unit.keep(self.id, text))

    def _shown_object(self, move: Transition, values: Mapping[str, Any]) -> str:
        return _object_text({key: self._shown(move, as_value(value)) for key, value in values.items()})

    def _detail(self, move: Transition, now: int, activation: Activation, event_id: str) -> None:
        if activation.taken is not None and self._seed is not None:
            origin = {"from": self._seed.execution_id, "fromActivation": activation.taken.activation_id}
            self._custom(move, now, "detail", activation, event_id, reused=True, **origin)
        elif activation.attempt > 1 or activation.scope.name:
            self._custom(move, now, "detail", activation, event_id)

    def _custom(
        self, move: Transition, now: int, kind: str, activation: Activation, event_id: str | None = None, **more: Any
    ) -> None:
        payload = events.custom(
            kind,
            activation.node.id,
            activation.id,
            activation.scope.name,
            activation.attempt,
            activation.next_custom(),
            event_id,
            **more,
        )
        self._event(move, now, "runtime.output", payload)

    def _metric(
        self, move: Transition, now: int, activation: Activation, name: str, value: float, unit: str | None
    ) -> None:
        event_id = self._event(move, now, "metric", events.metric(name, value, unit))
        row = (self.id, activation.id, activation.custom_count, name, unit, float(value))
        move.unit.rows.append((Kind.METRIC, row))
        self._custom(move, now, "detail", activation, event_id)

    def _measured(self, move: Transition, now: int, activation: Activation) -> None:
        """What is known of an activation whose handler told metrics."""
        seconds = (now - activation.started_at) / 1_000_000
        self._metric(move, now, activation, "seconds", seconds, "s")
        self._metric(move, now, activation, "retries", activation.attempt - 1, None)

    def _printed(self, activation: Activation, stream: str, lines: list[str]) -> dict[str, Any]:
        data = {
            "nodeId": activation.node.id,
            "activationId": activation.id,
            "scope": activation.scope.name,
            "attempt": activation.attempt,
            "text": "\n".join(lines),
        }
        return {"stream": stream, "data": data, "sequence": activation.next_printed(stream)}

    def _event(self, move: Transition, now: int, kind: str, payload: dict[str, Any]) -> str:
        return self._events.add(move.unit, move.batch, now, kind, payload)

    def _notice(self, move: Transition, now: int, kind: str) -> None:
        record = self._record
        move.unit.notices.append(Notice(record.project_id, kind, now, record.flow_id, record.id))

    def _state(self, move: Transition) -> None:
        move.unit.rows.append(self.state_row())

    def state_row(self) -> tuple[Kind, tuple[Any, ...]]:
        """What the executions table holds of this state."""
        error = orjson.dumps(self.error.as_json()).decode() if self.error is not None else None
        return (
            Kind.STATE,
            (
                self.status,
                self._outputs_json,
                error,
                self.started_at,
                self.ended_at,
                self.deadline_at,
                self.epoch,
                self.id,
            ),
        )


def _object_text(members: Mapping[str, bytes]) -> str:
    return orjson.dumps({key: orjson.Fragment(text) for key, text in members.items()}).decode() if members else "{}"
