"""The engine with one fault each, seeded from outside. The laws are worth something only while they find every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from triggerflow_orchestrator.app import answers, take_up
from triggerflow_orchestrator.app.attempt import Context
from triggerflow_orchestrator.app.end_unrun import EndUnrun
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.events import EventWriter
from triggerflow_orchestrator.app.in_flight import InFlight
from triggerflow_orchestrator.app.resume import Deliver
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.app.take_up import TakeUp
from triggerflow_orchestrator.app.transcript import Transcript
from triggerflow_orchestrator.app.units import Kind
from triggerflow_orchestrator.domain.execution import Remembered
from triggerflow_orchestrator.domain.happenings import Begun
from triggerflow_orchestrator.domain.replay_scopes import Replayed, replay_scopes
from triggerflow_orchestrator.domain.scope import LoopRun, Scope, SubflowRun
from triggerflow_orchestrator.domain.scopes import Scopes, error_value
from triggerflow_orchestrator.domain.value import NULL

from .store import Store

Mutant = Callable[[], AbstractContextManager[Any]]
_go_on = TakeUp._go_on


def _remembering(changed: Callable[[Remembered], Remembered]) -> AbstractContextManager[Any]:
    async def go_on(self: TakeUp, remembered: Remembered, compiled: Any) -> None:
        await _go_on(self, changed(remembered), compiled)

    return patch.object(TakeUp, "_go_on", go_on)


def _replaying(spoil: Callable[[Scope], None]) -> AbstractContextManager[Any]:
    def replay(*given: Any) -> Replayed:
        replayed = replay_scopes(*given)
        waiting = [replayed.scopes.root]
        for scope in waiting:
            spoil(scope)
            for inner in scope.inner.values():
                if isinstance(inner, SubflowRun):
                    waiting.extend(inner.children.values())
                elif inner.now is not None:
                    waiting.append(inner.now)
        return replayed

    return patch.object(take_up, "replay_scopes", replay)


def forgets_an_answered_wait() -> AbstractContextManager[Any]:
    """Taken up between an answer and its outcome, the node begins its wait anew."""
    return _remembering(
        lambda found: replace(found, waits=tuple(wait for wait in found.waits if wait.status == "open"))
    )


def forgets_an_open_wait() -> AbstractContextManager[Any]:
    """Taken up while it waits, the node begins its wait anew."""
    return _remembering(
        lambda found: replace(found, waits=tuple(wait for wait in found.waits if wait.status != "open"))
    )


def forgets_attempts() -> AbstractContextManager[Any]:
    """Taken up in a back-off, the node begins with its first attempt."""
    return _remembering(lambda found: replace(found, attempts=()))


def runs_the_last_finished_node_again() -> AbstractContextManager[Any]:
    """The last outcome of the journal is not read."""

    def shorter(found: Remembered) -> Remembered:
        return replace(found, journal=found.journal[:-1]) if len(found.journal) > 1 else found

    return _remembering(shorter)


def backs_off_no_more() -> AbstractContextManager[Any]:
    """A back-off that a restart interrupted is over at once."""
    return _remembering(lambda found: replace(found, attempts=tuple(replace(row, due_at=0) for row in found.attempts)))


def loses_a_back_off() -> AbstractContextManager[Any]:
    """A back-off that a restart interrupted is never over."""
    return patch.object(Engine, "emit_at", lambda *_: None)


def drops_an_item() -> AbstractContextManager[Any]:
    """A for-each that is taken up passes over its next item."""

    def spoil(scope: Scope) -> None:
        for run in scope.inner.values():
            if isinstance(run, SubflowRun) and run.position < len(run.items):
                run.position += 1

    return _replaying(spoil)


def forgets_what_went_back() -> AbstractContextManager[Any]:
    """A loop that is taken up has lost the tokens for its next round."""

    def spoil(scope: Scope) -> None:
        for run in scope.inner.values():
            if isinstance(run, LoopRun):
                run.back.clear()

    return _replaying(spoil)


def forgets_outputs_of_children() -> AbstractContextManager[Any]:
    """A child that is taken up has lost what its output nodes received."""
    return _replaying(lambda scope: scope.outputs.clear())


def forgets_results_of_items() -> AbstractContextManager[Any]:
    """A for-each that is taken up has lost the errors of its items."""

    def spoil(scope: Scope) -> None:
        for run in scope.inner.values():
            if isinstance(run, SubflowRun):
                run.errors.clear()

    return _replaying(spoil)


def commits_an_outcome_twice() -> AbstractContextManager[Any]:
    """In second rounds and items."""
    succeeded = Transcript.succeeded

    def twice(self: Transcript, move: Any, now: int, activation: Any, *more: Any) -> None:
        succeeded(self, move, now, activation, *more)
        if activation.scope.name.endswith(":1"):
            succeeded(self, move, now, activation, *more)

    return patch.object(Transcript, "succeeded", twice)


def loses_a_timer_in_the_second_round() -> AbstractContextManager[Any]:
    """What waits for the clock there waits for ever."""
    wait = Run.wait

    def spoiled(self: Run, activation: Any, now: int, terms: Any) -> Any:
        lost = terms.kind == "timer" and activation.scope.name.endswith(":1")
        return wait(self, activation, now, replace(terms, due_at=None) if lost else terms)

    return patch.object(Run, "wait", spoiled)


def lets_an_expired_wait_be_answered() -> AbstractContextManager[Any]:
    """The check before the database and the database's own both let it pass."""

    @contextmanager
    def both() -> Iterator[None]:
        one, answer = Store.one, Store.answer

        async def reopened(self: Store, project_id: str, wait_id: str) -> Any:
            wait = await one(self, project_id, wait_id)
            return replace(wait, status="open") if wait is not None and wait.status == "expired" else wait

        async def won(self: Store, wait_id: str, *given: Any) -> Any:
            if self.waits[wait_id].status == "expired":
                self.waits[wait_id] = replace(self.waits[wait_id], status="open")
            return await answer(self, wait_id, *given)

        with patch.object(Store, "one", reopened), patch.object(Store, "answer", won):
            yield

    return both()


