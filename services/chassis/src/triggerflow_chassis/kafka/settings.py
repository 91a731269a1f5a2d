"""Where Kafka is: KAFKA_BOOTSTRAP, parsed once. Pure; loads no driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from triggerflow_chassis.settings import Reader

SETTING: Final = "KAFKA_BOOTSTRAP"
_PARTITIONS: Final = 6


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """The brokers, and how topics are made."""

    bootstrap: str
    """`host:port`, or several with commas."""
    partitions: int = _PARTITIONS
    """Of a topic, where it is made here. More of them later would move keys, and a key's order with them."""


def read_kafka(reader: Reader) -> KafkaSettings | None:
    """KAFKA_BOOTSTRAP and KAFKA_PARTITIONS, None where the first is not set. A problem is the reader's."""
    plain = reader.plain()
    brokers = plain.names(SETTING)
    if not brokers:
        return None
    for broker in brokers:
        host, _, port = broker.rpartition(":")
        if not host or not port.isdigit() or not 1 <= int(port) <= 65_535:
            plain.problem(SETTING, f"must be host:port, or several with commas, not {broker!r}")
    return KafkaSettings(
        bootstrap=",".join(brokers),
        partitions=plain.integer("KAFKA_PARTITIONS", _PARTITIONS, least=1, most=1_000),
    )
