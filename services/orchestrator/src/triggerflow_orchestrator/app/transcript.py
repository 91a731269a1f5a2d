"""Write down one run: the rows, values and events that each of its steps leaves. Decides nothing.

Each method adds to a `Transition`; those that handlers cause while they run make one of their own. What a node's events
say is in one place here, whether it ran, was fused, taken over or replayed. Rules: CONTRACT section 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import orjson
from triggerflow_chassis.clock import rfc3339
from triggerflow_chassis.ids import next_uuid7

from triggerflow_orchestrator.app import events, waiting
from triggerflow_orchestrator.app.activation import Activation, Transition
from triggerflow_orchestrator.app.events import EventWriter
from triggerflow_orchestrator.app.outlet import Said, joined
from triggerflow_orchestrator.app.units import Kind, Notice, Unit
from triggerflow_orchestrator.domain.execution import ExecutionRecord, Failure
from triggerflow_orchestrator.domain.intervention import Intervention
from triggerflow_orchestrator.domain.plan import PlanNode
from triggerflow_orchestrator.domain.value import INLINE_BYTES, Value, as_value, object_text, reference, shown
from triggerflow_orchestrator.domain.wait import WaitTerms

CANCELLED_TYPE: Final = "Cancelled"


class Transcript:
    """The written side of one run. Not shared, not locked: used on the loop, in the order of what happens."""

    __slots__ = ("_events", "_id", "_last_published", "_record", "_reused_from", "seq")

    def __init__(self, record: ExecutionRecord, writer: EventWriter, reused_from: str | None) -> None:
        """`reused_from`: the run whose results this one takes over, where it does."""
        self._record = record
        self._id = record.id
        self._events = writer
        self._reused_from = reused_from
        self._last_published: str | None = None
        self.seq = 0
        """Number of the last row of the journal."""

    @property
    def event_count(self) -> int:
        """Events so far."""
        return self._events.count

    # The run.

    def of_run(self, move: Transition, now: int, kind: str, payload: dict[str, Any]) -> None:
        """An event of the run itself, which its project is told too."""
        self._event(move, now, kind, payload)
        record = self._record
        move.unit.notices.append(Notice(record.project_id, kind, now, record.flow_id, record.id))

    def failure_calls(self, move: Transition, now: int, targets: Iterable[tuple[str, str]]) -> None:
        """Who is to be told that the run failed."""
        for kind, target in targets:
            row = (self._id, kind, self._record.project_id, self._record.principal, target, now)
            move.unit.rows.append((Kind.FAILURE_CALL, row))

    def intervention(self, move: Transition, now: int, intervention: Intervention) -> None:
        """The run took context that was added."""
        move.unit.rows.append((Kind.INTERVENTION_TAKEN, (self._id, intervention.id)))
        self._event(move, now, "log", events.log_line("info", intervention.line()))

    def line(self, move: Transition, now: int, level: str, words: str, node_id: str) -> None:
        """A log line of a node."""
        self._event(move, now, "log", events.log_line(level, words, node_id))

    # An activation, from its start to its outcome.

    def started(
        self, move: Transition, now: int, activation: Activation, traced: str | None, *, at_once: bool = False
    ) -> None:
        """It begins, with `traced` as its inputs where the run is traced. What is done `at_once` needs no row of its
        own but for these."""
        node_id = activation.node.id
        if traced is not None or not at_once:
            row = (activation.id, self._id, node_id, activation.scope.name, now, traced)
            move.unit.rows.append((Kind.START, row))
        event_id = self._event(move, now, "chunk.started", events.chunk_running(node_id))
        self._detail(move, now, activation, event_id)

    def succeeded(
        self,
        move: Transition,
        now: int,
        activation: Activation,
        lit: Mapping[str, Value],
        result: bytes | None = None,
    ) -> None:
        """It gave `lit`; its event shows that, or `result`."""
        if activation.measured:
            self._measured(move, now, activation)
        ports = self._journal(move, activation, now, "succeeded", lit, None)
        if result is None:
            result = self._joined(move, activation.node, ports, lit)
        event_id = self._event(move, now, "chunk.completed", events.chunk_succeeded(activation.node.id, result))
        self._detail(move, now, activation, event_id)

    def failed(
        self, move: Transition, now: int, activation: Activation, failure: Failure, lit: Mapping[str, Value]
    ) -> None:
        """It failed for good; `lit` is its error port, where that is wired."""
        if activation.measured:
            self._measured(move, now, activation)
        self._journal(move, activation, now, "failed", lit, failure)
        payload = events.chunk_failed(activation.node.id, failure.type, failure.message, failure.stack)
        event_id = self._event(move, now, "chunk.failed", payload)
        self._detail(move, now, activation, event_id)

    def cancelled(self, move: Transition, now: int, activation: Activation, why: str) -> None:
        """It ran or waited, and nobody wants its outcome any more."""
        stopped = Failure(CANCELLED_TYPE, why)
        self._journal(move, activation, now, "cancelled", {}, stopped)
        payload = events.chunk_failed(activation.node.id, stopped.type, stopped.message)
        event_id = self._event(move, now, "chunk.failed", payload)
        self._detail(move, now, activation, event_id)
        if activation.waits:
            move.unit.rows.append(waiting.cancelled_row(activation.id, now))

    def skipped(self, move: Transition, now: int, activation: Activation, why: str | None) -> None:
        """It never ran; `why` warns of a graph that never lets it."""
        self._journal(move, activation, now, "skipped", {}, None)
        if why is not None:
            self.line(move, now, "warning", why, activation.node.id)
        self._custom(move, now, "skip", activation)

    # Between attempts, and while it waits.

    def retried(self, move: Transition, now: int, activation: Activation, failure: Failure, due_at: int) -> None:
        """The attempt before its present one failed."""
        attempt = activation.attempt
        move.unit.rows.append((Kind.ATTEMPT, (activation.id, attempt, self._id, failure.type, due_at)))
        line = f"attempt {attempt - 1} failed: {failure.type}"
        event_id = self._event(move, now, "log", events.log_line("warning", line, activation.node.id))
        self._custom(move, now, "retry", activation, event_id, dueAt=rfc3339(due_at), error=failure.type)

    def recovered(self, move: Transition, now: int, activation: Activation) -> None:
        """It is taken up again after a restart, and its handler may have run."""
        self._custom(move, now, "retry", activation, recovered=True)

    def waits(self, move: Transition, now: int, activation: Activation, terms: WaitTerms) -> None:
        """It waits from now on, on these terms."""
        node, record = activation.node, self._record
        form = orjson.dumps(terms.schema).decode() if terms.schema is not None else None
        assignees = "".join(f"\n{name}" for name in terms.assignees)
        given = self.shown(move, waiting.input_of(node, activation.inputs)).decode()
        whose = (activation.id, self._id, record.project_id, record.flow_id, record.flow_name, node.id, node.name)
        row = (*whose, activation.scope.name, terms.kind, "open", form, assignees and f"{assignees}\n", given)
        move.unit.rows.append((Kind.WAIT, (*row, terms.name, terms.key, terms.fails, now, terms.due_at, False)))
        due = {"dueAt": rfc3339(terms.due_at)} if terms.due_at is not None else {}
        self._custom(move, now, "wait", activation, waitId=activation.id, waitKind=terms.kind, **due)

    # What a handler says while it runs: steps of their own.

    def log(self, now: int, level: str, message: str, node_id: str) -> Transition:
        """A line from a handler."""
        move = Transition(Unit())
        self.line(move, now, level, message, node_id)
        return move

    def say(self, now: int, activation: Activation, said: Said) -> Transition:
        """What a handler printed and yielded: a row for each stream."""
        move = Transition(Unit())
        for stream, lines in said.printed.items():
            self._event(move, now, "runtime.output", self._printed(activation, stream, lines))
        if said.tokens and said.all_text:
            self._custom(move, now, "token", activation, text=joined(said.tokens))
        elif said.tokens:
            values = [orjson.Fragment(self.shown(move, token)) for token in said.tokens]
            self._custom(move, now, "token", activation, values=values)
        return move

    def measure(self, now: int, activation: Activation, name: str, value: float, unit: str | None) -> Transition:
        """A metric from a handler."""
        move = Transition(Unit())
        activation.measured = True
        self._metric(move, now, activation, name, value, unit)
        return move

    # Values, as they are shown.

    def shown(self, move: Transition, value: Value) -> bytes:
        """Whole where it is small, else by a reference to what this step keeps."""
        return shown(value, lambda text: move.unit.keep(self._id, text))

    def traced(self, move: Transition, inputs: Mapping[str, Any]) -> str:
        """Inputs as one object."""
        return object_text({key: self.shown(move, as_value(value)) for key, value in inputs.items()})

    def _joined(
        self, move: Transition, node: PlanNode, ports: Mapping[str, bytes], lit: Mapping[str, Value]
    ) -> bytes | None:
        """An event's result: the value where only `out` is declared, else the lit ports, nothing where none is."""
        if not ports:
            return None
        if node.declared_outputs == ("out",):
            return next(iter(ports.values()))
        text = object_text(ports).encode()
        if len(text) <= INLINE_BYTES:
            return text
        whole = object_text({port: value.text for port, value in lit.items()}).encode()
        return orjson.dumps(reference(whole, move.unit.keep(self._id, whole)))

    # Parts.

    def _journal(
        self,
        move: Transition,
        activation: Activation,
        now: int,
        status: str,
        lit: Mapping[str, Value],
        failure: Failure | None,
    ) -> dict[str, bytes]:
        self.seq += 1
        ports = {port: self.shown(move, value) for port, value in lit.items()}
        error = None
        if failure is not None:
            error = orjson.dumps(replace(failure, attempt=activation.attempt).as_json()).decode()
        move.unit.rows.append(
            (
                Kind.JOURNAL,
                (
                    self._id,
                    self.seq,
                    self._record.epoch,
                    activation.id,
                    activation.node.id,
                    activation.scope.name,
                    activation.attempt,
                    status,
                    object_text(ports),
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
                move.unit.rows.append((Kind.CHANNEL_VALUE, (*named, self._id, node.id, now)))

    def _detail(self, move: Transition, now: int, activation: Activation, event_id: str) -> None:
        if activation.taken is not None and self._reused_from is not None:
            origin = {"from": self._reused_from, "fromActivation": activation.taken.activation_id}
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
        row = (self._id, activation.id, activation.custom_count, name, unit, float(value))
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
