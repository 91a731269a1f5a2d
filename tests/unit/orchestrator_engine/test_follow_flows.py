"""Flow events enter the project's log once and in order, whatever is away or stopped meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest
from triggerflow_chassis.bus import EXECUTION_NOTICES, FLOW_EVENTS, InProcessBus
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.ids import next_uuid7
from triggerflow_orchestrator.app.follow_flows import FollowFlows
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.execution import FlowEvent


class World:
    """A registry's log, and a database with a journal in front of it, which outlive whoever follows."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.bus = InProcessBus()
        self.events: list[FlowEvent] = []
        self.position = ""
        self.written: list[str] = []
        self.told: list[str] = []
        self.queued: list[Unit] = []
        self.bus.subscribe(EXECUTION_NOTICES, None, lambda items: self.told.extend(item["flowId"] for item in items))

    async def pause(self) -> None:
        for _ in range(self.dice.randrange(4)):
            await asyncio.sleep(0)

    def change(self, *, lose: bool) -> None:
        """Commit a flow event; the word of it goes out before its caller is answered."""
        number = len(self.events) + 1
        event_id = next_uuid7(self.events[-1].id if self.events else None)
        self.events.append(FlowEvent(event_id, "flow.updated", number, "p", f"flow {number}"))
        if not lose:
            item = {
                "id": event_id,
                "type": "flow.updated",
                "timestamp": number,
                "projectId": "p",
                "flowId": f"flow {number}",
            }
            self.bus.publish(FLOW_EVENTS, "p", [item])

    async def read(self, after: str, limit: int) -> Sequence[FlowEvent]:
        await self.pause()
        if self.dice.random() < 0.05:
            raise Unavailable("The registry is away.")
        found = [event for event in self.events if event.id > after][: min(limit, 200)]
        await self.pause()
        return found

    async def followed_to(self, name: str) -> str:
        await self.pause()
        return self.position

    def submit(self, unit: Unit) -> None:
        self.queued.append(unit)

    def commit(self, count: int) -> None:
        """The writer's thread, so many units further."""
        units, self.queued = self.queued[:count], self.queued[count:]
        for unit in units:
            ((kind, (position, _)),) = unit.rows
            assert kind is Kind.FOLLOWED
            assert position > self.position
            self.position = position
            self.written += [notice.flow_id for notice in unit.notices]
            unit.done(None)

    def follow(self) -> tuple[FollowFlows, asyncio.Task[None]]:
        reads: Any = self
        follower = FollowFlows(self, reads, self, self.bus, idle_seconds=0.01)
        return follower, asyncio.create_task(follower.run())

    async def crash(self, task: asyncio.Task[None]) -> None:
        """The process dies: what was not committed is lost, and nobody listens until the next start."""
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.queued.clear()


@pytest.mark.parametrize("seed", range(60))
async def test_each_is_taken_once_and_in_order_whenever_the_process_dies(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triggerflow_orchestrator.app.follow_flows._RETRY_SECONDS", 0.001)
    world = World(seed)
    _, task = world.follow()
    for _ in range(150):
        if world.dice.random() < 0.03:
            await world.crash(task)
            for _ in range(world.dice.randrange(5)):
                world.change(lose=True)
            _, task = world.follow()
        world.change(lose=False)
        await world.pause()
        world.commit(world.dice.randrange(3))
    whole = [event.flow_id for event in world.events]
    async with asyncio.timeout(10):
        while world.written != whole:
            world.commit(100)
            await asyncio.sleep(0.001)
    await world.crash(task)
    assert len(world.told) == len(set(world.told))
    assert world.told == sorted(world.told, key=whole.index)


async def test_what_is_heard_is_submitted_before_its_caller_is_answered() -> None:
    world = World(1)
    follower, task = world.follow()
    settled = asyncio.create_task(follower.settled())
    await settled
    world.change(lose=False)
    assert len(world.queued) == 1
    waits = asyncio.create_task(follower.settled())
    await asyncio.sleep(0)
    assert not waits.done()
    world.commit(1)
    await asyncio.wait_for(waits, 5)
    await world.crash(task)


async def test_settled_gives_up_on_a_registry_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triggerflow_orchestrator.app.follow_flows._PATIENCE_SECONDS", 0.01)
    world = World(1)
    world.dice = random.Random()
    monkeypatch.setattr(world.dice, "random", lambda: 0.0)
    follower, task = world.follow()
    await asyncio.wait_for(follower.settled(), 5)
    await world.crash(task)
