"""The bus of a deployment: what others publish comes over Kafka, what this process publishes stays in it.

Who relays to Kafka is the owner of a log (`producer.py`); a service that only listens needs no more than this.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

from triggerflow_chassis.bus import EXECUTION_EVENTS, EXECUTION_NOTICES, FLOW_EVENTS, Callback, InProcessBus
from triggerflow_chassis.kafka.avro import Lookup
from triggerflow_chassis.kafka.consumer import Consumer, Delivery
from triggerflow_chassis.kafka.demand import Demand
from triggerflow_chassis.kafka.published import EXECUTION_EVENTS_TOPIC, FLOW_EVENTS_TOPIC, PROJECT_EVENTS_TOPIC
from triggerflow_chassis.kafka.settings import KafkaSettings

log = structlog.get_logger("triggerflow.kafka")

SchemaText = Callable[[bytes], Awaitable[str | None]]
"""Asks the schema registry for the schema of a fingerprint. Called on the loop; may raise."""

_TOPICS: Final[Mapping[str, str]] = {
    EXECUTION_EVENTS: EXECUTION_EVENTS_TOPIC,
    EXECUTION_NOTICES: PROJECT_EVENTS_TOPIC,
    FLOW_EVENTS: FLOW_EVENTS_TOPIC,
}
_LOOKUP_SECONDS: Final = 5.0
_ASK_AGAIN_SECONDS: Final = 10.0


class KafkaBus:
    """`triggerflow_chassis.bus.Bus`. Made by `open_kafka_bus`."""

    def __init__(self, topics: Collection[str]) -> None:
        self._topics = frozenset(topics)
        self._local = InProcessBus()
        self._changes: list[Callable[[], None]] = []
        self.demand = Demand()
        self.healthy = False

    def publish(self, topic: str, key: str, items: Sequence[Any]) -> None:
        """Tell this process alone. Sends nothing to Kafka."""
        self._local.publish(topic, key, items)

    def subscribe(self, topic: str, key: str | None, callback: Callback) -> Callable[[], None]:
        if topic not in self._topics:
            raise ValueError(f"this bus was opened without {topic}")
        # Local first: once demand is noted, the consumer's thread may hand on.
        unsubscribe = self._local.subscribe(topic, key, callback)
        self.demand.add(topic, key)
        active = True

        def end() -> None:
            nonlocal active
            if active:
                active = False
                self.demand.remove(topic, key)
                unsubscribe()

        return end

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._changes.append(callback)

        def end() -> None:
            if callback in self._changes:
                self._changes.remove(callback)

        return end

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Tell what came over Kafka. On the loop."""
        for topic, key, items in deliveries:
            self._local.publish(topic, key, items)

    def set_health(self, healthy: bool) -> None:
        """Note that the brokers answer, or do not. On the loop."""
        if healthy == self.healthy:
            return
        self.healthy = healthy
        self.lost()

    def lost(self) -> None:
        """Tell that something may have been missed. On the loop."""
        for callback in tuple(self._changes):
            callback()


@asynccontextmanager
async def open_kafka_bus(
    settings: KafkaSettings, *, topics: Collection[str] = tuple(_TOPICS), schema_text: SchemaText | None = None
) -> AsyncIterator[KafkaBus]:
    """The bus until the block ends. It opens without a broker, and is unhealthy until one answers.

    `topics` are those of the bus that anybody subscribes to: the others are not even fetched.
    """
    loop = asyncio.get_running_loop()
    bus = KafkaBus(topics)
    lookup = _waiting(schema_text, loop) if schema_text is not None else None
    consumer = Consumer(
        settings,
        [_TOPICS[topic] for topic in topics],
        bus.demand,
        loop,
        deliver=bus.deliver,
        lost=bus.lost,
        health=bus.set_health,
        lookup=lookup,
    )
    consumer.start()
    try:
        yield bus
    finally:
        await asyncio.to_thread(consumer.stop)


def _waiting(schema_text: SchemaText, loop: asyncio.AbstractEventLoop) -> Lookup:
    """Ask on the loop from the consumer's thread, and wait there. What was not known is asked again later."""
    missed: dict[bytes, float] = {}

    async def ask(fingerprint: bytes) -> str | None:
        return await schema_text(fingerprint)

    def lookup(fingerprint: bytes) -> str | None:
        if time.monotonic() < missed.get(fingerprint, 0.0):
            return None
        try:
            text = asyncio.run_coroutine_threadsafe(ask(fingerprint), loop).result(_LOOKUP_SECONDS)
        except Exception as error:
            log.warning("schema_not_found", fingerprint=fingerprint.hex(), error=str(error))
            text = None
        if text is None:
            missed[fingerprint] = time.monotonic() + _ASK_AGAIN_SECONDS
        return text

    return lookup
