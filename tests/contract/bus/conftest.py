"""A bus to subscribe to, and the others of its deployment, who publish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import pytest
from kafka_broker import Broker
from triggerflow_chassis.bus import EXECUTION_EVENTS, EXECUTION_NOTICES, FLOW_EVENTS, Bus, InProcessBus
from triggerflow_chassis.ids import uuid7
from triggerflow_chassis.kafka.bus import KafkaBus, open_kafka_bus
from triggerflow_chassis.kafka.execution_event import encode
from triggerflow_chassis.kafka.flow_events import encode_flow_event, encode_project_event
from triggerflow_chassis.kafka.producer import Producer, Record, open_producer
from triggerflow_chassis.kafka.published import EXECUTION_EVENTS_TOPIC, FLOW_EVENTS_TOPIC, PROJECT_EVENTS_TOPIC
from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.kafka.topics import make_topics

PROJECT = "00000000-0000-7000-8000-000000000001"


class Deployment(Protocol):
    """One bus to listen to, and whoever publishes."""

    bus: Bus

    async def publish(self, topic: str, key: str, items: Sequence[Any]) -> None:
        """As the owner of the log does, after its commit."""

    async def settled(self) -> None:
        """Return once the bus has handed on all that was published before."""


class InProcess:
    def __init__(self) -> None:
        self.bus = InProcessBus()

    async def publish(self, topic: str, key: str, items: Sequence[Any]) -> None:
        self.bus.publish(topic, key, items)

    async def settled(self) -> None:
        await asyncio.sleep(0)


class OverKafka:
    def __init__(self, bus: KafkaBus, producer: Producer) -> None:
        self.bus = bus
        self._producer = producer

    async def publish(self, topic: str, key: str, items: Sequence[Any]) -> None:
        await self._producer.publish([record_of(topic, key, item) for item in items])

    async def settled(self) -> None:
        # A partition is read in order, so a record behind the others in each of them says that all came.
        heard: set[str] = set()
        came = asyncio.Event()
        markers = [uuid7() for _ in range(64)]

        def hear(items: Sequence[Any]) -> None:
            heard.update(item.body if hasattr(item, "body") else item["flowId"] for item in items)
            came.set()

        ends = [self.bus.subscribe(EXECUTION_EVENTS, marker, hear) for marker in markers]
        ends += [self.bus.subscribe(FLOW_EVENTS, None, hear), self.bus.subscribe(EXECUTION_NOTICES, None, hear)]
        try:
            for marker in markers:
                await self._producer.publish([marker_event(marker), *marker_notices(marker)])
            async with asyncio.timeout(20):
                while not heard.issuperset(markers):
                    came.clear()
                    await came.wait()
        finally:
            for end in ends:
                end()


def marker_event(marker: str) -> Record:
    return Record(EXECUTION_EVENTS_TOPIC, marker, encode("log", marker, PROJECT, PROJECT, uuid7(), 1, 0, marker))


def marker_notices(marker: str) -> list[Record]:
    # Each in a project and flow of its own, which nobody else listens to by key.
    item = {"id": uuid7(), "timestamp": 0, "projectId": marker, "flowId": marker}
    return [
        Record(FLOW_EVENTS_TOPIC, marker, encode_flow_event({**item, "type": "flow.updated", "deleted": False})),
        Record(PROJECT_EVENTS_TOPIC, marker, encode_project_event({**item, "type": "flow.updated"})),
    ]


def record_of(topic: str, key: str, item: Any) -> Record:
    if topic == EXECUTION_EVENTS:
        value = encode("log", key, PROJECT, PROJECT, item.id, item.sequence, 0, item.body)
        return Record(EXECUTION_EVENTS_TOPIC, key, value)
    if topic == FLOW_EVENTS:
        return Record(FLOW_EVENTS_TOPIC, item["flowId"], encode_flow_event(item))
    return Record(PROJECT_EVENTS_TOPIC, item["projectId"], encode_project_event(item))


@pytest.fixture(params=["in process", pytest.param("kafka", marks=pytest.mark.kafka)])
async def deployment(request: pytest.FixtureRequest) -> AsyncIterator[Deployment]:
    if request.param == "in process":
        yield InProcess()
        return
    broker: Broker = request.getfixturevalue("kafka_broker")
    settings = KafkaSettings(broker.bootstrap)
    await asyncio.to_thread(make_topics, settings)
    async with open_kafka_bus(settings) as bus, open_producer(settings) as producer:
        await until_healthy(bus)
        yield OverKafka(bus, producer)


async def until_healthy(bus: Bus) -> None:
    changed = asyncio.Event()
    end = bus.on_change(changed.set)
    async with asyncio.timeout(30):
        while not bus.healthy:
            changed.clear()
            await changed.wait()
    end()
