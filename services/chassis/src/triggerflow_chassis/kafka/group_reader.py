"""Read a topic as a member of a consumer group, on a thread: each batch is handed to the loop, and its offsets are
committed once that is done with it, never before.

What a group never committed, all of a new group or a partition that is added, it reads from a moment on that the caller
gives, by the timestamps of the records. What was handed over and not committed comes again, here or to another
member: whoever takes records must know them by topic, partition and offset.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

import structlog
from confluent_kafka import Consumer as Client
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.kafka.topics import client_config

log = structlog.get_logger("triggerflow.kafka")

_POLL_SECONDS: Final = 0.2
_MOST_AT_ONCE: Final = 100
_SETUP_SECONDS: Final = 10.0
_RETRY_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 3.0
_LOOK_MS: Final = 2_000
_SESSION_MS: Final = 10_000


class GroupRecord(NamedTuple):
    """A record as it was read. Topic, partition and offset name it for ever."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


Take = Callable[[Sequence[GroupRecord]], Awaitable[None]]
"""Takes a batch, those of a partition in their order; once it returns, the batch is committed."""


class GroupReader:
    """A thread. `take` is called on the loop, one batch at a time; where it raises, the batch comes again."""

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        topic: str,
        since_ms: int,
        take: Take,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """`since_ms`: milliseconds since the epoch."""
        self._settings = settings
        self._group = group
        self._topic = topic
        self._since_ms = since_ms
        self._take = take
        self._loop = loop
        self._stopping = threading.Event()
        self._troubled = False
        self._begin: list[TopicPartition] = []
        """Where partitions begin that were never committed, to be committed before anything of them is taken."""
        self._thread = threading.Thread(target=self._run, name=f"kafka-{topic[:40]}", daemon=True)

    def start(self) -> None:
        """Begin to read, as soon as a broker answers."""
        self._thread.start()

    async def stop(self) -> None:
        """Leave the group. What is being taken is not committed, and comes again."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.join, _STOP_SECONDS)

    # The thread.

    def _run(self) -> None:
        while not self._stopping.is_set():
            client = Client(self._config())
            try:
                client.subscribe([self._topic], on_assign=self._assigned)
                self._read(client)
            except Exception as error:
                if not self._troubled and not self._stopping.is_set():
                    self._troubled = True
                    log.warning("kafka_topic_not_read", topic=self._topic, group=self._group, error=str(error))
                self._stopping.wait(_RETRY_SECONDS)
            finally:
                client.close()

    def _config(self) -> dict[str, Any]:
        return {
            **client_config(self._settings),
            "group.id": self._group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "allow.auto.create.topics": False,
            "topic.metadata.refresh.interval.ms": _LOOK_MS,
            # A member that was killed has its partitions given away after so long.
            "session.timeout.ms": _SESSION_MS,
            "queued.max.messages.kbytes": 16_384,
            # Others may write in transactions; what was aborted was never said.
            "isolation.level": "read_committed",
            "error_cb": lambda _: None,
        }

    def _assigned(self, client: Client, partitions: list[TopicPartition]) -> None:
        places = _sound(client.committed(partitions, timeout=_SETUP_SECONDS))
        self._begin = [self._beginning(client, each) for each in places if each.offset < 0]
        begin = {each.partition: each for each in self._begin}
        client.assign([begin.get(each.partition, each) for each in places])

    def _beginning(self, client: Client, place: TopicPartition) -> TopicPartition:
        # The end first: what is said after that is found by its time, or comes after the end. The other way round
        # what was said between the two questions would be passed over.
        marks = client.get_watermark_offsets(place, timeout=_SETUP_SECONDS)
        if marks is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        asked = [TopicPartition(place.topic, place.partition, self._since_ms)]
        (since,) = _sound(client.offsets_for_times(asked, timeout=_SETUP_SECONDS))
        return since if since.offset >= 0 else TopicPartition(place.topic, place.partition, marks[1])

    def _read(self, client: Client) -> None:
        while not self._stopping.is_set():
            messages = client.consume(_MOST_AT_ONCE, _POLL_SECONDS)
            if self._begin:
                begin, self._begin = self._begin, []
                client.commit(offsets=begin, asynchronous=False)
            records = [record for message in messages if (record := _record(message)) is not None]
            if not records:
                continue
            if self._troubled:
                self._troubled = False
                log.info("kafka_topic_read_again", topic=self._topic, group=self._group)
            self._hand_over(records)
            last = {record.partition: record.offset + 1 for record in records}
            client.commit(
                offsets=[TopicPartition(self._topic, number, offset) for number, offset in last.items()],
                asynchronous=False,
            )

    def _hand_over(self, records: Sequence[GroupRecord]) -> None:
        async def take() -> None:
            await self._take(records)

        future = asyncio.run_coroutine_threadsafe(take(), self._loop)
        while True:
            try:
                return future.result(_POLL_SECONDS)
            except concurrent.futures.TimeoutError:
                if future.done():
                    raise
                if self._stopping.is_set():
                    future.cancel()
                    raise


def _sound(places: list[TopicPartition]) -> list[TopicPartition]:
    """They, where each has an answer: an offset beside an error, of a leader that is not yet one, means nothing."""
    for place in places:
        if place.error is not None:
            raise KafkaException(place.error)
    return places


def _record(message: Message) -> GroupRecord | None:
    error = message.error()
    if error is not None:
        # A topic that is not there yet, or a broker that went: the client goes on by itself.
        if error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._PARTITION_EOF) or error.retriable():
            return None
        raise KafkaException(error)
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None and partition is not None and offset is not None
    _, timestamp = message.timestamp()
    headers = message.headers() or []
    return GroupRecord(
        topic, partition, offset, timestamp, _bytes(message.key()), _bytes(message.value()), _pairs(headers)
    )


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _pairs(headers: Any) -> tuple[tuple[str, bytes | None], ...]:
    pairs = headers.items() if isinstance(headers, dict) else headers
    return tuple((str(name), _bytes(value)) for name, value in pairs)
