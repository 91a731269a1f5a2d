"""The engine with a journal that commits when told to: what is decided, and when, whatever handlers do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from drawing import Drawing
from triggerflow_adapter_sdk import HandlerError
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.ids import uuid7
from triggerflow_orchestrator.app.commands import StartCommand
from triggerflow_orchestrator.app.compiled import CompiledFlows
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.engine_ports import Perform
from triggerflow_orchestrator.app.start import StartExecution
from triggerflow_orchestrator.app.units import Fence, Kind, Unit
from triggerflow_orchestrator.domain.execution import BlueprintVersion, ExecutionRecord
from triggerflow_orchestrator.domain.lease import LeaseLost
from triggerflow_orchestrator.domain.plan import Plan


class Journal:
    """Keeps units; commits each at once, or when `commit` is called where `held`."""

    def __init__(self) -> None:
        self.held = False
        self.units: list[Unit] = []
        self.waiting: list[Unit] = []

    def submit(self, unit: Unit) -> None:
        self.waiting.append(unit)
        if not self.held:
            asyncio.get_running_loop().call_soon(self.commit)

    def commit(self, error: Exception | None = None) -> None:
        waiting, self.waiting = self.waiting, []
        for unit in waiting:
            if error is None:
                self.units.append(unit)
            unit.done(error)

    def statuses(self) -> list[str]:
        return [row[7] for unit in self.units for kind, row in unit.rows if kind is Kind.JOURNAL]

    def states(self) -> list[str]:
        return [row[0] for unit in self.units for kind, row in unit.rows if kind is Kind.STATE]


class Runtime:
    """Performs each signal as a task of its own."""

    def __init__(self) -> None:
        self.loaded = asyncio.Event()
        self.loaded.set()
        self.tasks: set[asyncio.Task[None]] = set()

    def compile(self, plan: Plan, perform: Perform) -> Runtime:
        self._perform = perform
        return self

    def open(self) -> Runtime:
        return self

    def emit(self, node_index: int, activation: int) -> None:
        task = asyncio.create_task(self._perform(activation))  # type: ignore[arg-type]
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def close(self) -> None:
        pass


class Bound:
    pure = False
    is_async = True
    reference = "test"

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    async def invoke(self, inputs: Mapping[str, Any], ctx: Any) -> dict[str, Any]:
        return {"out": await self._function(ctx)}


class Handlers:
    def __init__(self, **functions: Callable[[Any], Any]) -> None:
        self._functions = functions

    def bind(self, node: Mapping[str, Any], key: str = "main") -> Any:
        return Bound(self._functions[node["handlers"]["main"]["entrypoint"]])


class World:
    """An engine, and flows of parallel nodes behind one trigger."""

    def __init__(self, *, max_live: int = 10, begun: bool = True, gone: Callable[[str], None] | None = None) -> None:
        self.journal = Journal()
        self.engine = Engine(self.journal, Runtime(), InProcessBus(), max_live=max_live, gone=gone)  # type: ignore[arg-type]
        if begun:
            self.engine.begin()

    async def start(self, **functions: Callable[[Any], Any]) -> ExecutionRecord:
        return await self.starter(**functions)

    def starter(self, timeout: int | None = None, **functions: Callable[[Any], Any]) -> Any:
        drawing = Drawing("parallel")
        drawing.trigger()
        for name in functions:
            more = {"timeoutSeconds": timeout} if timeout is not None else {}
            drawing.node("action", name, name, retries={"maxAttempts": 2, "backoffSeconds": 0}, **more)
            drawing.wire("start", name)
            drawing.node("output", f"of {name}")
            drawing.wire(name, f"of {name}")
        blueprint = {"description": "", "channels": [], "settings": {}, **drawing.body()}
        version = BlueprintVersion(uuid7(), "parallel", "1", "hash", blueprint)

        class Versions:
            async def get_version(self, *_: Any) -> BlueprintVersion:
                return version

        start = StartExecution(self.engine, Versions(), CompiledFlows(Handlers(**functions), Versions()))
        return start(StartCommand("p", "local", version.flow_id, "1", {}, {}, {}, None, 0, None))

    async def until(self, probe: Callable[[], Any]) -> None:
        async with asyncio.timeout(5):
            while not probe():
                await asyncio.sleep(0)


async def well(ctx: Any) -> int:
    return 1


async def test_the_answer_is_what_was_written_with_it() -> None:
    world = World()
    world.journal.held = True
    starting = asyncio.ensure_future(world.start(quick=well))
    await world.until(lambda: world.journal.waiting)
    world.journal.commit()
    record = await starting
    assert (record.status, record.ended_at) == ("running", None)


async def test_a_stop_decides_nothing_whatever_a_handler_makes_of_it() -> None:
    world = World()
    begun = asyncio.Event()

    async def turns_a_cancel_into_its_own_error(ctx: Any) -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise RuntimeError("connection closed") from None

    record = await world.start(node=turns_a_cancel_into_its_own_error)
    await begun.wait()
    await world.engine.stop()
    world.journal.commit()
    assert world.journal.statuses() == ["succeeded"]  # the trigger
    assert world.journal.states() == []
    run = world.engine.live(record.id)
    assert run is not None
    assert run.status == "running"


async def test_a_queued_start_that_is_refused_never_runs_and_takes_no_place() -> None:
    world = World(max_live=1)
    ran: list[str] = []
    gate = asyncio.Event()

    async def waits(ctx: Any) -> None:
        await gate.wait()

    async def tells(ctx: Any) -> None:
        ran.append(ctx.execution_id)

    await world.start(first=waits)
    world.journal.held = True
    second = asyncio.ensure_future(world.start(second=tells))
    await world.until(lambda: world.journal.waiting)
    world.journal.commit(Unavailable("full"))
    with pytest.raises(Unavailable):
        await second
    world.journal.held = False
    gate.set()
    third = await world.start(third=tells)
    await world.until(lambda: world.engine.live(third.id) is None)
    assert ran == [third.id]


async def test_a_node_that_was_signalled_does_not_start_once_the_run_has_ended() -> None:
    world = World()
    began: list[str] = []

    async def fails(ctx: Any) -> None:
        raise HandlerError("no")

    async def begins(ctx: Any) -> None:
        began.append(ctx.node_id)

    record = await world.start(bad=fails, late=begins)
    await world.until(lambda: world.engine.live(record.id) is None)
    assert began == []
    assert world.journal.statuses() == ["succeeded", "failed", "cancelled"]
    assert world.journal.states() == ["failed"]


class Outside(BaseException):
    """Not an Exception."""


@pytest.mark.parametrize(
    "raised",
    [
        Outside("no"),
        BaseExceptionGroup("several", [Outside("no")]),
        HandlerError("no", type="\ud800"),
        HandlerError("no", retryable=True, retry_after="soon"),  # type: ignore[arg-type]
        asyncio.CancelledError(),
        TimeoutError(),
    ],
    ids=repr,
)
async def test_whatever_a_handler_raises_ends_its_run(raised: BaseException) -> None:
    world = World()

    async def raises(ctx: Any) -> None:
        raise raised

    record = await world.start(node=raises)
    await world.until(lambda: world.engine.live(record.id) is None)
    assert world.journal.states() == ["failed"]


async def test_what_is_accepted_before_recovery_waits_for_it_and_begins_by_age() -> None:
    world = World(max_live=1, begun=False)
    order: list[str] = []

    async def tells(ctx: Any) -> None:
        order.append(ctx.execution_id)

    records = [await world.start(node=tells) for _ in range(3)]
    assert [record.status for record in records] == ["queued"] * 3
    world.engine.begin()
    await world.until(lambda: len(order) == 3)
    assert order == [record.id for record in records]


async def test_a_commit_that_is_refused_for_good_leaves_the_run_as_it_was_written() -> None:
    world = World()
    gate = asyncio.Event()

    async def waits(ctx: Any) -> None:
        await gate.wait()

    record = await world.start(one=waits, two=waits)
    world.journal.held = True
    gate.set()
    await world.until(lambda: world.journal.waiting)
    world.journal.commit(Unavailable("malformed"))
    world.journal.held = False
    assert world.engine.live(record.id) is None
    assert world.journal.states() == []
    following = await world.start(node=well)
    await world.until(lambda: world.engine.live(following.id) is None)
    assert world.journal.states()[-1] == "succeeded"


async def test_every_unit_but_the_first_is_fenced_with_the_epoch_of_its_run() -> None:
    world = World()
    record = await world.start(node=well)
    await world.until(lambda: world.engine.live(record.id) is None)
    first, *later = world.journal.units
    assert first.fence is None
    assert later
    assert {unit.fence for unit in later} == {Fence(record.id, record.epoch)}


async def test_a_run_whose_lease_is_lost_is_dropped_and_none_of_its_nodes_starts() -> None:
    gone: list[str] = []
    world = World(gone=gone.append)
    gate = asyncio.Event()
    cancelled = asyncio.Event()

    async def passes(ctx: Any) -> None:
        await gate.wait()

    async def stays(ctx: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    record = await world.start(passes=passes, stays=stays)
    world.journal.held = True
    gate.set()
    await world.until(lambda: world.journal.waiting)
    world.journal.commit(LeaseLost(record.id))
    assert world.engine.live(record.id) is None
    assert gone == [record.id]
    async with asyncio.timeout(5):
        await cancelled.wait()
    assert world.journal.waiting == []
    assert world.engine.room == 10


async def test_what_was_submitted_of_a_dropped_run_starts_nothing_once_it_is_written() -> None:
    world = World()
    began: list[str] = []
    gate = asyncio.Event()

    async def fails(ctx: Any) -> None:
        began.append(ctx.activation_id)
        await gate.wait()
        raise RuntimeError("again")

    record = await world.start(fails=fails)
    world.journal.held = True
    gate.set()
    await world.until(lambda: world.journal.waiting)
    world.engine.drop([record.id, "unknown"])
    assert world.engine.live_ids == ()
    world.journal.commit()
    following = asyncio.ensure_future(world.start(well=well))
    world.journal.held = False
    await world.until(lambda: world.journal.waiting)
    world.journal.commit()
    following_record = await following
    await world.until(lambda: world.engine.live(following_record.id) is None)
    assert len(began) == 1
