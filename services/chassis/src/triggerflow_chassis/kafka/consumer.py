"""Read every partition of our topics on a thread, from the end, in no group; hand on what somebody wants.

Positions are this process' own: after a broker was gone the thread goes on where it stood. Where the log does not
reach that far any more, it begins at the oldest record there is, and repeats are dropped.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import structlog
from confluent_kafka import Consumer as Client
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from triggerflow_chassis.bus import EXECUTION_EVENTS, EXECUTION_NOTICES, FLOW_EVENTS
from triggerflow_chassis.kafka.avro import Lookup, NotSingleObject, UnknownSchema
from triggerflow_chassis.kafka.demand import Demand
from triggerflow_chassis.kafka.execution_event import Reader
from triggerflow_chassis.kafka.flow_events import FlowEventReader, ProjectEventReader
from triggerflow_chassis.kafka.health import answers
from triggerflow_chassis.kafka.published import EXECUTION_EVENTS_TOPIC, FLOW_EVENTS_TOPIC
from triggerflow_chassis.kafka.settings import KafkaSettings
from triggerflow_chassis.kafka.topics import client_config, make_topics

log = structlog.get_logger("triggerflow.kafka")

_POLL_SECONDS: Final = 0.2
_MOST_AT_ONCE: Final = 1_000
_SETUP_SECONDS: Final = 3.0
_STOP_SECONDS: Final = 2.0
# Longer than a broker takes to come back. Then all is looked at anew: topics and logs may be others than before.
_ANEW_SECONDS: Final = 3.0
_RETRY_SECONDS: Final = 0.5
_STATISTICS_MS: Final = 500
_GONE: Final = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)


class Delivery(NamedTuple):
    """Items of one topic and key of the bus, in order."""

    topic: str
    key: str
    items: list[Any]


class Consumer:
    """A thread. `deliver`, `lost` and `health` are called on the loop, `lost` before what follows the gap."""

    def __init__(
        self,
        settings: KafkaSettings,
        topics: Sequence[str],
        demand: Demand,
        loop: asyncio.AbstractEventLoop,
        *,
        deliver: Callable[[Sequence[Delivery]], None],
        lost: Callable[[], None],
        health: Callable[[bool], None],
        lookup: Lookup | None,
    ) -> None:
        self._settings = settings
        self._topics = frozenset(topics)
        self._demand = demand
        self._loop = loop
        self._deliver = deliver
        self._lost = lost
        self._health = health
        self._events = Reader(lookup)
        self._flows = FlowEventReader(lookup)
        self._projects = ProjectEventReader(lookup)
        self._positions: dict[tuple[str, int], int] = {}
        self._healthy = False
        self._unreachable = False
        # Offsets of a topic that is neither compacted nor transactional have no holes: one says that records are gone.
        self._gap = False
        self._stopping = threading.Event()
        # Cleared while the loop has a batch that it did not get to yet: at most two wait in memory, then Kafka keeps
        # the rest.
        self._taken = threading.Event()
        self._taken.set()
        self._thread = threading.Thread(target=self._run, name="kafka-consumer", daemon=True)

    def start(self) -> None:
        """Begin to consume, as soon as a broker answers."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread. Blocks for a moment; one that waits for a broker is left to end by itself."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    # The thread.

    def _run(self) -> None:
        while not self._stopping.is_set():
            client = Client(self._config())
            try:
                if self._set_up(client):
                    self._consume(client)
            except Exception as error:
                # Whatever it was: the readers have the log meanwhile.
                log.error("kafka_consumer_failed", error=str(error))
                self._stopping.wait(_RETRY_SECONDS)
            finally:
                self._tell_health(False)
                client.close()

    def _config(self) -> dict[str, Any]:
        return {
            **client_config(self._settings),
            # The client insists on a name; nothing joins a group, and no offset is kept in the broker.
            "group.id": "triggerflow-nobody",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "queued.max.messages.kbytes": 16_384,
            "fetch.error.backoff.ms": 100,
            "statistics.interval.ms": _STATISTICS_MS,
            "stats_cb": self._note_statistics,
            "error_cb": self._note_error,
        }

    def _set_up(self, client: Client) -> bool:
        """Stand at the end of every partition, or where it was left. False where there is no broker yet."""
        try:
            make_topics(self._settings)
            topics = client.list_topics(timeout=_SETUP_SECONDS).topics
            places = [(name, number) for name in self._topics for number in topics[name].partitions]
            first = not self._positions
            found = {place: self._place(client, place, first=first) for place in places}
        except (KafkaException, KeyError) as error:
            # Said once, not at each try.
            if not self._unreachable and not self._stopping.is_set():
                self._unreachable = True
                log.warning("kafka_unreachable", bootstrap=self._settings.bootstrap, error=str(error))
            self._stopping.wait(_RETRY_SECONDS)
            return False
        self._unreachable = False
        self._positions = found
        client.assign([TopicPartition(*place, offset) for place, offset in found.items()])
        return True

    def _place(self, client: Client, place: tuple[str, int], *, first: bool) -> int:
        """Where to read a partition from: at first its end, then where it was left, as far as it still reaches."""
        marks = client.get_watermark_offsets(TopicPartition(*place), timeout=_SETUP_SECONDS)
        if marks is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        start, end = marks
        if first:
            return int(end)
        # What appears later than the rest was made while we listened, so nothing in it is old.
        left = self._positions.get(place, 0)
        if not start <= left <= end:
            log.warning("kafka_log_replaced", topic=place[0], partition=place[1], stood_at=left, start=start, end=end)
            self._gap = True
            return int(start)
        return left

    def _consume(self, client: Client) -> None:
        troubled_since = time.monotonic()
        while not self._stopping.is_set():
            first = client.poll(_POLL_SECONDS)
            if self._healthy:
                troubled_since = time.monotonic()
            elif time.monotonic() - troubled_since > _ANEW_SECONDS:
                return
            if first is None:
                continue
            # What else is here already, without waiting for more.
            deliveries, gone = self._read([first, *client.consume(_MOST_AT_ONCE, 0)])
            if self._gap:
                self._gap = False
                self._on_loop(self._lost)
            if deliveries:
                while not self._taken.wait(_POLL_SECONDS):
                    if self._stopping.is_set():
                        return
                self._taken.clear()
                self._on_loop(self._hand_on, deliveries)
            if gone:
                return

    def _read(self, messages: Sequence[Message]) -> tuple[list[Delivery], bool]:
        """What somebody wants of it, by key; and whether a topic is gone, which has to be made again."""
        found: dict[tuple[str, str], Delivery] = {}
        gone = False
        demand = self._demand
        for message in messages:
            error = message.error()
            if error is not None:
                log.warning("kafka_consumer_error", error=error.str())
                gone = gone or error.code() in _GONE
                continue
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            key, value = message.key(), message.value()
            if topic is None or partition is None or offset is None:
                continue
            if offset > self._positions.get((topic, partition), offset):
                log.warning("kafka_records_missed", topic=topic, partition=partition, before=offset)
                self._gap = True
            self._positions[topic, partition] = offset + 1
            if key is None or value is None:
                continue
            try:
                if topic == EXECUTION_EVENTS_TOPIC:
                    if demand.wants_execution(key):
                        event = self._events.event(value)
                        if demand.is_new_sequence(key, event.sequence):
                            _add(found, EXECUTION_EVENTS, key.decode(), event)
                else:
                    kind = FLOW_EVENTS if topic == FLOW_EVENTS_TOPIC else EXECUTION_NOTICES
                    if demand.wants_topic(kind):
                        item = (self._flows if kind == FLOW_EVENTS else self._projects).item(value)
                        if demand.is_new_id(kind, key, item["id"]):
                            _add(found, kind, item["projectId"], item)
            except (UnknownSchema, NotSingleObject, ValueError, IndexError, EOFError) as problem:
                # The log has what it says; one record of a stranger stops nobody.
                log.error("kafka_record_unreadable", topic=topic, offset=offset, error=str(problem))
                self._gap = True
        return list(found.values()), gone

    def _hand_on(self, deliveries: Sequence[Delivery]) -> None:
        self._taken.set()
        self._deliver(deliveries)

    def _note_statistics(self, statistics: str) -> None:
        self._tell_health(answers(statistics, self._topics))

    def _note_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._tell_health(False)

    def _tell_health(self, healthy: bool) -> None:
        if healthy != self._healthy:
            self._healthy = healthy
            log.info("kafka_answers" if healthy else "kafka_does_not_answer", bootstrap=self._settings.bootstrap)
            self._on_loop(self._health, healthy)

    def _on_loop(self, call: Callable[..., None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the loop is closed
            self._stopping.set()


def _add(found: dict[tuple[str, str], Delivery], topic: str, key: str, item: Any) -> None:
    delivery = found.get((topic, key))
    if delivery is None:
        delivery = found[topic, key] = Delivery(topic, key, [])
    delivery.items.append(item)
