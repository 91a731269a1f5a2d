"""Where a group begins to read a topic, over a real Apache Kafka: nothing that is said meanwhile is passed over."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from kafka_broker import Broker
from triggerflow_chassis.kafka import group_reader
from triggerflow_chassis.kafka.group_reader import GroupReader, GroupRecord
from triggerflow_chassis.kafka.settings import KafkaSettings

pytestmark = pytest.mark.kafka

SECONDS = 90


class Topic:
    """A topic that is made once a reader looks for it."""

    def __init__(self, broker: Broker) -> None:
        self.settings = KafkaSettings(broker.bootstrap)
        self.name = f"begins-{uuid.uuid4()}"
        self.heard: list[bytes | None] = []
        self._producer = Producer({"bootstrap.servers": broker.bootstrap, "acks": "all"})

    def make(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.settings.bootstrap})
        for future in admin.create_topics([NewTopic(self.name, 1, 1)]).values():
            future.result(60)

    def say(self, text: str, at_ms: int = 0) -> None:
        self._producer.produce(self.name, text.encode(), timestamp=at_ms)
        assert self._producer.flush(60) == 0

    async def hear(self, count: int, since_ms: int, *, make: bool = True) -> None:
        """Read until so many came."""
        enough = asyncio.Event()

        async def take(records: Sequence[GroupRecord]) -> None:
            self.heard += [record.value for record in records]
            if len(self.heard) >= count:
                enough.set()

        group = f"group-{self.name}"
        reader = GroupReader(self.settings, group, self.name, since_ms, take, asyncio.get_running_loop())
        reader.start()
        try:
            if make:
                await asyncio.to_thread(self.make)
            await asyncio.wait_for(enough.wait(), SECONDS)
        finally:
            await reader.stop()


@pytest.fixture
def topic(kafka_broker: Broker) -> Topic:
    return Topic(kafka_broker)


Asked = Callable[[str], Any]


@pytest.fixture
def on_asking(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Asked]]:
    """Each is called with the name of a question before and after it was put to the broker; what one returns that is
    not None is the answer."""
    called: list[Asked] = []

    def tell(moment: str, answer: Any) -> Any:
        for each in called:
            given = each(moment)
            answer = answer if given is None else given
        return answer

    class Client(Consumer):
        def _ask(self, name: str, *arguments: Any, **named: Any) -> Any:
            tell(f"before {name}", None)
            return tell(f"after {name}", getattr(super(), name)(*arguments, **named))

        def committed(self, *arguments: Any, **named: Any) -> Any:
            return self._ask("committed", *arguments, **named)

        def offsets_for_times(self, *arguments: Any, **named: Any) -> Any:
            return self._ask("offsets_for_times", *arguments, **named)

        def get_watermark_offsets(self, *arguments: Any, **named: Any) -> Any:
            return self._ask("get_watermark_offsets", *arguments, **named)

    monkeypatch.setattr(group_reader, "Client", Client)
    yield called


def now_ms() -> int:
    return int(time.time() * 1_000)


async def test_what_is_said_while_a_group_asks_where_to_begin_is_heard(topic: Topic, on_asking: list[Asked]) -> None:
    said: list[str] = []

    def say(moment: str) -> None:
        if moment not in said:
            said.append(moment)
            topic.say(moment)

    on_asking.append(say)
    # A committed question, and two for where an uncommitted partition begins, each with a before and an after.
    await topic.hear(6, now_ms() - 10_000)
    assert topic.heard == [moment.encode() for moment in said]


@pytest.mark.parametrize("question", ["committed", "offsets_for_times"])
async def test_a_leader_that_is_not_ready_is_asked_again(topic: Topic, on_asking: list[Asked], question: str) -> None:
    answers = iter([KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART])

    def not_ready(moment: str) -> Any:
        code = next(answers, None) if moment == f"after {question}" else None
        if code is None:
            return None
        topic.say(str(code))
        return [SimpleNamespace(topic=topic.name, partition=0, offset=-1, error=KafkaError(code))]

    on_asking.append(not_ready)
    await topic.hear(2, now_ms() - 10_000)
    assert len(topic.heard) == 2


async def test_what_is_older_than_the_moment_is_not_heard(topic: Topic) -> None:
    topic.make()
    topic.say("old", now_ms() - 60_000)
    topic.say("new")
    await topic.hear(1, now_ms() - 10_000, make=False)
    assert topic.heard == [b"new"]
