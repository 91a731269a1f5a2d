"""The registry's relay between a real PostgreSQL and a real Kafka: each change of a flow, in the order of its log."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Any

import asyncpg
import pytest
from kafka_broker import Broker
from relay_lab import first_times, records
from triggerflow_chassis.bus import FLOW_EVENTS, InProcessBus
from triggerflow_chassis.ids import uuid7
from triggerflow_chassis.kafka.bus import open_kafka_bus
from triggerflow_chassis.kafka.published import FLOW_EVENTS_TOPIC
from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.postgres.address import parse_postgres
from triggerflow_registry.app.relay import Relay
from triggerflow_registry.domain.flow import FlowEvent, FlowEventType, FlowId, ProjectId
from triggerflow_registry.store.postgres import PostgresStore, open_postgres
from triggerflow_registry.store.postgres_published import open_reign
from triggerflow_registry.transport.kafka_publisher import open_kafka_publisher

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

FLOWS = [FlowId(uuid7()) for _ in range(5)]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresStore]:
    async with open_postgres(parse_postgres(database_url, "registry", "test")) as opened:
        yield opened


async def change(store: PostgresStore, project: ProjectId, flow: FlowId) -> str:
    event = FlowEvent(uuid7(), FlowEventType.UPDATED, 5, project, flow, False)
    async with store.write() as opened:
        last = await opened.last_event_id()
        assert last is None or event.id > last
        await opened.add_event(event, "test")
    return event.id


async def test_relays_and_a_broker_that_die_lose_no_change_and_keep_the_order(
    store: PostgresStore, database_url: str, own_broker: Broker
) -> None:
    dice = random.Random(4)
    project = ProjectId(uuid7())
    postgres = parse_postgres(database_url, "registry", "relay")
    settings = KafkaSettings(own_broker.bootstrap)
    relay = Relay(partial(open_reign, postgres), partial(open_kafka_publisher, settings), InProcessBus())
    heard: list[dict[str, Any]] = []
    written: list[tuple[FlowId, str]] = []
    async with open_kafka_bus(settings, topics=[FLOW_EVENTS]) as bus:
        async with asyncio.timeout(60):
            while not bus.healthy:
                await asyncio.sleep(0.02)
        bus.subscribe(FLOW_EVENTS, project, heard.extend)
        task = asyncio.create_task(relay.run())
        for number in range(120):
            flow = dice.choice(FLOWS)
            written.append((flow, await change(store, project, flow)))
            # Ids of one millisecond have no order, and this test makes them itself.
            await asyncio.sleep(0.002)
            if number in (20, 50, 100):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                task = asyncio.create_task(relay.run())
            if number == 70:
                own_broker.kill()
            if number == 90:
                own_broker.start()
        async with asyncio.timeout(60):
            while len(heard) < len(written):
                await asyncio.sleep(0.02)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    in_topic = first_times(records(own_broker.bootstrap, FLOW_EVENTS_TOPIC, "flow-event"), "flowId")
    for flow in FLOWS:
        mine = [event for of, event in written if of == flow]
        assert [item["id"] for item in heard if item["flowId"] == flow] == mine
        assert [record["id"] for record in in_topic[flow]] == mine
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT up_to FROM registry.published") == written[-1][1]
    await connection.close()
