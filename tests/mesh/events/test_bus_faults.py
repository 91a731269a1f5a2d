"""The bus while its broker dies, hangs or forgets: it says so, and goes on where it stood."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from kafka_broker import Broker
from triggerflow_chassis.bus import EXECUTION_EVENTS, EXECUTION_NOTICES, BusEvent
from triggerflow_chassis.ids import next_uuid7, uuid7
from triggerflow_chassis.kafka.bus import KafkaBus, open_kafka_bus
from triggerflow_chassis.kafka.execution_event import encode
from triggerflow_chassis.kafka.flow_events import encode_project_event
from triggerflow_chassis.kafka.producer import Producer, Record, open_producer
from triggerflow_chassis.kafka.published import EXECUTION_EVENTS_TOPIC, PROJECT_EVENTS_TOPIC
from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.kafka.topics import make_topics

pytestmark = pytest.mark.kafka

RUN, PROJECT = uuid7(), uuid7()


class Ear:
    def __init__(self, bus: KafkaBus) -> None:
        self.bus = bus
        self.events: list[BusEvent] = []
        self.notices: list[dict[str, Any]] = []
        self.changes: list[bool] = []
        bus.subscribe(EXECUTION_EVENTS, RUN, self.events.extend)
        bus.subscribe(EXECUTION_NOTICES, PROJECT, self.notices.extend)
        bus.on_change(lambda: self.changes.append(bus.healthy))

    async def heard(self, count: int, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while len(self.events) < count:
                await asyncio.sleep(0.02)

    async def healthy(self, healthy: bool, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while self.bus.healthy is not healthy:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def listening(broker: Broker) -> AsyncIterator[tuple[Ear, Producer]]:
    settings = KafkaSettings(broker.bootstrap)
    await asyncio.to_thread(make_topics, settings)
    async with open_kafka_bus(settings) as bus, open_producer(settings) as producer:
        ear = Ear(bus)
        await ear.healthy(True)
        yield ear, producer


def event(sequence: int) -> Record:
    value = encode("log", RUN, PROJECT, PROJECT, next_uuid7(None), sequence, 0, f"body {sequence}")
    return Record(EXECUTION_EVENTS_TOPIC, RUN, value)


async def test_what_is_published_while_the_broker_is_down_comes_once_it_is_back(own_broker: Broker) -> None:
    async with listening(own_broker) as (ear, producer):
        await producer.publish([event(number) for number in range(1, 11)])
        await ear.heard(10)
        own_broker.kill()
        await ear.healthy(False)
        publishing = asyncio.create_task(producer.publish([event(number) for number in range(11, 31)]))
        own_broker.start()
        await publishing
        await ear.heard(30)
        await ear.healthy(True)
    assert [each.sequence for each in ear.events] == list(range(1, 31))
    assert ear.changes[:2] == [True, False]


async def test_a_broker_that_hangs_is_noticed_and_found_again(own_broker: Broker) -> None:
    async with listening(own_broker) as (ear, producer):
        own_broker.freeze()
        await ear.healthy(False)
        own_broker.thaw()
        await ear.healthy(True)
        await producer.publish([event(1)])
        await ear.heard(1)


async def test_a_bus_opened_before_its_broker_hears_from_the_moment_it_is_healthy(
    own_broker: Broker,
) -> None:
    own_broker.kill()
    settings = KafkaSettings(own_broker.bootstrap)
    async with open_kafka_bus(settings) as bus, open_producer(settings) as producer:
        ear = Ear(bus)
        assert not bus.healthy
        own_broker.start()
        await ear.healthy(True)
        await producer.publish([event(1)])
        await ear.heard(1)


async def test_a_broker_that_forgot_everything_is_read_from_its_start_and_repeats_are_dropped(
    own_broker: Broker,
) -> None:
    async with listening(own_broker) as (ear, producer):
        await producer.publish([event(number) for number in range(1, 41)])
        await ear.heard(40)
        own_broker.kill()
        await ear.healthy(False)
        own_broker.wipe()
        own_broker.start()
        await ear.healthy(True)
        # The log's owner opens another producer and begins at what was not acknowledged, as the relay does.
        async with open_producer(KafkaSettings(own_broker.bootstrap)) as another:
            await another.publish([event(number) for number in range(38, 61)])
        await ear.heard(60)
    assert [each.sequence for each in ear.events] == list(range(1, 61))


async def test_a_record_nobody_can_read_costs_a_look_at_the_log_and_stops_nobody(own_broker: Broker) -> None:
    async with listening(own_broker) as (ear, producer):
        first = {
            "id": uuid7(),
            "type": "flow.updated",
            "timestamp": 1,
            "projectId": PROJECT,
            "flowId": uuid7(),
        }
        looks = len(ear.changes)
        await producer.publish(
            [
                Record(PROJECT_EVENTS_TOPIC, PROJECT, b"\xc3\x01\0\0\0\0\0\0\0\0later"),
                Record(PROJECT_EVENTS_TOPIC, PROJECT, encode_project_event(first)),
                Record(EXECUTION_EVENTS_TOPIC, RUN, b"no Avro"),
                event(1),
            ]
        )
        await ear.heard(1)
        async with asyncio.timeout(20):
            while not ear.notices:
                await asyncio.sleep(0.02)
    assert ear.notices == [first]
    assert len(ear.changes) > looks
