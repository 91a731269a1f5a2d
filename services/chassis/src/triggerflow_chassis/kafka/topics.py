"""Make the topics where nobody did yet, and say how clients come to the broker."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from triggerflow_chassis.kafka import published
from triggerflow_chassis.kafka.settings import KafkaSettings

log = structlog.get_logger("triggerflow.kafka")

TOPICS: Final = tuple(topic.name for topic in published.TOPICS)

MOST_RECORD_BYTES: Final = 12 * 1024 * 1024
"""What a producer sends at most. Below what the topics take, so that no broker refuses what a producer accepted."""

_TOPIC_CONFIG: Final = {
    # PostgreSQL is the log. The broker keeps what a consumer may have missed while it was away.
    "retention.ms": str(60 * 60 * 1000),
    "retention.bytes": str(256 * 1024 * 1024),
    "segment.bytes": str(64 * 1024 * 1024),
    "max.message.bytes": str(16 * 1024 * 1024),
    "cleanup.policy": "delete",
}
_SECONDS: Final = 3.0
_LOOK_AGAIN_SECONDS: Final = 0.05


def client_config(settings: KafkaSettings) -> dict[str, Any]:
    """What every client here has in common: it comes back fast, and its lines go to our log."""
    return {
        "bootstrap.servers": settings.bootstrap,
        "client.id": "triggerflow",
        # A broker that restarts is back in seconds; by default the last waits are ten.
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 500,
        "socket.timeout.ms": 10_000,
        "socket.connection.setup.timeout.ms": 5_000,
        "logger": _client_log(),
    }


def _client_log() -> logging.Logger:
    # It warns of each try to connect, and of each setting that is not the default; what matters we say ourselves.
    logger = logging.getLogger("triggerflow.kafka.client")
    logger.setLevel(logging.CRITICAL)
    return logger


def make_topics(settings: KafkaSettings) -> None:
    """Make the topics that are not there. Blocks. Raises KafkaException where the broker does not answer."""
    client = AdminClient(client_config(settings))
    missing = _missing(client)
    if not missing:
        return
    wanted = [NewTopic(name, num_partitions=settings.partitions, config=dict(_TOPIC_CONFIG)) for name in missing]
    for name, made in client.create_topics(wanted, operation_timeout=_SECONDS, request_timeout=_SECONDS).items():
        try:
            made.result()
        except KafkaException as error:
            # Another process was faster.
            cause = error.args[0]
            if not isinstance(cause, KafkaError) or cause.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        else:
            log.info("topic_made", topic=name, partitions=settings.partitions)
    # A broker tells of a topic a moment after it made it.
    deadline = time.monotonic() + _SECONDS
    while _missing(client) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_SECONDS)


def _missing(client: AdminClient) -> list[str]:
    there = client.list_topics(timeout=_SECONDS).topics
    return [
        name
        for name in TOPICS
        if name not in there or any(partition.leader < 0 for partition in there[name].partitions.values())
    ]