def delivers_one_answer_of_several() -> AbstractContextManager[Any]:
    """Of what is answered at once, only the first is handed over."""

    async def call(self: Deliver, owner: str | None) -> int:
        return sum([await self._hand_over(wait) for wait in (await self._waits.to_apply(owner))[:1] if not _second()])

    turn = iter(range(10**9))

    def _second() -> bool:
        return next(turn) % 2 == 1

    return patch.object(Deliver, "__call__", call)


def leaves_while_something_runs() -> AbstractContextManager[Any]:
    """A run leaves its process as soon as anything of it waits."""

    def waits(self: InFlight, now: int, deadline_at: int | None) -> bool:
        return any(each.waits for each in self.values())

    return patch.object(InFlight, "only_waits", waits)


def sleeps_through_a_back_off() -> AbstractContextManager[Any]:
    """A run that left is not woken by the clock."""
    return patch.object(InFlight, "next_due", lambda *_: None)


def leaves_waits_open() -> AbstractContextManager[Any]:
    """What a loop's exit or the run's end cuts off still waits."""
    cancelled = Transcript.cancelled

    def spoiled(self: Transcript, move: Any, *more: Any) -> None:
        cancelled(self, move, *more)
        move.unit.rows = [row for row in move.unit.rows if row[0] is not Kind.WAIT_OVER]

    return patch.object(Transcript, "cancelled", spoiled)


def ends_no_activations_outside() -> AbstractContextManager[Any]:
    """A run cancelled while it is in no process ends, and what waits in it does not."""

    async def nothing(*_: Any) -> None:
        return None

    return patch.object(EndUnrun, "_end_activations", nothing)


def counts_events_anew() -> AbstractContextManager[Any]:
    """Events are numbered from 1 in each process."""
    return patch.object(take_up, "EventWriter", lambda run, last=None, sequence=0: EventWriter(run, last))


