"""A project's log: one order for flows and runs, given once, across relays that die and connections that break."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from relay_lab import PROJECT, Lab, ToldRun, open_lab
from triggerflow_chassis.bus import EXECUTION_NOTICES, FLOW_EVENTS, InProcessBus
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.ids import next_uuid7
from triggerflow_orchestrator.app.relay import Relay
from triggerflow_orchestrator.app.relay_ports import OutboxEvent, PublishingFailed
from triggerflow_orchestrator.domain.execution import FlowEvent, ProjectNotice
from triggerflow_orchestrator.store.postgres_outbox import PostgresOutbox

pytestmark = pytest.mark.postgres


class Registry:
    """A log of flow events that is sometimes away."""

    def __init__(self, dice: random.Random, away: float) -> None:
        self.dice = dice
        self.away = away
        self.events: list[FlowEvent] = []

    def change(self) -> FlowEvent:
        number = len(self.events) + 1
        event_id = next_uuid7(self.events[-1].id if self.events else None)
        self.events.append(FlowEvent(event_id, "flow.updated", number, PROJECT, f"flow {number}"))
        return self.events[-1]

    async def read(self, after: str, limit: int) -> Sequence[FlowEvent]:
        await asyncio.sleep(0)
        if self.dice.random() < self.away:
            raise Unavailable("The registry is away.")
        return [event for event in self.events if event.id > after][:limit]


class Broker:
    """Takes what it is given, or refuses it for good, or dies with it taken and not acknowledged."""

    def __init__(self, dice: random.Random, trouble: float) -> None:
        self.dice = dice
        self.trouble = trouble
        self.events: list[OutboxEvent] = []
        self.notices: list[ProjectNotice] = []

    async def publish(self, events: Sequence[OutboxEvent], notices: Sequence[ProjectNotice]) -> None:
        await asyncio.sleep(self.dice.random() * 0.005)
        if self.dice.random() < self.trouble:
            taken = self.dice.randrange(len(events) + 1)
            self.events += events[:taken]
            raise PublishingFailed("refused")
        self.events += events
        self.notices += notices

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Broker]:
        yield self


class World:
    def __init__(self, lab: Lab, dice: random.Random, trouble: float) -> None:
        self.lab = lab
        self.dice = dice
        self.registry = Registry(dice, trouble)
        self.broker = Broker(dice, trouble)
        self.bus = InProcessBus()
        self.heard: list[dict[str, Any]] = []
        self.bus.subscribe(EXECUTION_NOTICES, PROJECT, self.heard.extend)
        self.relay = Relay(PostgresOutbox(lab.postgres, lab.database), self.registry, self.bus, self.broker.open)
        self.task = asyncio.create_task(self.relay.run())

    async def restart(self) -> None:
        await self.stop()
        self.task = asyncio.create_task(self.relay.run())

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def break_connections(self) -> None:
        """As a restart of the server, or of what is between."""
        await self.lab.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )

    def change(self) -> FlowEvent:
        event = self.registry.change()
        if self.dice.random() < 0.5:
            self.bus.publish(FLOW_EVENTS, PROJECT, [{"id": event.id}])
        return event


@pytest.fixture
async def lab(database_url: str) -> AsyncIterator[Lab]:
    async with open_lab(database_url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_RETRY_SECONDS", "_FLOWS_UNTOLD_SECONDS", "_FLOWS_SECONDS"):
        monkeypatch.setattr(f"triggerflow_orchestrator.app.relay.{name}", 0.05)


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_is_left_out_or_told_twice_whoever_dies(lab: Lab, seed: int) -> None:
    dice = random.Random(seed)
    world = World(lab, dice, trouble=0.1)
    runs = [asyncio.create_task(lab.live(dice.randrange(6), dice)) for _ in range(30)]
    for _ in range(25):
        await asyncio.sleep(dice.random() * 0.06)
        world.change()
        match dice.randrange(6):
            case 0:
                await world.restart()
            case 1:
                await world.break_connections()
    await asyncio.gather(*runs)
    await lab.emptied(20)
    async with asyncio.timeout(20):
        while sum(row["type"] == "flow.updated" for row in await lab.notices()) < len(world.registry.events):
            await asyncio.sleep(0.02)
    await lab.emptied(20)
    await world.stop()

    log = await lab.notices()
    assert [row["flow_id"] for row in log if row["type"] == "flow.updated"] == [
        event.flow_id for event in world.registry.events
    ]
    for run in lab.runs:
        mine = [row["type"] for row in log if row["execution_id"] == run.id]
        assert mine == ["execution.started", "execution.completed"]
        published = list(dict.fromkeys(event.id for event in world.broker.events if event.execution_id == run.id))
        assert published == [event.id for event in run.written]
    assert list(dict.fromkeys(notice.id for notice in world.broker.notices)) == [row["id"] for row in log]
    assert [item["id"] for item in world.heard] == [row["id"] for row in log if row["id"] in told(world)]


def told(world: World) -> set[str]:
    """Whoever dies between commit and word leaves the word to the log; what was heard was heard in order."""
    return {item["id"] for item in world.heard}


async def test_a_change_of_a_flow_stands_before_a_run_that_was_started_after_it(lab: Lab) -> None:
    dice = random.Random(11)
    world = World(lab, dice, trouble=0.0)
    before: list[tuple[str, str]] = []
    for _ in range(60):
        event = world.change()
        run = ToldRun()
        before.append((event.flow_id, run.id))
        await lab.write(run.start())
        await asyncio.sleep(dice.random() * 0.004)
    await lab.emptied(20)
    await world.stop()
    place: dict[str, int] = {}
    for number, row in enumerate(await lab.notices()):
        place[row["execution_id"] or row["flow_id"]] = number
    assert all(place[flow] < place[run] for flow, run in before)


async def test_settled_means_that_all_before_it_has_its_place(lab: Lab) -> None:
    dice = random.Random(5)
    world = World(lab, dice, trouble=0.0)
    for _ in range(10):
        event = world.registry.change()
        run = ToldRun()
        await lab.write(run.start())
        await world.relay.settled()
        log = await lab.notices()
        assert {event.flow_id, run.id} <= {row["execution_id"] or row["flow_id"] for row in log}
    await world.stop()


async def test_two_relays_take_turns_and_never_work_beside_each_other(lab: Lab) -> None:
    dice = random.Random(6)
    one, two = World(lab, dice, trouble=0.0), World(lab, dice, trouble=0.0)
    for turn in range(4):
        for _ in range(5):
            await lab.live(2, dice)
        await (one if turn % 2 else two).break_connections()
    await lab.emptied(20)
    await one.stop()
    await two.stop()
    log = await lab.notices()
    assert len(log) == 2 * len(lab.runs)
    assert {item["id"] for item in one.heard + two.heard} <= {row["id"] for row in log}
    assert not {item["id"] for item in one.heard} & {item["id"] for item in two.heard}
