"""Drive all live executions of this process: commit, publish, start what is ready, in that order.

Follow one node: TriggerFlow performs its activation (`_perform`) → the run decides (`Run.succeed`) → the journal
commits (`_commit`) → events are published and successors emitted (`_durable`). Everything but handlers and the
journal's thread happens on one loop, so nothing here is locked.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import structlog
from triggerflow_chassis.bus import Bus
from triggerflow_chassis.clock import now_us

from triggerflow_orchestrator.app import attempt as attempts
from triggerflow_orchestrator.app import waiting
from triggerflow_orchestrator.app.compiled import CompiledFlow
from triggerflow_orchestrator.app.engine_ports import Hold, Journal, Keep, NodeRuntime
from triggerflow_orchestrator.app.fusion import perform_pure
from triggerflow_orchestrator.app.live_run import Extend, Fired, LiveRun, Told
from triggerflow_orchestrator.app.outlet import Outlet, Said
from triggerflow_orchestrator.app.publish import publish
from triggerflow_orchestrator.app.run import LONGEST_LIMIT_SECONDS, Activation, Run, Transition
from triggerflow_orchestrator.app.strays import Strays
from triggerflow_orchestrator.app.units import Fence, Unit
from triggerflow_orchestrator.domain.execution import ExecutionRecord, Failure
from triggerflow_orchestrator.domain.intervention import Intervention
from triggerflow_orchestrator.domain.lease import LeaseLost
from triggerflow_orchestrator.domain.seed import Seed
from triggerflow_orchestrator.domain.value import Value
from triggerflow_orchestrator.domain.wait import Settled

log = structlog.get_logger(__name__)

DEFAULT_MAX_EVENTS: Final = 1_000_000


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
        rested: Callable[[], None] | None = None,
        fuses: bool = True,
    ) -> None:
        """`gone` is told the id of each run that this process no longer has: ended, dropped, or left. No handler is
        begun while `hold` is not sure. `keep` is given each result before it is taken. `rested` is told when a run
        began to wait for something or left because it does, once that is durable. Unless it `fuses`, each
        pure node is a commit of its own, as every other is."""
        self._fuses = fuses
        self._loop = asyncio.get_running_loop()
        self._journal = journal
        self._runtime = runtime
        self._bus = bus
        self._max_live = max_live
        self._gone = gone
        self._hold = hold
        self._keep = keep
        self._max_events = max_events
        self._strays = Strays(self._loop)
        self._rested = rested
        self._live: dict[str, LiveRun] = {}
        self._leaving: dict[str, LiveRun] = {}
        """Runs that wait, until it is durable that this process does not have them any more."""
        self._activations: dict[int, tuple[LiveRun, Activation]] = {}
        self._queue: list[tuple[int, int, str]] = []
        self._open = False
        self._open_count = 0
        self._stopping = False
        self.numbers = itertools.count(1)

    @property
    def can_run(self) -> bool:
        """Whether a run could begin now."""
        return self._open and self._runtime.loaded.is_set() and not self._stopping

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
        return self._strays.count

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
        live = LiveRun(run, compiled, record.project_id, fired)
        self._live[run.id] = live
        if self.can_run and self._open_count < self._max_live:
            self._open_count += 1
            move = run.begin(unit, now_us(), fired)
            live.fired = None
            insert(unit, run)
            self._commit(live, move, told, after_failure=lambda: self._retire(live), stored=False)
        else:
            insert(unit, run)

            def queued(error: BaseException | None) -> None:
                # Not before it is durable: what is refused must not run.
                if error is None:
                    self._push(run)
                    self.drain_queue()
                told(error)

            self._commit(live, Transition(unit), queued, after_failure=lambda: self._retire(live), stored=False)
        return run

    def enqueue(self, run: Run, compiled: CompiledFlow, project_id: str, fired: Fired) -> None:
        """Take a run that is durable as queued, and claimed: begun at once where there is room."""
        self._live[run.id] = LiveRun(run, compiled, project_id, fired)
        self._push(run)
        self.drain_queue()

    def _push(self, run: Run) -> None:
        heapq.heappush(self._queue, (run.priority, run.created_at, run.id))

    def resume(self, run: Run, compiled: CompiledFlow, project_id: str, move: Transition) -> None:
        """Go on with a run that was interrupted, and claimed. `move` names what starts again."""
        live = LiveRun(run, compiled, project_id, None)
        self._live[run.id] = live
        self._open_count += 1
        self._arm_deadline(live)
        self._commit(live, move)

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
                unit.rows.append(live.run.state_row())
            self._commit(live, move)

    def answer(self, execution_id: str, settled: Settled) -> bool:
        """Go on from a wait that was settled. False where this process has no such run, or the run no such wait: who
        takes it up next finds the answer."""
        live = self._live.get(execution_id)
        activation = live.run.inflight.get(settled.wait_id) if live is not None else None
        if live is None or activation is None or not activation.waits or activation.answered or self._stopping:
            return False

        self._decide(live, lambda: self._answered(live, activation, settled))
        return True

    def _begin_wait(self, live: LiveRun, activation: Activation, config: Mapping[str, Any]) -> None:
        """Nothing performs the activation any more, until it is answered. Raises ConfigInvalid."""
        terms = waiting.terms_of(activation.node, config, now_us())
        self._forget_attempt(live, activation.number)
        self._decide(live, lambda: self._commit(live, live.run.wait(activation, now_us(), terms)))

    def _answered(self, live: LiveRun, activation: Activation, settled: Settled) -> None:
        move = live.run.answered(activation, now_us(), settled)
        if activation.over:
            self._forget(live, activation.number)
        if move.ended:
            self._let_go(live)
        # Not over: it failed, and its handler for errors follows.
        self._commit(live, move, None if activation.over else lambda _: self._emit_later(live, activation, 0.0))

    def intervene(self, intervention: Intervention) -> None:
        """Hand context to the run, where this process has it and it does not know it yet."""
        live = self._live.get(intervention.execution_id)
        if live is not None and not live.run.ended and intervention not in live.run.interventions:
            move = live.run.intervene(now_us(), intervention)
            if move.unit.rows:
                self._commit(live, move)

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
                self._let_go(live)
                self._retire(live)

    async def stop(self, seconds: float = 2.0) -> None:
        """Let go of all runs without ending them: they go on at the next start, or elsewhere. Handlers have that long
        to take note."""
        self._stopping = True
        tasks = [task for live in self._live.values() for task, _ in live.tasks.values()]
        for live in self._live.values():
            if live.deadline is not None:
                live.deadline.cancel()
            for timer in live.timers.values():
                timer.cancel()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    def _time_out(self, live: LiveRun) -> None:
        if not live.run.ended:
            _flush(live)
            limit = live.run.limit_seconds
            self._end_now(live, live.run.time_out(now_us(), f"the run took longer than {limit} s"))

    def _end_now(self, live: LiveRun, move: Transition, told: Told | None = None) -> None:
        # A late result finds `activation.over` and is discarded.
        self._let_go(live)
        self._commit(live, move, told)

    def _let_go(self, live: LiveRun) -> None:
        current = asyncio.current_task()
        for number, (task, context) in list(live.tasks.items()):
            context.give_up()
            if task is not current:
                task.cancel()
                found = self._activations.get(number)
                if found is not None:
                    self._strays.watch(task, found[1])
        for timer in live.timers.values():
            timer.cancel()
        live.timers.clear()

    # One activation.

    async def perform(self, number: int) -> None:
        """Make the next attempt of an activation. Returns without waiting for the commit."""
        found = self._activations.get(number)
        task = asyncio.current_task()
        if found is None or task is None or self._stopping or found[1].over:
            return
        live, activation = found
        node = activation.node
        if self._fuses and (self._hold is None or self._hold.sure) and self._perform_pure(live, activation):
            return
        context = attempts.Context(activation, self)
        live.tasks[number] = (task, context)
        try:
            if self._hold is not None and not self._hold.sure:
                await self._hold.until_sure()
            if node.timeout_seconds is not None and node.timeout_seconds <= LONGEST_LIMIT_SECONDS:
                timer = self._loop.call_later(node.timeout_seconds, self._attempt_timed_out, live, activation)
                live.timers[number] = timer
            if activation.handling is not None:
                lit = await attempts.call_on_error(live.compiled.bound_on_error(node), activation, context)
            elif waiting.kind_of(node) is not None:
                config = await attempts.settings(live.compiled.bound(node), activation)
                if not context.cancelled and not self._stopping:
                    self._begin_wait(live, activation, config)
                return
            else:
                lit = await attempts.call(live.compiled.bound(node), activation, context)
            kept = await self._keep_result(live, activation, lit) if self._keep is not None else None
        except BaseException as error:
            # A cancel that nobody here asked for is the handler's own, and a failure like any other.
            if not context.cancelled and not self._stopping:
                raised = error
                self._decide(live, lambda: self._attempt_failed(live, activation, raised))
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
        else:
            if context.cancelled or self._stopping:
                return
            self._forget_attempt(live, number)
            self._forget(live, number)
            self._decide(live, lambda: self._commit(live, live.run.succeed(activation, now_us(), lit, kept)))

    def _perform_pure(self, live: LiveRun, activation: Activation) -> bool:
        """It and the pure ones after it, in one unit. False where it is to be performed alone."""
        done = True

        def decide() -> None:
            nonlocal done
            move = perform_pure(live.compiled, live.run, activation, self._max_events)
            if move is None:
                done = False
                return
            self._forget(live, activation.number)
            self._commit(live, move)

        self._decide(live, decide)
        return done

    async def _keep_result(self, live: LiveRun, activation: Activation, lit: Mapping[str, Value]) -> Mapping[int, str]:
        assert self._keep is not None
        # The handler is done: what takes long from here on is not its fault.
        self._stop_clock(live, activation.number)
        return await self._keep(live.run.id, lit, lambda level, words: self._log_on_loop(activation, level, words))

    def _decide(self, live: LiveRun, decide: Callable[[], None]) -> None:
        """Take an outcome. A defect of ours in doing so must not leave a run that seems to go on for ever."""
        try:
            decide()
        except Exception as error:
            log.exception("outcome_not_taken", execution_id=live.run.id)
            if not live.run.ended:
                failure = Failure("Internal", f"the outcome of a node could not be taken: {type(error).__name__}")
                self._end_now(live, live.run.break_off(now_us(), failure))

    def _attempt_timed_out(self, live: LiveRun, activation: Activation) -> None:
        attempt = live.tasks.get(activation.number)
        error = attempts.NodeTimedOut(f"no result within {activation.node.timeout_seconds} s")
        if not activation.over:
            self._decide(live, lambda: self._attempt_failed(live, activation, error))
        if attempt is not None:
            task, context = attempt
            context.give_up()
            task.cancel()  # a handler that ignores this goes on alone
            self._strays.watch(task, activation)

    def _attempt_failed(self, live: LiveRun, activation: Activation, error: BaseException) -> None:
        number = activation.number
        self._forget_attempt(live, number)
        failure = attempts.failure_of(error)
        now = now_us()
        if activation.handling is not None:
            self._fail(live, activation, failure)
            return
        wait = attempts.wait_before_next(activation.node, activation.attempt, error)
        if wait is not None:
            move = live.run.retry(activation, now, failure, now + round(wait * 1_000_000))
            self._commit(live, move, lambda _: self._emit_later(live, activation, wait))
            return
        if activation.node.handles_errors:
            move = live.run.handle(activation, now, failure)
            self._commit(live, move, lambda _: self._emit_later(live, activation, 0.0))
            return
        self._fail(live, activation, failure)

    def _fail(self, live: LiveRun, activation: Activation, failure: Failure) -> None:
        self._forget(live, activation.number)
        move = live.run.fail(activation, now_us(), failure)
        if move.ended:
            self._let_go(live)
        self._commit(live, move)

    def _forget_attempt(self, live: LiveRun, number: int) -> None:
        attempt = live.tasks.pop(number, None)
        if attempt is not None:
            attempt[1].finish()
        self._stop_clock(live, number)

    def _stop_clock(self, live: LiveRun, number: int) -> None:
        timer = live.timers.pop(number, None)
        if timer is not None:
            timer.cancel()

    def _remember(self, live: LiveRun, activation: Activation) -> None:
        self._activations[activation.number] = (live, activation)
        live.numbers.add(activation.number)

    def _forget(self, live: LiveRun, number: int) -> None:
        self._activations.pop(number, None)
        live.numbers.discard(number)

    def _emit_later(self, live: LiveRun, activation: Activation, seconds: float) -> None:
        if activation.over or self._stopping or self._live.get(live.run.id) is not live:
            return
        number = activation.number

        def due() -> None:
            live.timers.pop(number, None)
            live.run.rouse(activation)
            self._emit(live, activation)

        live.timers[number] = self._loop.call_later(seconds, due, context=attempts.clean_context())

    def emit_at(self, execution_id: str, activation: Activation, due_at: int) -> None:
        """Take up a back-off that a restart interrupted."""
        live = self._live.get(execution_id)
        if live is None:
            return  # it left again at once, until then
        self._remember(live, activation)
        self._emit_later(live, activation, max(0.0, (due_at - now_us()) / 1_000_000))

    def _emit(self, live: LiveRun, activation: Activation) -> None:
        if activation.over or self._stopping:
            return
        if activation.node.subflow is not None:
            self._arm_subflow(live, activation)
            return
        if live.program_run is None:
            live.program_run = live.compiled.program(self._runtime, self.perform).open()
        self._remember(live, activation)
        live.program_run.emit(activation.node.number, activation.number)

    def _arm_subflow(self, live: LiveRun, activation: Activation) -> None:
        """A subflow node runs no code of its own: its children are activations too. Its time limit is kept here."""
        self._remember(live, activation)
        limit = activation.node.timeout_seconds
        if limit is not None and limit <= LONGEST_LIMIT_SECONDS:
            # Counted from its start, whatever happened since.
            left = max(0.0, activation.started_at / 1_000_000 + limit - now_us() / 1_000_000)
            live.timers[activation.number] = self._loop.call_later(
                left, self._subflow_timed_out, live, activation, context=attempts.clean_context()
            )

    def _subflow_timed_out(self, live: LiveRun, activation: Activation) -> None:
        live.timers.pop(activation.number, None)
        if activation.over or self._live.get(live.run.id) is not live:
            return
        failure = Failure("TimedOut", f"no result within {activation.node.timeout_seconds} s")

        def decide() -> None:
            self._forget(live, activation.number)
            move = live.run.fail(activation, now_us(), failure)
            if move.ended:
                self._let_go(live)
            self._commit(live, move)

        self._decide(live, decide)

    def _stop(self, live: LiveRun, stopped: Iterable[Activation]) -> None:
        """What works for activations that ended is told so; what it still gives is discarded."""
        current = asyncio.current_task()
        for activation in stopped:
            number = activation.number
            attempt = live.tasks.pop(number, None)
            if attempt is not None:
                task, context = attempt
                context.give_up()
                if task is not current:
                    task.cancel()
                    self._strays.watch(task, activation)
            self._stop_clock(live, number)
            if number in live.numbers:
                self._forget(live, number)

    def log(self, activation: Activation, level: str, message: str) -> None:
        """`attempt.Host`. Lines of one handler keep their order, and come before its end."""
        if attempts.is_loop_thread(self._loop):
            self._log_on_loop(activation, level, message)
        else:
            self._loop.call_soon_threadsafe(self._log_on_loop, activation, level, message)

    def _log_on_loop(self, activation: Activation, level: str, message: str) -> None:
        live = self._live.get(activation.run.id)
        if live is not None and not activation.over and not self._stopping:
            text = attempts.clean_text(str(message))
            self._commit(live, live.run.log(now_us(), level, text, activation.node.id))

    def measure(self, activation: Activation, name: str, value: float, unit: str | None) -> None:
        """`attempt.Host`."""
        if attempts.is_loop_thread(self._loop):
            self._measure_on_loop(activation, name, value, unit)
        else:
            self._loop.call_soon_threadsafe(self._measure_on_loop, activation, name, value, unit)

    def _measure_on_loop(self, activation: Activation, name: str, value: float, unit: str | None) -> None:
        live = self._live.get(activation.run.id)
        if live is not None and not activation.over and not self._stopping:
            self._commit(live, live.run.measure(now_us(), activation, name, value, unit))

    def outlet(self, activation: Activation) -> Outlet:
        """`attempt.Host`."""
        return Outlet(self._loop, lambda said, durable: self._say(activation, said, durable))

    def _say(self, activation: Activation, said: Said, durable: Callable[[], None]) -> None:
        live = self._live.get(activation.run.id)
        if live is not None and not activation.over and not self._stopping:
            move = live.run.say(now_us(), activation, said)
            self._commit(live, move, lambda error: durable() if error is None else None)

    # Commit, publish, start.

    def _commit(
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
                self._decide(live, lambda: follow(live, move))
            elif after_failure is not None:
                after_failure()
            elif current:
                # What follows would stand on what is not there.
                if isinstance(error, LeaseLost):
                    log.info("lease_lost", execution_id=live.run.id, epoch=live.run.epoch)
                else:  # the next start goes on from what is there
                    log.error("run_left_for_next_start", execution_id=live.run.id, error=str(error))
                self._let_go(live)
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
        if move.stopped:
            self._stop(live, move.stopped)
        if move.ended and live.tasks:
            self._let_go(live)
        if stored:
            move.unit.fence = Fence(live.run.id, live.run.epoch)
        run = live.run
        leaves = stored and not move.ended and run.resting > 0 and live.fired is None and run.may_leave(now_us())
        if leaves:
            run.leave_process(move)
            del self._live[run.id]
            self._leaving[run.id] = live
            self._let_go(live)
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
        if live.deadline is None and live.run.deadline_at is not None:
            self._arm_deadline(live)
        for activation in move.ready:
            self._emit(live, activation)

    def _arm_deadline(self, live: LiveRun) -> None:
        if live.run.deadline_at is not None:
            left = max(0.0, (live.run.deadline_at - now_us()) / 1_000_000)
            live.deadline = self._loop.call_later(left, self._time_out, live, context=attempts.clean_context())

    def _retire(self, live: LiveRun) -> None:
        if self._live.pop(live.run.id, None) is not None:
            self._release(live)

    def _release(self, live: LiveRun) -> None:
        if live.deadline is not None:
            live.deadline.cancel()
        if live.program_run is not None:
            live.program_run.close()
        for number in live.numbers:
            self._activations.pop(number, None)
        if live.fired is None:
            self._open_count -= 1
        if self._gone is not None:
            self._gone(live.run.id)
        if self._queue:
            self.drain_queue()


def _flush(live: LiveRun) -> None:
    for _, context in live.tasks.values():
        context.flush()
