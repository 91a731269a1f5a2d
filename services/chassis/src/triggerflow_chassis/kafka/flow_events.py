"""Flow events and project events to bytes and back. They are rare, so fastavro does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from triggerflow_chassis.kafka.avro import Decoder, Lookup, encode, schema

FLOW_EVENT: Final = schema("flow-event")
PROJECT_EVENT: Final = schema("project-event")


def encode_flow_event(item: Mapping[str, Any]) -> bytes:
    """From an item of the bus: `{id, type, timestamp, projectId, flowId, deleted}`."""
    return encode(FLOW_EVENT, item)


def encode_project_event(item: Mapping[str, Any]) -> bytes:
    """From an item of the bus: `{id, type, timestamp, projectId, flowId, executionId?}`."""
    return encode(PROJECT_EVENT, {**item, "executionId": item.get("executionId")})


class FlowEventReader:
    """For one thread."""

    def __init__(self, lookup: Lookup | None = None) -> None:
        self._decoder = Decoder(FLOW_EVENT, lookup)

    def item(self, data: bytes) -> dict[str, Any]:
        """The item of the bus. Raises UnknownSchema, NotSingleObject."""
        return self._decoder.decode(data)


class ProjectEventReader:
    """For one thread."""

    def __init__(self, lookup: Lookup | None = None) -> None:
        self._decoder = Decoder(PROJECT_EVENT, lookup)

    def item(self, data: bytes) -> dict[str, Any]:
        """The item of the bus; without `executionId` where it is of a flow. Raises UnknownSchema, NotSingleObject."""
        record = self._decoder.decode(data)
        if record["executionId"] is None:
            del record["executionId"]
        return record
