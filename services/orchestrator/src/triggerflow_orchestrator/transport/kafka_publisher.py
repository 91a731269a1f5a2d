"""Send what was committed to Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import orjson
import structlog
from triggerflow_chassis.clock import parse_rfc3339
from triggerflow_chassis.kafka.execution_event import encode
from triggerflow_chassis.kafka.flow_events import encode_project_event
from triggerflow_chassis.kafka.producer import NotPublished, Producer, Record, open_producer
from triggerflow_chassis.kafka.published import EXECUTION_EVENTS_TOPIC, PROJECT_EVENTS_TOPIC
from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.kafka.topics import MOST_RECORD_BYTES

from triggerflow_orchestrator.app.relay_ports import OutboxEvent, PublishingFailed
from triggerflow_orchestrator.domain.execution import ProjectNotice

log = structlog.get_logger(__name__)

# What a record has beside the body, generously.
_BESIDE: Final = 4_096
_MOST_CHARACTERS: Final = (MOST_RECORD_BYTES - _BESIDE) // 4


class KafkaPublisher:
    """`app.relay_ports.Publisher`."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    async def publish(self, events: Sequence[OutboxEvent], notices: Sequence[ProjectNotice]) -> None:
        records: list[Record] = []
        for event in events:
            try:
                records.append(Record(EXECUTION_EVENTS_TOPIC, event.execution_id, event_record(event)))
            except (KeyError, ValueError) as error:
                # The log has it; one event that is none may not stop all that follow.
                log.error("event_not_published", execution_id=event.execution_id, id=event.id, error=str(error))
        records += [
            Record(PROJECT_EVENTS_TOPIC, notice.project_id, encode_project_event(notice.as_item()))
            for notice in notices
        ]
        try:
            await self._producer.publish(records)
        except NotPublished as error:
            raise PublishingFailed(str(error)) from error


def event_record(event: OutboxEvent) -> bytes:
    """The event as a record. What is too large for one goes without its body: readers take it from the log."""
    # The writer puts `payload` last, and nothing before it is a user's: no need to parse all of it.
    head, found, _ = event.body.partition(',"payload":')
    told = orjson.loads(head + "}" if found else event.body)
    body = event.body if len(event.body) < _MOST_CHARACTERS else ""
    return encode(
        told["type"],
        event.execution_id,
        event.project_id,
        event.flow_id,
        event.id,
        event.sequence,
        parse_rfc3339(told["timestamp"]),
        body,
    )


@asynccontextmanager
async def open_kafka_publisher(settings: KafkaSettings) -> AsyncIterator[KafkaPublisher]:
    """A publisher until the block ends; what is not acknowledged by then may be published or not."""
    async with open_producer(settings) as producer:
        yield KafkaPublisher(producer)