def counts_custom_outputs_anew() -> AbstractContextManager[Any]:
    """Those of an activation are numbered from 0 in each process."""
    made = TakeUp._activation
    return patch.object(TakeUp, "_activation", lambda self, run, begun, start, _: made(self, run, begun, start, {}))


def takes_late_results() -> AbstractContextManager[Any]:
    """What a handler gives after it was cancelled is taken."""
    return patch.object(Context, "cancelled", property(lambda _: False))


def tells_a_sub_flow_before_its_children() -> AbstractContextManager[Any]:
    """As it was: one whose time is up ends before they do."""
    fail = Run.fail

    def spoiled(self: Run, activation: Any, now: int, failure: Any) -> Any:
        node, scope = activation.node, activation.scope
        if node.subflow is None:
            return fail(self, activation, now, failure)
        lit = {"error": error_value(failure, 1)} if node.error_wired else {}
        move = self._close(activation)
        self.transcript.failed(move, now, activation, failure, lit)
        told = self.scopes.complete(scope, node, lit) if lit else self.scopes.fail(scope, node, failure)
        self._go_on(move, now, told)
        self._finish_if_settled(move, now)
        return move

    return patch.object(Run, "fail", spoiled)


def begins_one_child_too_many() -> AbstractContextManager[Any]:
    """One more than the limit."""
    fill = Scopes._fill

    def spoiled(self: Scopes, told: list[Any], run: SubflowRun) -> None:
        kept, run.plan = run.plan, replace(run.plan, concurrency=run.plan.concurrency + 1)  # type: ignore[misc]
        fill(self, told, run)
        run.plan = kept  # type: ignore[misc]

    return patch.object(Scopes, "_fill", spoiled)


def publishes_again() -> AbstractContextManager[Any]:
    """A value that a channel of the project got is published once more."""
    publish = Transcript._publish

    def twice(self: Transcript, *given: Any) -> None:
        publish(self, *given)
        publish(self, *given)

    return patch.object(Transcript, "_publish", twice)


def forgets_who_began() -> AbstractContextManager[Any]:
    """The last of what had begun is lost when a run is taken up."""

    def replay(*given: Any) -> Replayed:
        scopes, frontier = replay_scopes(*given)
        left: list[Begun] = frontier[:-1] if len(frontier) > 1 else frontier
        return Replayed(scopes, left)

    return patch.object(take_up, "replay_scopes", replay)


def forgets_the_limit_of_a_sub_flow() -> AbstractContextManager[Any]:
    """One that is taken up has all the time it wants."""
    restart = Run.restart

    def spoiled(self: Run, move: Any, now: int, activation: Any, recovered: bool) -> None:
        restart(self, move, now, activation, recovered)
        if activation.node.subflow is not None:
            move.ready.remove(activation)

    return patch.object(Run, "restart", spoiled)


def loses_the_data_of_an_answer() -> AbstractContextManager[Any]:
    """Where it is taken up by another process than the one that was told."""
    settled_of = answers.settled_of

    async def spoiled(*given: Any) -> Any:
        return replace(await settled_of(*given), data=NULL)

    return patch.object(take_up, "settled_of", spoiled)


MUTANTS: tuple[Mutant, ...] = (
    forgets_an_answered_wait,
    forgets_an_open_wait,
    forgets_attempts,
    runs_the_last_finished_node_again,
    backs_off_no_more,
    loses_a_back_off,
    drops_an_item,
    forgets_what_went_back,
    forgets_outputs_of_children,
    forgets_results_of_items,
    commits_an_outcome_twice,
    loses_a_timer_in_the_second_round,
    lets_an_expired_wait_be_answered,
    delivers_one_answer_of_several,
    leaves_while_something_runs,
    sleeps_through_a_back_off,
    leaves_waits_open,
    ends_no_activations_outside,
    counts_events_anew,
    counts_custom_outputs_anew,
    takes_late_results,
    tells_a_sub_flow_before_its_children,
    begins_one_child_too_many,
    publishes_again,
    forgets_who_began,
    forgets_the_limit_of_a_sub_flow,
    loses_the_data_of_an_answer,
)
