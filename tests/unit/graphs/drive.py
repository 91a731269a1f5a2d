"""Run a world in one process, from whatever a store holds to the end: its handlers end, its waits are answered and its
clock goes on in an order that is chosen one step at a time, each time nothing else can happen."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.errors import AlreadyAnswered, AlreadyEnded
from triggerflow_orchestrator.app.answers import AnswerWait, SignalEvent
from triggerflow_orchestrator.app.cancel import CancelExecution
from triggerflow_orchestrator.app.commands import StartCommand
from triggerflow_orchestrator.app.end_unrun import EndUnrun
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.engine_ports import Perform
from triggerflow_orchestrator.app.recover import Recover
from triggerflow_orchestrator.app.resume import Deliver, Locally, Waking
from triggerflow_orchestrator.app.start import StartExecution
from triggerflow_orchestrator.app.take_up import TakeUp
from triggerflow_orchestrator.domain.plan import Plan
from triggerflow_orchestrator.domain.wait import WaitRecord

from .clock import BEGAN_US, FAR_SECONDS, Loop, Now, standing_still
from .store import Store
from .world import Place, World

MOST_STEPS = 20_000


@dataclass(slots=True)
class Order:
    """In which order things happen. Without a generator: one that follows from what can be done alone, so that a
    process that takes over goes on as the one before would have."""

    any: random.Random | None = None
    slow_writes: bool = False
    """Commits take as long as anything else."""
    cancel_at: int | None = None
    """The step at which somebody cancels the run."""
    bothers: bool = False
    """Somebody answers what is answered."""


@dataclass(slots=True)
class Driven:
    """One process's time with a run."""

    store: Store
    seen: Counter[str] = field(default_factory=Counter)


def drive(world: World, store: Store, order: Order, *, downtime_us: int = 0) -> Driven:
    """To the end of the run. Raises AssertionError where a law is broken on the way."""
    began = store.log[-1].at_us + downtime_us if store.log else BEGAN_US
    with standing_still(), _logs() as complaints:
        process = _Process(world, store, order)
        loop = Loop(process.idle, began)
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(process.main(loop))
            assert not complaints, complaints
            assert not loop.broke, loop.broke
        finally:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            process.over = True
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.close()
            asyncio.set_event_loop(None)
    return Driven(store, process.seen)


@contextmanager
def _logs() -> Iterator[list[Any]]:
    """What the product logs as an error."""
    complaints: list[Any] = []

    def take(_: object, method: str, said: Any) -> Any:
        if method in ("error", "exception"):
            complaints.append({key: str(value) for key, value in said.items()})
        raise structlog.DropEvent

    kept = structlog.get_config()
    structlog.configure(processors=[structlog.processors.format_exc_info, take])
    try:
        yield complaints
    finally:
        structlog.configure(**kept)


class _Runtime:
    """`NodeRuntime` that performs what is emitted when the driver says so."""

    def __init__(self) -> None:
        self.loaded = asyncio.Event()
        self.loaded.set()
        self.emitted: list[int] = []
        self.perform: Perform

    def compile(self, plan: Plan, perform: Perform) -> _Runtime:
        self.perform = perform
        return self

    def open(self) -> _Runtime:
        return self

    def emit(self, node_number: int, activation: int) -> None:
        self.emitted.append(activation)

    def close(self) -> None:
        pass


