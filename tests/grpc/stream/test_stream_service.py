"""StreamService as a client sees it."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from typing import Any

import grpc
import pytest
from triggerflow.stream.v1 import stream_service_pb2 as pb
from triggerflow.stream.v1 import stream_service_pb2_grpc
from triggerflow_chassis.errors import BadCursor, Forbidden, NotFound, ServiceError, TooMany
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.ids import uuid7
from triggerflow_chassis.wire.event import event_to_json
from triggerflow_chassis.wire.project_event import project_event_to_json
from triggerflow_stream.settings import StreamSettings


def _watch(world: Any, execution_id: str, after: str = "", **more: Any) -> Any:
    return stream_service_pb2_grpc.StreamServiceStub(world.channel).WatchExecution(
        pb.WatchExecutionRequest(execution_id=execution_id, after=after, **more)
    )


def _watch_project(world: Any, **request: Any) -> Any:
    return stream_service_pb2_grpc.StreamServiceStub(world.channel).WatchProject(pb.WatchProjectRequest(**request))


async def _collect(call: Any) -> list[dict[str, Any]]:
    return [event_to_json(event) async for answer in call for event in answer.events]


async def _refusal(call: Any) -> ServiceError:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await asyncio.wait_for(call.read(), 10)
    return from_rpc_error(refused.value)


async def _run(world: Any, execution_id: str, count: int, dice: random.Random) -> None:
    pending = []
    for number in range(count):
        kind = "execution.started" if number == 0 else "execution.completed" if number == count - 1 else "log"
        pending.append(world.orchestrator.append(execution_id, kind))
        for _ in range(dice.randrange(6)):
            await asyncio.sleep(0)
        if dice.random() < 0.5:
            world.orchestrator.publish(execution_id, pending)
            pending = []
    world.orchestrator.publish(execution_id, pending)


@pytest.mark.parametrize("seed", range(25))
async def test_appends_race_the_subscription_and_nobody_sees_a_gap_or_a_repeat(world: Any, seed: int) -> None:
    dice = random.Random(seed)
    execution_id = world.orchestrator.execution()
    running = asyncio.create_task(_run(world, execution_id, dice.choice([2, 30, 200]), dice))
    readers = []
    for _ in range(4):
        for _ in range(dice.randrange(40)):
            await asyncio.sleep(0)
        readers.append(asyncio.create_task(_collect(_watch(world, execution_id))))
    await running
    for events in await asyncio.wait_for(asyncio.gather(*readers), 20):
        assert events == world.orchestrator.logs[execution_id]


@pytest.mark.parametrize("seed", range(10))
async def test_a_reader_that_breaks_off_anywhere_resumes_by_cursor(world: Any, seed: int) -> None:
    dice = random.Random(seed)
    execution_id = world.orchestrator.execution()
    running = asyncio.create_task(_run(world, execution_id, 150, dice))
    seen: list[dict[str, Any]] = []
    cursor = ""
    while not seen or seen[-1]["type"] != "execution.completed":
        call = _watch(world, execution_id, cursor.upper())
        for _ in range(dice.randrange(1, 6)):
            answer = await asyncio.wait_for(call.read(), 10)
            if answer is grpc.aio.EOF:
                break
            seen.extend(event_to_json(event) for event in answer.events)
            cursor = answer.cursor
        call.cancel()
    await running
    assert seen == world.orchestrator.logs[execution_id]


async def test_an_event_is_with_the_reader_within_milliseconds_of_its_publication(world: Any) -> None:
    execution_id = world.orchestrator.execution()
    world.orchestrator.publish(execution_id, [world.orchestrator.append(execution_id, "execution.started")])
    call = _watch(world, execution_id)
    await call.read()
    took = []
    for _ in range(100):
        began = time.perf_counter()
        world.orchestrator.publish(execution_id, [world.orchestrator.append(execution_id)])
        assert len((await asyncio.wait_for(call.read(), 10)).events) == 1
        took.append(time.perf_counter() - began)
    call.cancel()
    # Generous for a machine that does other things; a timer in the path would show as tens of milliseconds.
    assert statistics.median(took) < 0.008


async def test_an_unknown_execution_is_not_found_before_its_cursor_is_bad(world: Any) -> None:
    assert isinstance(await _refusal(_watch(world, uuid7(), "x")), NotFound)
    assert isinstance(await _refusal(_watch(world, world.orchestrator.execution(), "x")), BadCursor)


async def test_another_project_is_refused(world: Any) -> None:
    execution_id = world.orchestrator.execution()
    assert isinstance(await _refusal(_watch(world, execution_id, project_id=uuid7())), Forbidden)
    assert isinstance(await _refusal(_watch_project(world, project_id=uuid7())), Forbidden)


async def test_a_project_is_told_from_now_on_or_from_any_cursor(world: Any) -> None:
    world.orchestrator.notice("flow.updated")
    old = world.orchestrator.notice()
    call = _watch_project(world)
    assert not (await asyncio.wait_for(call.read(), 10)).events
    kinds = ("flow.updated", "execution.started", "flow.published", "execution.failed")
    made = [world.orchestrator.notice(kind) for kind in kinds]
    live: list[Any] = []
    while len(live) < len(made):
        live += map(project_event_to_json, (await asyncio.wait_for(call.read(), 10)).events)
    call.cancel()
    assert [(each["id"], each["type"], each.get("executionId")) for each in live] == [
        (each["id"], each["type"], each.get("executionId")) for each in made
    ]

    again = _watch_project(world, after=old["id"])
    told: list[Any] = []
    while len(told) < len(made):
        told += map(project_event_to_json, (await asyncio.wait_for(again.read(), 10)).events)
    again.cancel()
    assert told == live
    assert isinstance(await _refusal(_watch_project(world, after="x")), BadCursor)


class TestBounds:
    @pytest.fixture
    def settings(self) -> StreamSettings:
        return StreamSettings(mailbox_events=2, idle_seconds=0.05, watches_per_principal=2)

    async def test_a_principal_holds_so_many_watches_and_gets_them_back(self, world: Any) -> None:
        execution_id = world.orchestrator.execution()
        world.orchestrator.append(execution_id, "execution.started")
        calls = [_watch(world, execution_id) for _ in range(2)]
        for call in calls:
            await asyncio.wait_for(call.read(), 10)
        assert isinstance(await _refusal(_watch_project(world)), TooMany)
        for call in calls:
            call.cancel()
        async with asyncio.timeout(10):
            while True:
                project = _watch_project(world)
                try:
                    await project.read()
                    break
                except grpc.aio.AioRpcError as error:
                    # Until the server has noticed that the readers left.
                    assert isinstance(from_rpc_error(error), TooMany)
        project.cancel()

    async def test_a_reader_that_is_slow_misses_nothing(self, world: Any) -> None:
        execution_id = world.orchestrator.execution()
        call = _watch(world, execution_id)
        await _run(world, execution_id, 300, random.Random(1))
        assert await asyncio.wait_for(_collect(call), 20) == world.orchestrator.logs[execution_id]

    async def test_an_idle_watch_sends_checkpoints_with_its_cursor(self, world: Any) -> None:
        execution_id = world.orchestrator.execution()
        first, _ = world.orchestrator.append(execution_id, "execution.started")
        call = _watch(world, execution_id)
        await asyncio.wait_for(call.read(), 10)
        checkpoint = await asyncio.wait_for(call.read(), 10)
        call.cancel()
        assert (len(checkpoint.events), checkpoint.cursor) == (0, first["id"])
