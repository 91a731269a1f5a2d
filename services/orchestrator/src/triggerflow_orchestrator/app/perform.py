"""Perform the activations of live runs: call what each node's kind needs, bound it in time, and take its outcome.

An activation is *emitted* to TriggerFlow, which calls `perform` back with its number. One that is to be tried again
is emitted later. What an outcome leads to is the run's to decide; writing that, and what becomes of the run, is the
engine's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from triggerflow_chassis.clock import now_us

from triggerflow_orchestrator.app import attempt as attempts
from triggerflow_orchestrator.app import waiting
from triggerflow_orchestrator.app.activation import Activation, Transition
from triggerflow_orchestrator.app.emitting import Emitting
from triggerflow_orchestrator.app.engine_ports import Hold, Keep, NodeRuntime
from triggerflow_orchestrator.app.fusion import perform_pure
from triggerflow_orchestrator.app.in_flight import limit_of
from triggerflow_orchestrator.app.live_run import LiveRun, Told
from triggerflow_orchestrator.app.outlet import Outlet, Said
from triggerflow_orchestrator.app.strays import Strays
from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.domain.time_limit import LONGEST_LIMIT_SECONDS
from triggerflow_orchestrator.domain.value import Value
from triggerflow_orchestrator.domain.wait import Settled


class Runs(Protocol):
    """What performing needs of whoever drives the runs: the engine."""

    def commit(self, live: LiveRun, move: Transition, told: Told | None = None) -> None:
        """Write a step, publish it, start what is ready; `told` once it is durable. Nothing where this process does
        not have the run any more."""

    def decide(self, live: LiveRun, decide: Callable[[], None]) -> None:
        """Call it; where it raises, the run ends as failed."""


class Performing:
    """The activations of this process, from emitted to decided. Used on the loop, but for what handlers call."""

    def __init__(
        self,
        runs: Runs,
        lives: Mapping[str, LiveRun],
        runtime: NodeRuntime,
        *,
        hold: Hold | None,
        keep: Keep | None,
        max_events: int,
        fuses: bool,
    ) -> None:
        """`lives`: the runs this process has, by id, as they come and go. The others are as the engine has them."""
        self._runs = runs
        self._lives = lives
        self._runtime = runtime
        self._hold = hold
        self._keep = keep
        self._max_events = max_events
        self._fuses = fuses
        self._loop = asyncio.get_running_loop()
        self._strays = Strays(self._loop)
        self._emitting = Emitting(self._loop, self._emit_now)
        self._turns = self._emitting.turns
        self._activations: dict[int, tuple[LiveRun, Activation]] = {}
        self.stopping = False

    @property
    def strays(self) -> int:
        """Handlers on the loop that go on although they were cancelled."""
        return self._strays.count

    # Emitting.

    def emit(self, live: LiveRun, activation: Activation) -> None:
        """Have it performed soon. A sub-flow is only bound in time: its children are performed."""
        if activation.over or self.stopping:
            return
        if activation.node.subflow is not None:
            self._arm_subflow(live, activation)
            return
        pure = self._fuses and activation.handling is None and live.compiled.pure(activation.node) is not None
        self._emitting.soon(live, activation, pure=pure)

    def _emit_now(self, live: LiveRun, activation: Activation) -> None:
        if activation.over or self.stopping or self._lives.get(live.run.id) is not live:
            return
        if live.program_run is None:
            live.program_run = live.compiled.program(self._runtime, self.perform).open()
        self._remember(live, activation)
        live.program_run.emit(activation.node.number, activation.number)

    def _arm_subflow(self, live: LiveRun, activation: Activation) -> None:
        """A subflow node runs no code of its own: its children are activations too. Its time limit is kept here."""
        self._remember(live, activation)
        limit = limit_of(activation)
        if limit is not None and activation.number not in live.timers:
            left = max(0.0, (limit - now_us()) / 1_000_000)
            live.timers[activation.number] = self._loop.call_later(
                left, self._subflow_timed_out, live, activation, context=attempts.clean_context()
            )

    def keep_limits(self, live: LiveRun) -> None:
        """Of a run that is taken up: sub-flows whose time is up end now, before answers to their nodes are heard; the
        limits of others hold from now on, however long the database takes."""
        now = now_us()
        for limit, activation in live.run.inflight.limited():
            if limit <= now:
                self._subflow_timed_out(live, activation)
            elif not activation.over:
                self._arm_subflow(live, activation)

    def _subflow_timed_out(self, live: LiveRun, activation: Activation) -> None:
        live.timers.pop(activation.number, None)
        if activation.over or self._lives.get(live.run.id) is not live:
            return
        failure = Failure("TimedOut", f"no result within {activation.node.timeout_seconds} s")
        self._runs.decide(live, lambda: self._fail(live, activation, failure))

    def _emit_later(self, live: LiveRun, activation: Activation, seconds: float) -> None:
        if activation.over or self.stopping or self._lives.get(live.run.id) is not live:
            return
        number = activation.number

        def due() -> None:
            live.timers.pop(number, None)
            live.run.inflight.rouse(activation)
            self.emit(live, activation)

        live.timers[number] = self._loop.call_later(seconds, due, context=attempts.clean_context())

    def emit_at(self, live: LiveRun, activation: Activation, due_at: int) -> None:
        """Take up a back-off that a restart interrupted."""
        self._remember(live, activation)
        self._emit_later(live, activation, max(0.0, (due_at - now_us()) / 1_000_000))

    # One attempt.

    async def perform(self, number: int) -> None:
        """Make the next attempt of an activation. Returns without waiting for the commit."""
        found = self._activations.get(number)
        task = asyncio.current_task()
        if found is None or task is None or self.stopping or found[1].over:
            return
        live, activation = found
        node = activation.node
        if self._fuses and not self._turns.free and live.compiled.pure(node) is not None:
            await self._turns.wait()
            if self.stopping or activation.over or number not in self._activations:
                return
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
                if not context.cancelled and not self.stopping:
                    self._begin_wait(live, activation, config)
                return
            else:
                lit = await attempts.call(live.compiled.bound(node), activation, context)
            kept = await self._keep_result(live, activation, lit) if self._keep is not None else None
        except BaseException as error:
            # A cancel that nobody here asked for is the handler's own, and a failure like any other.
            if not context.cancelled and not self.stopping:
                raised = error
                self._runs.decide(live, lambda: self._attempt_failed(live, activation, raised))
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
        else:
            if context.cancelled or self.stopping:
                return
            self._forget_attempt(live, number)
            self._forget(live, number)
            self._runs.decide(live, lambda: self._runs.commit(live, live.run.succeed(activation, now_us(), lit, kept)))

    def _perform_pure(self, live: LiveRun, activation: Activation) -> bool:
        """It and the pure ones after it, in one unit. False where it is to be performed alone."""
        done = True
        began = self._loop.time()

        def decide() -> None:
            nonlocal done
            move = perform_pure(live.compiled, live.run, activation, self._max_events)
            if move is None:
                done = False
                return
            self._forget(live, activation.number)
            if self._lives.get(live.run.id) is live:
                self._turns.writes()
                self._runs.commit(live, move, self._turns.written)

        self._runs.decide(live, decide)
        self._turns.took(self._loop.time() - began)
        return done

    async def _keep_result(self, live: LiveRun, activation: Activation, lit: Mapping[str, Value]) -> Mapping[int, str]:
        assert self._keep is not None
        # The handler is done: what takes long from here on is not its fault.
        self._stop_clock(live, activation.number)
        return await self._keep(live.run.id, lit, lambda level, words: self._log_on_loop(activation, level, words))

    def _attempt_timed_out(self, live: LiveRun, activation: Activation) -> None:
        attempt = live.tasks.get(activation.number)
        error = attempts.NodeTimedOut(f"no result within {activation.node.timeout_seconds} s")
        if not activation.over:
            self._runs.decide(live, lambda: self._attempt_failed(live, activation, error))
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
            self._runs.commit(live, move, lambda _: self._emit_later(live, activation, wait))
            return
        if activation.node.handles_errors:
            move = live.run.handle(activation, now, failure)
            self._runs.commit(live, move, lambda _: self._emit_later(live, activation, 0.0))
            return
        self._fail(live, activation, failure)

    def _fail(self, live: LiveRun, activation: Activation, failure: Failure) -> None:
        self._forget(live, activation.number)
        move = live.run.fail(activation, now_us(), failure)
        if move.ended:
            self.let_go(live)
        self._runs.commit(live, move)

    # Waiting for what no handler gives.

    def _begin_wait(self, live: LiveRun, activation: Activation, config: Mapping[str, Any]) -> None:
        """Nothing performs the activation any more, until it is answered. Raises ConfigInvalid."""
        terms = waiting.terms_of(activation.node, config, now_us())
        self._forget_attempt(live, activation.number)
        self._runs.decide(live, lambda: self._runs.commit(live, live.run.wait(activation, now_us(), terms)))

    def answered(self, live: LiveRun, activation: Activation, settled: Settled) -> None:
        """Go on from a wait that was settled."""
        move = live.run.answered(activation, now_us(), settled)
        if activation.over:
            self._forget(live, activation.number)
        if move.ended:
            self.let_go(live)
        # Not over: it failed, and its handler for errors follows.
        self._runs.commit(live, move, None if activation.over else lambda _: self._emit_later(live, activation, 0.0))

    # `attempt.Host`: what handlers say while they run.

    def log(self, activation: Activation, level: str, message: str) -> None:
        """Lines of one handler keep their order, and come before its end."""
        if attempts.is_loop_thread(self._loop):
            self._log_on_loop(activation, level, message)
        else:
            self._loop.call_soon_threadsafe(self._log_on_loop, activation, level, message)

    def _log_on_loop(self, activation: Activation, level: str, message: str) -> None:
        live = self._lives.get(activation.run.id)
        if live is not None and not activation.over and not self.stopping:
            text = attempts.clean_text(str(message))
            self._runs.commit(live, live.run.transcript.log(now_us(), level, text, activation.node.id))

    def measure(self, activation: Activation, name: str, value: float, unit: str | None) -> None:
        """`attempt.Host`."""
        if attempts.is_loop_thread(self._loop):
            self._measure_on_loop(activation, name, value, unit)
        else:
            self._loop.call_soon_threadsafe(self._measure_on_loop, activation, name, value, unit)

    def _measure_on_loop(self, activation: Activation, name: str, value: float, unit: str | None) -> None:
        live = self._lives.get(activation.run.id)
        if live is not None and not activation.over and not self.stopping:
            self._runs.commit(live, live.run.transcript.measure(now_us(), activation, name, value, unit))

    def outlet(self, activation: Activation) -> Outlet:
        """`attempt.Host`."""
        return Outlet(self._loop, lambda said, durable: self._say(activation, said, durable))

    def _say(self, activation: Activation, said: Said, durable: Callable[[], None]) -> None:
        live = self._lives.get(activation.run.id)
        if live is not None and not activation.over and not self.stopping:
            move = live.run.transcript.say(now_us(), activation, said)
            self._runs.commit(live, move, lambda error: durable() if error is None else None)

    # Stopping, and what is known of each.

    def stop(self, live: LiveRun, stopped: Iterable[Activation]) -> None:
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

    def let_go(self, live: LiveRun) -> None:
        """Stop all that works for a run: it ended, or goes on elsewhere."""
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

    def release(self, live: LiveRun) -> None:
        """Forget a run that this process does not have any more."""
        if live.program_run is not None:
            live.program_run.close()
        for number in live.numbers:
            self._activations.pop(number, None)

    async def stop_all(self, seconds: float) -> None:
        """Begin nothing any more, and cancel what goes on, without an outcome. Handlers have that long to take
        note."""
        self.stopping = True
        tasks = [task for live in self._lives.values() for task, _ in live.tasks.values()]
        for live in self._lives.values():
            for timer in live.timers.values():
                timer.cancel()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

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
