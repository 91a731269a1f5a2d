"""Drive all live executions of this process: commit, publish, start what is ready, in that order.

Follow one node: TriggerFlow performs its activation (`Performing.perform`) → the run decides (`Run.succeed`) → the
journal commits (`commit`) → events are published and successors emitted (`_durable`). Everything but handlers and the
journal's thread happens on one loop, so nothing here is locked.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import structlog
from triggerflow_chassis.bus import Bus
from triggerflow_chassis.clock import now_us

from triggerflow_orchestrator.app import attempt as attempts
from triggerflow_orchestrator.app.activation import Activation, Transition
from triggerflow_orchestrator.app.compiled import CompiledFlow
from triggerflow_orchestrator.app.engine_ports import Hold, Journal, Keep, NodeRuntime
from triggerflow_orchestrator.app.live_run import Extend, Fired, LiveRun, Told
from triggerflow_orchestrator.app.perform import Performing
from triggerflow_orchestrator.app.publish import publish
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.app.units import Fence, Unit
from triggerflow_orchestrator.domain.execution import ExecutionRecord, Failure
from triggerflow_orchestrator.domain.intervention import Intervention
from triggerflow_orchestrator.domain.lease import LeaseLost
from triggerflow_orchestrator.domain.scopes import MOST_CHILDREN
from triggerflow_orchestrator.domain.seed import Seed
from triggerflow_orchestrator.domain.wait import Settled

log = structlog.get_logger(__name__)

DEFAULT_MAX_EVENTS: Final = 1_000_000
CHILDREN_A_STEP: Final = 64
"""Of sub-flows that begin in one step of a run; others follow once it is durable, so that no step holds the loop."""


class Engine:
    """Begins, drives and ends runs. At most `max_live` run at once; the others are queued by priority, then age.

    It may have a run only while it is the run's holder: every unit but the one that inserts a run is fenced with the
    run's epoch. Told that a lease is lost, it drops the run without a word: whoever has it now goes on from the
    journal.
    """

    def __init__(
        self,
        journal: Journal,
        runtime: NodeRuntime,
        bus: Bus,
        *,
        max_live: int,
        gone: Callable[[str], None] | None = None,
        hold: Hold | None = None,
        keep: Keep | None = None,
        max_events: int = DEFAULT_MAX_EVENTS,
        max_children: int = MOST_CHILDREN,
        rested: Callable[[], None] | None = None,
        fuses: bool = True,
    ) -> None:
        """`gone` is told the id of each run that this process no longer has: ended, dropped, or left. No handler is
        begun while `hold` is not sure. `keep` is given each result before it is taken. `max_children`: of sub-flows,
        alive at once in one run. `rested` is told when a run began to wait for something or left because it does,
        once that is durable. Unless it `fuses`, each pure node is a commit of its own, as every other is."""
        self._loop = asyncio.get_running_loop()
        self._journal = journal
        self._runtime = runtime
        self._bus = bus
        self._max_live = max_live
        self._gone = gone
        self._max_events = max_events
        self._max_children = max_children
        self._rested = rested
        self._live: dict[str, LiveRun] = {}
        self._leaving: dict[str, LiveRun] = {}
        """Runs that wait, until it is durable that this process does not have them any more."""
        self._queue: list[tuple[int, int, str]] = []
        self._open = False
        self._open_count = 0
        self._performing = Performing(
            self, self._live, runtime, hold=hold, keep=keep, max_events=max_events, fuses=fuses
        )
        self.numbers = itertools.count(1)

    @property
    def can_run(self) -> bool:
        """Whether a run could begin now."""
        return self._open and self._runtime.loaded.is_set() and not self._performing.stopping

    def begin(self) -> None:
        """Let queued runs begin. Call once what was interrupted is taken up: it is older."""
        self._open = True
        self.drain_queue()

    def live(self, execution_id: str) -> Run | None:
        """The run, where it has not ended."""
        found = self._live.get(execution_id)
        return found.run if found is not None else None

    @property
    def live_ids(self) -> tuple[str, ...]:
        """Every run this process has, queued ones included."""
        return (*self._live, *self._leaving)

    @property
    def strays(self) -> int:
        """Handlers on the loop that go on although they were cancelled."""
        return self._performing.strays

    @property
    def room(self) -> int:
        """How many more runs could begin now."""
        return max(0, self._max_live - len(self._live) - len(self._leaving))

    # Beginning.

    def accept(
        self,
        unit: Unit,
        record: ExecutionRecord,
        compiled: CompiledFlow,
        fired: Fired,
        insert: Extend,
        told: Told,
        seed: Seed | None = None,
    ) -> Run:
        """Take a new run: begun at once where there is room, else queued. `told` once it is durable."""
        run = Run(record, compiled.plan, self.numbers, compiled, seed=seed)
        run.bound(self._max_children, CHILDREN_A_STEP)
        live = LiveRun(run, compiled, record.project_id, fired)
        self._live[run.id] = live
        if self.can_run and self._open_count < self._max_live:
            self._open_count += 1
            move = run.begin(unit, now_us(), fired)
            live.fired = None
            insert(unit, run)
            self.commit(live, move, told, after_failure=lambda: self._retire(live), stored=False)
        else:
            insert(unit, run)

            def queued(error: BaseException | None) -> None:
                # Not before it is durable: what is refused must not run.
                if error is None:
                    self._push(run)
                    self.drain_queue()
                told(error)

            self.commit(live, Transition(unit), queued, after_failure=lambda: self._retire(live), stored=False)
        return run

    def enqueue(self, run: Run, compiled: CompiledFlow, project_id: str, fired: Fired) -> None:
        """Take a run that is durable as queued, and claimed: begun at once where there is room."""
        run.bound(self._max_children, CHILDREN_A_STEP)
        self._live[run.id] = LiveRun(run, compiled, project_id, fired)
        self._push(run)
        self.drain_queue()

    def _push(self, run: Run) -> None:
        record = run.state.record
        heapq.heappush(self._queue, (record.priority, record.created_at, run.id))

    def resume(self, run: Run, compiled: CompiledFlow, project_id: str, move: Transition) -> None:
        """Go on with a run that was interrupted, and claimed. `move` names what starts again. What ran out of time
        meanwhile ends first, before answers are heard."""
        run.bound(self._max_children, CHILDREN_A_STEP)
        run.admit(move, now_us())
        live = LiveRun(run, compiled, project_id, None)
        self._live[run.id] = live
        self._open_count += 1
        self._arm_deadline(live)
        self.commit(live, move)
        deadline_at = run.state.deadline_at
        if deadline_at is not None and deadline_at <= now_us():
            self._time_out(live)
        elif self._live.get(run.id) is live:
            self._performing.keep_limits(live)

    def drain_queue(self) -> None:
        """Begin what is queued while there is room. Call once the runtime is loaded; runs that end call it too."""
        while self._queue and self.can_run and self._open_count < self._max_live:
            _, _, execution_id = heapq.heappop(self._queue)
            live = self._live.get(execution_id)
            if live is None or live.fired is None or live.run.ended:
                continue  # cancelled while it waited
            fired, live.fired = live.fired, None
            self._open_count += 1
            unit = Unit()
            move = live.run.begin(unit, now_us(), fired)
            if not move.ended:
                unit.rows.append(live.run.state.row())
            self.commit(live, move)

    def answer(self, execution_id: str, settled: Settled) -> bool:
        """Go on from a wait that was settled. False where this process has no such run, or the run no such wait: who
        takes it up next finds the answer."""
        live = self._live.get(execution_id)
        activation = live.run.inflight.get(settled.wait_id) if live is not None else None
        if live is None or activation is None or self._performing.stopping:
            return False
        if not activation.waits or activation.answered or activation.over:
            return False
        self.decide(live, lambda: self._performing.answered(live, activation, settled))
        return True

    def intervene(self, intervention: Intervention) -> None:
        """Hand context to the run, where this process has it and it does not know it yet."""
        live = self._live.get(intervention.execution_id)
        if live is not None and not live.run.ended and intervention not in live.run.interventions:
            move = live.run.intervene(now_us(), intervention)
            if move.unit.rows:
                self.commit(live, move)

    def emit_at(self, execution_id: str, activation: Activation, due_at: int) -> None:
        """Take up a back-off that a restart interrupted."""
        live = self._live.get(execution_id)
        if live is not None:  # else it left again at once, until then
            self._performing.emit_at(live, activation, due_at)

    # Ending from outside.

    def cancel(self, execution_id: str, message: str, extend: Extend, told: Told) -> Run | None:
        """End a run now, `told` once that is durable. None where it has ended, or this process does not have it."""
        live = self._live.get(execution_id)
        if live is None or live.run.ended:
            return None
        _flush(live)
        move = live.run.cancel(now_us(), message)
        extend(move.unit, live.run)
        self._end_now(live, move, told)
        return live.run

    def drop(self, execution_ids: Iterable[str]) -> None:
        """Let go of runs without ending them or writing anything: somebody else has them, or shall.

        What was submitted of them may still be written, where the fence lets it; nothing is started after it."""
        for execution_id in execution_ids:
            live = self._live.get(execution_id)
            if live is not None:
                self._performing.let_go(live)
                self._retire(live)

    async def stop(self, seconds: float = 2.0) -> None:
        """Let go of all runs without ending them: they go on at the next start, or elsewhere. Handlers have that long
        to take note."""
        for live in self._live.values():
            if live.deadline is not None:
                live.deadline.cancel()
        await self._performing.stop_all(seconds)

    def _time_out(self, live: LiveRun) -> None:
        if not live.run.ended:
            _flush(live)
            limit = live.run.limit_seconds
            self._end_now(live, live.run.time_out(now_us(), f"the run took longer than {limit} s"))

    def _end_now(self, live: LiveRun, move: Transition, told: Told | None = None) -> None:
        # A late result finds `activation.over` and is discarded.
        self._performing.let_go(live)
        self.commit(live, move, told)

    # Commit, publish, start.

    def decide(self, live: LiveRun, decide: Callable[[], None]) -> None:
        """Take an outcome. A defect of ours in doing so must not leave a run that seems to go on for ever."""
        try:
            decide()
        except Exception as error:
            log.exception("outcome_not_taken", execution_id=live.run.id)
            if not live.run.ended:
                failure = Failure("Internal", f"the outcome of a node could not be taken: {type(error).__name__}")
                self._end_now(live, live.run.break_off(now_us(), failure))

    def commit(
        self,
        live: LiveRun,
        move: Transition,
        told: Told | None = None,
        after_failure: Callable[[], object] | None = None,
        *,
        stored: bool = True,
    ) -> None:
        """`stored`: the run's row is there, so that its epoch can be asked for."""

        def done(error: BaseException | None) -> None:
            current = self._live.get(live.run.id) is live
            if error is None:
                # Of a run dropped meanwhile, what is written is told, and nothing starts.
                follow = self._durable if current else self._publish
                self.decide(live, lambda: follow(live, move))
            elif after_failure is not None:
                after_failure()
            elif current:
                # What follows would stand on what is not there.
                if isinstance(error, LeaseLost):
                    log.info("lease_lost", execution_id=live.run.id, epoch=live.run.epoch)
                else:  # the next start goes on from what is there
                    log.error("run_left_for_next_start", execution_id=live.run.id, error=str(error))
                self._performing.let_go(live)
                self._retire(live)
            elif leaves:
                log.error("run_left_for_next_start", execution_id=live.run.id, error=str(error))
            if leaves:
                self._leaving.pop(live.run.id, None)
                self._release(live)
            if told is not None:
                told(error)
            if rests and self._rested is not None:
                self._rested()

        if self._live.get(live.run.id) is not live:
            return  # somebody else's now, or left for the next start
        if move.rest is not None and move.rest():
            # Its run has ended, so nothing of it can come between.
            self._performing.let_go(live)
            go_on = partial(self.commit, live, move, told, after_failure, stored=stored)
            self._loop.call_soon(go_on, context=attempts.clean_context())
            return
        if move.stopped:
            self._performing.stop(live, move.stopped)
        if move.ended and live.tasks:
            self._performing.let_go(live)
        if stored:
            move.unit.fence = Fence(live.run.id, live.run.epoch)
        run = live.run
        leaves = (
            stored and not move.ended and run.inflight.resting > 0 and live.fired is None and run.may_leave(now_us())
        )
        if leaves:
            run.leave_process(move)
            del self._live[run.id]
            self._leaving[run.id] = live
            self._performing.let_go(live)
        rests = leaves or move.began_wait
        move.unit.done = done
        self._journal.submit(move.unit)
        if run.event_count > self._max_events and not run.ended and not leaves:
            words = f"the run has more than {self._max_events} events (TFCANVAS_MAX_EVENTS)"
            self._end_now(live, run.break_off(now_us(), Failure("TooManyEvents", words)))

    def _publish(self, live: LiveRun, move: Transition) -> None:
        publish(self._bus, live.run.id, move.unit, move.batch)

    def _durable(self, live: LiveRun, move: Transition) -> None:
        self._publish(live, move)
        if move.ended:
            self._retire(live)
            return
        if live.deadline is None and live.run.state.deadline_at is not None:
            self._arm_deadline(live)
        for activation in move.ready:
            self._performing.emit(live, activation)
        self._admit(live)

    def _admit(self, live: LiveRun) -> None:
        """Begin items that were held back. One such step at a time is on its way to the journal."""

        if live.admits or not live.run.may_admit or self._live.get(live.run.id) is not live:
            return

        def told(error: BaseException | None) -> None:
            live.admits = False
            if error is None:
                self.decide(live, lambda: self._admit(live))

        live.admits = True
        move = Transition(Unit())
        live.run.admit(move, now_us())
        self.commit(live, move, told)

    def _arm_deadline(self, live: LiveRun) -> None:
        if live.run.state.deadline_at is not None:
            left = max(0.0, (live.run.state.deadline_at - now_us()) / 1_000_000)
            live.deadline = self._loop.call_later(left, self._time_out, live, context=attempts.clean_context())

    def _retire(self, live: LiveRun) -> None:
        if self._live.pop(live.run.id, None) is not None:
            self._release(live)

    def _release(self, live: LiveRun) -> None:
        if live.deadline is not None:
            live.deadline.cancel()
        self._performing.release(live)
        if live.fired is None:
            self._open_count -= 1
        if self._gone is not None:
            self._gone(live.run.id)
        if self._queue:
            self.drain_queue()


def _flush(live: LiveRun) -> None:
    for _, context in live.tasks.values():
        context.flush()