class _Process:
    def __init__(self, world: World, store: Store, order: Order) -> None:
        self._world = world
        self._store = store
        self._order = order
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ends: dict[Place, list[asyncio.Future[None]]] = {}
        self._runs: set[tuple[str, str]] = set()
        self._fault: str | None = None
        self._finished: asyncio.Future[None] | None = None
        self._steps = 0
        self._starting = False
        self.over = False
        self.seen: Counter[str] = Counter()

    async def main(self, loop: Loop) -> None:
        world, store = self._world, self._store
        self._loop = loop
        world.invoked = self._invoked
        self._finished = loop.create_future()
        waking = Waking(store)  # type: ignore[arg-type]
        self._runtime = _Runtime()
        bus = InProcessBus()
        engine = Engine(
            store,
            self._runtime,
            bus,
            max_live=10,
            gone=lambda _: waking.room_came(),
            rested=waking.nudge,
        )
        self._engine = engine
        end_unrun = EndUnrun(store, store, store, bus)  # type: ignore[arg-type]
        take_up = TakeUp(engine, store, world, world, store, end_unrun)  # type: ignore[arg-type]
        locally = Locally(engine, Deliver(engine, store, store), take_up)  # type: ignore[arg-type]
        locally.longest_seconds = FAR_SECONDS
        locally.nudge = waking.nudge
        self._cancel = CancelExecution(engine, store, store, end_unrun, locally.adopt)  # type: ignore[arg-type]
        self._answer = AnswerWait(store, store, store, waking.told)  # type: ignore[arg-type]
        self._signal = SignalEvent(store, waking.told)  # type: ignore[arg-type]
        if self._order.slow_writes:
            store.held = []
        if store.log:
            recover = Recover(engine, store, store, take_up)  # type: ignore[arg-type]
            await recover.note()
            await recover()
        else:
            engine.begin()
            given = world.drawn
            command = StartCommand("p", "local", "0", "1", given.inputs, {}, given.options, None, 0, None)
            await StartExecution(engine, world, world)(command)  # type: ignore[arg-type]
        self._spawn(waking.run(locally))
        await self._finished
        await self._afterwards(engine)
        await engine.stop(0.0)
        store.held = None

    async def _afterwards(self, engine: Engine) -> None:
        """An ended run stays as it is, whoever still answers, ends late or asks for its end."""
        store = self._store
        length = len(store.log)
        assert not engine.live_ids, "a run that ended is still held"
        for wait in list(store.waits.values()):
            assert wait.status != "open", f"{wait.node_id} in {wait.scope} waits, and its run has ended"
            await self._too_late(wait)
            if wait.kind == "event":
                await self._signal("p", wait.name or "", wait.key or "", "late", "otto", None)
        try:
            await self._cancel("p", store.record.id if store.record else "", "otto", None)
            raise AssertionError("a run that has ended was cancelled")
        except AlreadyEnded:
            pass
        self.over = True
        for futures in self._ends.values():
            for future in futures:
                if not future.done():
                    future.set_result(None)
        await asyncio.sleep(10_000)
        assert len(store.log) == length, "something was written after the end of the run"

    # The next step.

    def idle(self) -> None:
        """Called when nothing can happen by itself."""
        if self._fault is not None:
            raise AssertionError(self._fault)
        for task in self._tasks:
            if task.done() and not task.cancelled() and task.exception() is not None:
                raise AssertionError("a task broke") from task.exception()
        self._tasks = {task for task in self._tasks if not task.done()}
        if self.over:
            self._loop.advance()
            return
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise AssertionError(f"the run goes on and on: {MOST_STEPS} steps")
        assert self._finished is not None
        record = self._store.record
        if record is not None and record.ended and not self._store.held:
            if not self._finished.done():
                self._finished.set_result(None)
                return
            self._loop.advance()
            return
        if self._order.cancel_at is not None and self._steps >= self._order.cancel_at and record is not None:
            self._order.cancel_at = None
            self._spawn(self._cancelled())
            return
        if self._order.any is None:
            self._in_order()
        else:
            self._in_any_order(self._order.any)

    def _in_order(self) -> None:
        emitted = self._runtime.emitted
        if emitted:
            # In the order they began, which their ids tell; a process that takes over numbers them in another one.
            known = self._engine._performing._activations
            number = min(emitted, key=lambda each: known[each][1].id if each in known else "")
            emitted.remove(number)
            self._begin(number)
            return
        options = self._options()
        if self._loop.can_advance and (due := self._due()) is not None:
            options.append((due, self._loop.advance))
        if not options:
            self._loop.advance()
            return
        _, act = min(options, key=lambda option: (self._world.draw("order", option[0]), option[0]))
        act()

    def _in_any_order(self, rng: random.Random) -> None:
        emitted = self._runtime.emitted
        options = [act for _, act in self._options()]
        if emitted:
            number = rng.randrange(len(emitted))
            options += [lambda: self._begin(emitted.pop(number))] * 3
        if self._store.held:
            options += [self._store.write] * 3
        if self._loop.can_advance:
            options.append(self._loop.advance)
        if self._order.bothers and (settled := [w for w in self._store.waits.values() if w.status != "open"]):
            wait = rng.choice(settled)
            if rng.random() < 0.1:
                self._spawn(self._too_late(wait))
        if not options:
            self._loop.advance()
            return
        rng.choice(options)()

    def _options(self) -> list[tuple[Place, Callable[[], Any]]]:
        options: list[tuple[Place, Callable[[], Any]]] = []
        for place, futures in self._ends.items():
            for future in futures:
                if not future.done():
                    options.append((place, partial(future.set_result, None)))
        if not self._starting:
            for wait in self._store.open_waits():
                place = (wait.scope, wait.node_id)
                if self._world.answers(place, wait.kind, wait.name, wait.due_at is not None):
                    options.append((place, partial(self._give, wait)))
        return options

    def _due(self) -> Place | None:
        """What is due next, as the store knows it."""
        store = self._store
        times = [(wait.due_at, wait.scope, wait.node_id) for wait in store.open_waits() if wait.due_at is not None]
        for row in store.attempts:
            if row.activation_id not in store.ended and row.due_at > Now.us:
                start = store.starts[row.activation_id]
                times.append((row.due_at, start.scope, start.node_id))
        return min(times)[1:] if times else None

    def _begin(self, number: int) -> None:
        self._spawn(self._runtime.perform(number))  # type: ignore[arg-type]

    def _spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._tasks.add(self._loop.create_task(coroutine, context=contextvars.Context()))

    # What comes from outside.

    def _give(self, wait: WaitRecord) -> None:
        self._spawn(self._answered(wait))

    async def _answered(self, wait: WaitRecord) -> None:
        self._starting = True
        try:
            if wait.kind == "event":
                value = self._world.signal(wait.name or "", wait.key or "")
                matched = await self._signal("p", wait.name or "", wait.key or "", value, "anna", None)
                self.seen["several at once"] += matched.count > 1
                self.seen["events"] += 1
                return
            value = self._world.answer((wait.scope, wait.node_id), wait.kind)
            twice = [self._answer_one(wait, value)]
            if self._order.any is not None and self._order.any.random() < 0.2:
                twice.append(self._answer_one(wait, value))
            won = await asyncio.gather(*twice)
            assert sum(won) == (self._store.waits[wait.id].status == "answered"), "an answer was taken twice, or never"
            self.seen["answered"] += 1
            self.seen["answered twice"] += len(won) > 1
        finally:
            self._starting = False

    async def _answer_one(self, wait: WaitRecord, value: Any) -> bool:
        try:
            await self._answer("p", wait.execution_id, wait.id, value, "anna", None)
        except AlreadyAnswered:
            return False
        return True

    async def _too_late(self, wait: WaitRecord) -> None:
        before = self._store.waits[wait.id]
        value = {"decision": "rejected", "data": "late"} if wait.kind == "approval" else "late"
        try:
            await self._answer("p", wait.execution_id, wait.id, value, "otto", None)
        except AlreadyAnswered as said:
            assert said.metadata["waitId"] == wait.id
        else:
            raise AssertionError(f"{wait.node_id} in {wait.scope} was {before.status}, and was answered again")
        assert self._store.waits[wait.id] == before, "a late answer changed the wait"
        self.seen["late answers"] += 1

    async def _cancelled(self) -> None:
        record = self._store.record
        assert record is not None
        try:
            ended = await self._cancel("p", record.id, "anna", None)
        except AlreadyEnded:
            return
        self.seen["cancelled"] += ended.status == "cancelled"

    # Handlers.

    def _invoked(self, ctx: Any) -> tuple[str, Callable[[], Awaitable[None]]]:
        start = self._store.starts.get(ctx.activation_id)
        if start is None:
            self._fault = f"{ctx.node_id} runs, and that it began is not durable"
            return "", _at_once
        place = (start.scope, start.node_id)
        run = (ctx.idempotency_key, str(ctx.attempt))
        if ctx.activation_id in self._store.ended:
            self._fault = f"{place} runs again, and its outcome is durable"
        elif self._store.record is None or self._store.record.ended:
            self._fault = f"{place} runs, and the run has ended"
        elif run in self._runs:
            self._fault = f"{place} runs attempt {ctx.attempt} twice in one process"
        elif any(row.activation_id == ctx.activation_id and row.due_at > Now.us for row in self._store.attempts):
            self._fault = f"{place} runs attempt {ctx.attempt} before it is due"
        self._runs.add(run)
        self.seen["handlers"] += 1

        async def may_end() -> None:
            future = self._loop.create_future()
            self._ends.setdefault(place, []).append(future)
            try:
                await future
            finally:
                self._ends[place].remove(future)
                if not self._ends[place]:
                    del self._ends[place]

        return start.scope, may_end


async def _at_once() -> None:
    """Where nothing is waited for."""
