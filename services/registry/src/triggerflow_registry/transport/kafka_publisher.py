"""Send flow events to Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from triggerflow_chassis.kafka.flow_events import encode_flow_event
from triggerflow_chassis.kafka.producer import NotPublished, Producer, Record, open_producer
from triggerflow_chassis.kafka.published import FLOW_EVENTS_TOPIC
from triggerflow_chassis.kafka.settings import KafkaSettings

from triggerflow_registry.app.relay import PublishingFailed
from triggerflow_registry.domain.flow import FlowEvent


class KafkaPublisher:
    """`app.relay.Publisher`."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    async def publish(self, events: Sequence[FlowEvent]) -> None:
        try:
            await self._producer.publish(
                [Record(FLOW_EVENTS_TOPIC, event.flow_id, encode_flow_event(event.as_item())) for event in events]
            )
        except NotPublished as error:
            raise PublishingFailed(str(error)) from error


@asynccontextmanager
async def open_kafka_publisher(settings: KafkaSettings) -> AsyncIterator[KafkaPublisher]:
    """A publisher until the block ends."""
    async with open_producer(settings) as producer:
        yield KafkaPublisher(producer)
