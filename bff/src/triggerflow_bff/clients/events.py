"""Map an event of the protocol to the JSON text, encoded once, that every reader of it gets."""

from __future__ import annotations

import orjson
from triggerflow.orchestrator.v1 import event_pb2
from triggerflow_chassis.wire.event import LAST_TYPES, event_to_json

from triggerflow_bff.live.event import LiveEvent

_encode = orjson.dumps


def live_event(event: event_pb2.ExecutionEvent) -> LiveEvent:
    """The event for every reader of it."""
    return LiveEvent(event.id, _encode(event_to_json(event)), event.type in LAST_TYPES)
