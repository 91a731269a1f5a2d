"""A record of a topic as a run gets it. Pure; no I/O."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from triggerflow_chassis import jsontext
from triggerflow_chassis.clock import rfc3339
from triggerflow_chassis.errors import BadJson, Invalid


@dataclass(frozen=True, slots=True)
class TopicRecord:
    """Topic, partition and offset name it for ever."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]

    @property
    def request_id(self) -> str:
        """One run for each record, however often it comes."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    def inputs(self) -> dict[str, Any]:
        """`{value, key, headers, topic, partition, offset, timestamp}`."""
        return {
            "value": read(self.value),
            "key": text(self.key),
            "headers": {name: text(value) for name, value in self.headers if "\0" not in name},
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "timestamp": rfc3339(max(0, self.timestamp_ms) * 1_000),
        }


def read(value: bytes | None) -> Any:
    """The JSON that it is; else as `text`. No record is too odd to start a run."""
    if value is None:
        return None
    try:
        return jsontext.parse(value)
    except (BadJson, Invalid):
        return text(value)


def text(value: bytes | None) -> Any:
    """The text that it is, else `{base64}`; null where there is none."""
    if value is None:
        return None
    try:
        found = value.decode()
    except UnicodeDecodeError:
        found = "\0"
    return {"base64": base64.b64encode(value).decode()} if "\0" in found else found
