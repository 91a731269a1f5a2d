"""The relay between a real PostgreSQL and a real Kafka: what was committed is published, and in its order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from kafka_broker import Broker
from relay_lab import PROJECT, Lab, NoFlows, RelayProcess, ToldRun, first_times, records
from triggerflow_chassis.bus import EXECUTION_EVENTS, EXECUTION_NOTICES, BusEvent, InProcessBus
from triggerflow_chassis.kafka.bus import KafkaBus, open_kafka_bus
from triggerflow_chassis.kafka.published import EXECUTION_EVENTS_TOPIC, PROJECT_EVENTS_TOPIC
from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.kafka.topics import make_topics
from triggerflow_orchestrator.app.relay import Relay
from triggerflow_orchestrator.store.postgres_outbox import PostgresOutbox
from triggerflow_orchestrator.transport.kafka_publisher import open_kafka_publisher

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


@asynccontextmanager
async def relaying(lab: Lab, bootstrap: str) -> AsyncIterator[None]:
    """A relay in this process, until the block ends."""
    settings = KafkaSettings(bootstrap)
    await asyncio.to_thread(make_topics, settings)
    relay = Relay(
        PostgresOutbox(lab.postgres, lab.database), NoFlows(), InProcessBus(), partial(open_kafka_publisher, settings)
    )
    task = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Heard:
    """What a subscriber of the bus was told of everything it asked for, by execution."""

    def __init__(self, bus: KafkaBus) -> None:
        self._bus = bus
        self.events: dict[str, list[BusEvent]] = {}
        self.notices: list[dict[str, Any]] = []
        bus.subscribe(EXECUTION_NOTICES, PROJECT, self.notices.extend)

    def follow(self, execution_id: str) -> None:
        mine = self.events[execution_id] = []
        self._bus.subscribe(EXECUTION_EVENTS, execution_id, mine.extend)


async def healthy(bus: KafkaBus) -> None:
    async with asyncio.timeout(60):
        while not bus.healthy:
            await asyncio.sleep(0.02)


def assert_all_told_in_order(lab: Lab, bootstrap: str) -> None:
    told = first_times(records(bootstrap, EXECUTION_EVENTS_TOPIC, "execution-event"), "executionId")
    for run in lab.runs:
        assert [(each["id"], each["sequence"], each["body"]) for each in told[run.id]] == [
            (event.id, event.sequence, event.body) for event in run.written
        ]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_kills_of_relay_and_broker_lose_nothing_and_change_no_order(lab: Lab, own_broker: Broker) -> None:
    dice = random.Random(7)
    with ExitStack() as stack:
        relay = RelayProcess(lab.url, own_broker.bootstrap)
        stack.callback(relay.kill)
        relay.start()
        async with open_kafka_bus(KafkaSettings(own_broker.bootstrap)) as bus:
            await healthy(bus)
            heard = Heard(bus)

            async def live(runs: int) -> None:
                for _ in range(runs):
                    task = asyncio.create_task(lab.live(12, dice))
                    await asyncio.sleep(0)
                    heard.follow(lab.runs[-1].id)
                    await task

            writers = [asyncio.create_task(live(12)) for _ in range(12)]
            for turn in range(8):
                await asyncio.sleep(0.3 + dice.random() * 0.5)
                relay.kill()
                if turn in (2, 5):
                    own_broker.kill()
                    await asyncio.sleep(0.5)
                    own_broker.start()
                relay.start()
            await asyncio.gather(*writers)
            await lab.emptied()
            async with asyncio.timeout(30):
                while any(len(heard.events[run.id]) < len(run.written) for run in lab.runs):
                    await asyncio.sleep(0.05)
                while len(heard.notices) < 2 * len(lab.runs):
                    await asyncio.sleep(0.05)
    # Who subscribed from the start was told all, once and in order, across both restarts of the broker.
    for run in lab.runs:
        assert heard.events[run.id] == run.written
    log = await lab.notices()
    assert [each["id"] for each in heard.notices] == [row["id"] for row in log]
    assert_all_told_in_order(lab, own_broker.bootstrap)
    in_topic = first_times(records(own_broker.bootstrap, PROJECT_EVENTS_TOPIC, "project-event"), "projectId")
    assert [each["id"] for each in in_topic[PROJECT]] == [row["id"] for row in log]
    started = [row["execution_id"] for row in log if row["type"] == "execution.started"]
    assert sorted(started) == sorted(run.id for run in lab.runs)
    assert len(log) == 2 * len(started)


async def test_without_a_broker_the_project_is_told_all_the_same_and_the_outbox_waits(
    lab: Lab, own_broker: Broker
) -> None:
    async with relaying(lab, own_broker.bootstrap):
        await lab.live(3, random.Random(1))
        await lab.emptied()
        own_broker.kill()
        for _ in range(5):
            await lab.live(3, random.Random(2))
        async with asyncio.timeout(20):
            while len(await lab.notices()) < 12:
                await asyncio.sleep(0.02)
        ((waiting,),) = await lab.fetch("SELECT count(*) FROM outbox WHERE first_id IS NOT NULL")
        assert waiting == 25
        own_broker.start()
        await lab.emptied()
    assert_all_told_in_order(lab, own_broker.bootstrap)


async def test_a_record_that_is_refused_for_good_lets_nothing_of_its_key_pass(lab: Lab, own_broker: Broker) -> None:
    async with relaying(lab, own_broker.bootstrap):
        await lab.live(1, random.Random(1))
        await lab.emptied()
        limit_messages(own_broker, 20_000)
        dice = random.Random(3)
        # Records of one key before and behind one that the broker refuses.
        run = ToldRun()
        lab.runs.append(run)
        await lab.write(run.start())
        # It does not compress.
        large = "".join(chr(33 + dice.randrange(90)) for _ in range(60_000))
        for number in range(60):
            await lab.write(run.step(1, large if number == 20 else "x"))
        await lab.write(run.end())
        ((waiting,),) = await lab.fetch("SELECT count(*) FROM outbox")
        assert waiting > 0
        limit_messages(own_broker, 16_000_000)
        await lab.emptied()
    assert_all_told_in_order(lab, own_broker.bootstrap)


def limit_messages(broker: Broker, most: int) -> None:
    client = AdminClient({"bootstrap.servers": broker.bootstrap})
    entry = ConfigEntry("max.message.bytes", str(most), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, EXECUTION_EVENTS_TOPIC, incremental_configs=[entry])
    for done in client.incremental_alter_configs([resource]).values():
        done.result()


async def test_an_event_too_large_for_a_record_is_told_without_its_body(lab: Lab, kafka_broker: Broker) -> None:
    async with relaying(lab, kafka_broker.bootstrap):
        run = ToldRun()
        await lab.write(run.start())
        await lab.write(run.step(1, "x" * 4_000_000))
        await lab.write(run.end())
        await lab.emptied()
    told = first_times(records(kafka_broker.bootstrap, EXECUTION_EVENTS_TOPIC, "execution-event"), "executionId")
    assert [(each["sequence"], each["body"] == "") for each in told[run.id]] == [(1, False), (2, True), (3, False)]
