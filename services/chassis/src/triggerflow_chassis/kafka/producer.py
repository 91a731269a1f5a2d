"""Publish records so that, within a key, none is passed by a later one, whatever the broker does meanwhile.

The producer is idempotent, waits for all replicas and has no time limit for a record: while no broker answers,
publishing waits. A record that is refused for good ends the producer (`enable.gapless.guarantee`), so nothing that
follows it is delivered; who publishes opens another one and begins again at what was not acknowledged.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import structlog
from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as Client

from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.kafka.topics import MOST_RECORD_BYTES, client_config, make_topics

log = structlog.get_logger("triggerflow.kafka")

_POLL_SECONDS: Final = 0.2
_LINGER_MS: Final = 2
_FLUSH_SECONDS: Final = 1.0


class Record(NamedTuple):
    """What is published. Records of one topic and key keep their order."""

    topic: str
    key: str
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()


class NotPublished(Exception):
    """The producer cannot go on: a record was refused for good, or is too large. Open another one."""


class _Group:
    """Records that are awaited together. Counted down on the polling thread."""

    __slots__ = ("error", "future", "left")

    def __init__(self, left: int, future: asyncio.Future[None]) -> None:
        self.left = left
        self.future = future
        self.error: str | None = None


class Producer:
    """Made by `open_producer`. Used on the loop."""

    def __init__(self, settings: KafkaSettings, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._stopping = False
        self._groups: set[_Group] = set()
        self._troubled = False
        self._client = Client(
            {
                **client_config(settings),
                "enable.idempotence": True,
                "enable.gapless.guarantee": True,
                "acks": "all",
                "message.timeout.ms": 0,
                # A topic that is not there was forgotten with all others; the next producer makes it.
                "topic.metadata.propagation.max.ms": 5_000,
                "linger.ms": _LINGER_MS,
                "message.max.bytes": MOST_RECORD_BYTES,
                # As the Java client does it, so that others who publish by key find the same partition.
                "partitioner": "murmur2_random",
                "compression.type": "lz4",
                "error_cb": self._note_error,
            }
        )
        self._thread = threading.Thread(target=self._poll, name="kafka-producer", daemon=True)
        self._thread.start()

    async def publish(self, records: Sequence[Record]) -> None:
        """Return once all are acknowledged; order of records is order of publishing. Raises NotPublished."""
        if not records:
            return
        future: asyncio.Future[None] = self._loop.create_future()
        group = _Group(len(records), future)
        self._groups.add(group)
        try:
            await self._produce(records, group)
            await future
            if self._troubled:
                self._troubled = False
                log.info("kafka_takes_records_again")
        finally:
            self._groups.discard(group)

    async def _produce(self, records: Sequence[Record], group: _Group) -> None:
        def delivered(error: KafkaError | None, _message: Message) -> None:
            group.left -= 1
            if error is not None and group.error is None:
                group.error = error.str()
                self._tell(_settle, group)
            elif group.left == 0 and group.error is None:
                self._tell(_settle, group)

        produce = self._client.produce
        for topic, key, value, headers in records:
            try:
                produce(topic, value, key.encode(), on_delivery=delivered, headers=list(headers) or None)
            except BufferError:
                # What waits is bounded by librdkafka; the poll thread makes room as the broker takes it.
                await self._room(topic, key, value, headers, delivered)
            except KafkaException as error:
                raise NotPublished(f"a record for {topic} was refused: {error}") from error

    async def _room(self, topic: str, key: str, value: bytes, headers: Sequence[Any], delivered: Any) -> None:
        while True:
            await asyncio.sleep(_POLL_SECONDS / 10)
            try:
                self._client.produce(topic, value, key.encode(), on_delivery=delivered, headers=list(headers) or None)
            except BufferError:
                continue
            except KafkaException as error:
                raise NotPublished(f"a record for {topic} was refused: {error}") from error
            return

    def close(self) -> None:
        """Forget what was not acknowledged. Blocks for a moment."""
        self._stopping = True
        self._client.purge(in_queue=True, in_flight=True, blocking=False)
        self._thread.join()
        self._client.flush(_FLUSH_SECONDS)

    def _poll(self) -> None:
        while not self._stopping:
            try:
                self._client.poll(_POLL_SECONDS)
            except KafkaException as error:
                # A fatal error of the producer comes out here, once; it delivers nothing more.
                log.error("kafka_producer_ended", error=str(error))
                self._tell(self._end, str(error))

    def _end(self, reason: str) -> None:
        for group in self._groups:
            group.error = group.error or reason
            _settle(group)

    def _tell(self, call: Any, *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    def _note_error(self, error: KafkaError) -> None:
        # Said once, not at each try to connect.
        if not self._troubled:
            self._troubled = True
            log.warning("kafka_takes_no_records", error=error.str())


def _settle(group: _Group) -> None:
    if group.future.done():
        return
    if group.error is None:
        group.future.set_result(None)
    else:
        group.future.set_exception(NotPublished(f"a record was not delivered: {group.error}"))


@asynccontextmanager
async def open_producer(settings: KafkaSettings) -> AsyncIterator[Producer]:
    """A producer until the block ends. It needs no broker to open; where there is one, topics are made."""
    try:
        await asyncio.to_thread(make_topics, settings)
    except KafkaException as error:
        # Then records wait, or are refused for want of a topic, and who opens the next producer makes it.
        log.debug("topics_not_made", error=str(error))
    producer = Producer(settings, asyncio.get_running_loop())
    try:
        yield producer
    finally:
        await asyncio.to_thread(producer.close)
