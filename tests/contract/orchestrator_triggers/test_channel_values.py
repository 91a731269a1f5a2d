"""What a project's channels promise, over each database: each value comes to each trigger once, whoever carries it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from typing import Any

import pytest
from sqlalchemy import insert, select
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.errors import Unavailable
from triggerflow_orchestrator.app.carry_channels import CarryChannels
from triggerflow_orchestrator.store.channel_values import SqlChannelValues
from triggerflow_orchestrator.store.tables import channel_values, firings

PROJECT = "00000000-0000-7000-8000-000000000001"
OTHER = "00000000-0000-7000-8000-000000000002"


class Large:
    """Large values; `lost` ones cannot be read now."""

    def __init__(self) -> None:
        self.texts = {"ref-1": b'{"large": [1, 2]}'}
        self.lost: set[str] = set()

    async def values(self, refs: Collection[str]) -> Mapping[str, bytes]:
        if self.lost & set(refs):
            raise Unavailable("the store is away")
        return {ref: self.texts[ref] for ref in refs}


class World:
    def __init__(self, database: Any, book: Any) -> None:
        self.database = database
        self.large = Large()
        self.fired = 0
        self.values = SqlChannelValues(database)
        self.carry = [
            CarryChannels(self.values, self.large, book, InProcessBus(), self._abreast, self._fired) for _ in range(4)
        ]

    async def _abreast(self) -> None:
        return

    def _fired(self) -> None:
        self.fired += 1

    async def publish(self, *values: Any, channel: str = "orders", project: str = PROJECT) -> None:
        async with self.database.change() as connection:
            for value in values:
                count = len((await connection.execute(select(channel_values.c.id))).all())
                row = {"id": f"v{count}", "project_id": project, "channel": channel, "value": json.dumps(value)}
                about = {"execution_id": "run", "node_id": "node", "published_at": 1_000_000}
                await connection.execute(insert(channel_values).values(**row, **about))

    async def came(self) -> list[tuple[str, Any]]:
        async with self.database.snapshot() as connection:
            rows = await connection.execute(select(firings).order_by(firings.c.request_id, firings.c.flow_id))
            return [(row.flow_id, json.loads(row.inputs)["value"]) for row in rows]

    async def left(self) -> int:
        async with self.database.snapshot() as connection:
            return len((await connection.execute(select(channel_values.c.id))).all())


@pytest.fixture
async def world(database: Any, book: Any, make: Any) -> World:
    def listening(flow_id: str, channel: str) -> Any:
        return make.flow(flow_id, make.node("n1", kind="core:channel", key=channel, channel=channel))

    await book.take(None, "e1", [listening("f1", "orders"), listening("f2", "orders"), listening("f3", "bills")])
    return World(database, book)


async def test_each_value_comes_to_each_trigger_of_its_channel(world: World) -> None:
    await world.publish(1, None)
    assert await world.carry[0].once() == 2
    assert await world.came() == [("f1", 1), ("f2", 1), ("f1", None), ("f2", None)]
    assert await world.left() == 0 and world.fired == 2


async def test_what_nobody_listens_to_is_forgotten(world: World) -> None:
    await world.publish(1, channel="nothing")
    await world.publish(2, project=OTHER)
    assert await world.carry[0].once() == 2
    assert await world.came() == [] and await world.left() == 0


async def test_many_replicas_carry_each_value_once(world: World) -> None:
    await world.publish(*range(20))
    assert sum(await asyncio.gather(*(each.once() for each in world.carry))) == 20
    assert sorted(await world.came()) == sorted((flow, n) for flow in ("f1", "f2") for n in range(20))


async def test_a_large_value_comes_whole_and_one_that_cannot_be_read_holds_up_no_other(world: World) -> None:
    await world.publish({"deep": {"$value": "ref-1", "bytes": 17, "preview": "{"}}, 2)
    world.large.lost = {"ref-1"}
    assert await world.carry[0].once() == 1
    assert await world.came() == [("f1", 2), ("f2", 2)] and await world.left() == 1
    world.large.lost = set()
    assert await world.carry[0].once() == 1
    assert ("f1", {"deep": {"large": [1, 2]}}) in await world.came()


async def test_what_it_came_with_is_told(world: World, database: Any) -> None:
    await world.publish("x")
    await world.carry[0].once()
    async with database.snapshot() as connection:
        row = (await connection.execute(select(firings))).first()
    assert row is not None and row.request_id == "channel:v0"
    assert json.loads(row.inputs) == {
        "value": "x",
        "channel": "orders",
        "executionId": "run",
        "nodeId": "node",
        "publishedAt": "1970-01-01T00:00:01.000000Z",
    }
