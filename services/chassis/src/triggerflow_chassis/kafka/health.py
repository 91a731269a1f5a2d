"""Tell from librdkafka's statistics whether the brokers that matter answer. Pure."""

from __future__ import annotations

from typing import Any, Final

import orjson

# A broker answers a waiting fetch within half a second, with or without records.
_SILENT_US: Final = 3_000_000


def answers(statistics: str, topics: frozenset[str]) -> bool:
    """Whether every partition of the topics is being fetched from a broker that answered just now."""
    stats = orjson.loads(statistics)
    brokers = {broker["nodeid"]: broker for broker in stats["brokers"].values()}
    asked = 0
    for name in topics:
        for number, partition in stats["topics"].get(name, {}).get("partitions", {}).items():
            if number == "-1" or partition["fetch_state"] == "none":
                continue
            asked += 1
            if partition["fetch_state"] != "active" or not _is_up(brokers.get(partition["leader"])):
                return False
    return asked > 0


def _is_up(broker: dict[str, Any] | None) -> bool:
    return broker is not None and broker["state"] == "UP" and 0 <= broker["rxidle"] < _SILENT_US
