"""Write the events of one execution: ids, sequence, and exactly one payload variant for each type.

Rules: CONTRACT section 2. Events are encoded once, here; whoever sends them sends this text.
"""

from __future__ import annotations

from typing import Any

import orjson
from triggerflow_chassis.bus import BusEvent
from triggerflow_chassis.clock import rfc3339
from triggerflow_chassis.ids import next_uuid7

from triggerflow_orchestrator.app.units import Kind, Unit


class EventWriter:
    """Gives one execution's events their ids and their order. Not shared, not locked: used on the loop."""

    __slots__ = ("_execution_id", "_last_id", "_sequence")

    def __init__(self, execution_id: str, last_id: str | None = None, sequence: int = 0) -> None:
        self._execution_id = execution_id
        self._last_id = last_id
        self._sequence = sequence

    @property
    def count(self) -> int:
        """Events so far, those before a restart included."""
        return self._sequence

    def add(self, unit: Unit, batch: list[BusEvent], now: int, kind: str, payload: dict[str, Any]) -> str:
        """Append an event to a unit and to what is published once it is durable. Returns its id."""
        self._last_id = event_id = next_uuid7(self._last_id, now // 1_000)
        self._sequence += 1
        body = orjson.dumps(
            {
                "id": event_id,
                "executionId": self._execution_id,
                "type": kind,
                "timestamp": rfc3339(now),
                "payload": payload,
            }
        ).decode()
        unit.rows.append((Kind.EVENT, (self._execution_id, event_id, self._sequence, body)))
        batch.append(BusEvent(event_id, self._sequence, body))
        return event_id


def state(status: str, message: str | None = None) -> dict[str, Any]:
    """ExecutionState."""
    return {"status": status} if message is None else {"status": status, "message": message}


def chunk_running(node_id: str) -> dict[str, Any]:
    """ChunkEvent of chunk.started."""
    return {"nodeId": node_id, "status": "running"}


def chunk_succeeded(node_id: str, result: bytes | None) -> dict[str, Any]:
    """ChunkEvent of chunk.completed; `result` is compact JSON."""
    payload: dict[str, Any] = {"nodeId": node_id, "status": "succeeded"}
    if result is not None:
        payload["result"] = orjson.Fragment(result)
    return payload


def chunk_failed(node_id: str, kind: str, message: str, stack: str | None = None) -> dict[str, Any]:
    """ChunkEvent of chunk.failed."""
    error = {"type": kind, "message": message}
    if stack is not None:
        error["stack"] = stack
    return {"nodeId": node_id, "status": "failed", "error": error}


def log_line(level: str, message: str, node_id: str | None = None) -> dict[str, Any]:
    """LogEvent."""
    payload = {"level": level, "message": message}
    if node_id is not None:
        payload["nodeId"] = node_id
    return payload


def metric(name: str, value: float, unit: str | None = None) -> dict[str, Any]:
    """MetricEvent."""
    payload: dict[str, Any] = {"name": name, "value": value}
    if unit is not None:
        payload["unit"] = unit
    return payload


def custom(
    kind: str,
    node_id: str,
    activation_id: str,
    scope: str,
    attempt: int,
    sequence: int,
    event_id: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """RuntimeOutput for what the schema has no room for. `event_id` is the event it explains."""
    data: dict[str, Any] = {
        "kind": kind,
        "nodeId": node_id,
        "activationId": activation_id,
        "scope": scope,
        "attempt": attempt,
    }
    if event_id is not None:
        data["eventId"] = event_id
    data.update(more)
    return {"stream": "custom", "data": data, "sequence": sequence}
