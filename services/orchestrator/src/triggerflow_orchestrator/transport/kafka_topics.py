"""`app.follow_topics.OpenTopic` over Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from triggerflow_chassis.kafka.group_reader import GroupReader, GroupRecord
from triggerflow_chassis.kafka.settings import KafkaSettings

from triggerflow_orchestrator.app.follow_topics import OpenTopic, TakeRecords
from triggerflow_orchestrator.domain.topic_record import TopicRecord


def open_kafka_topics(settings: KafkaSettings) -> OpenTopic:
    """Topics of these brokers. Called on the loop that records are taken on."""

    def open_topic(group: str, topic: str, since: int, take: TakeRecords) -> GroupReader:
        async def taken(records: Sequence[GroupRecord]) -> None:
            await take([TopicRecord(*record) for record in records])

        reader = GroupReader(settings, group, topic, since // 1_000, taken, asyncio.get_running_loop())
        reader.start()
        return reader

    return open_topic
