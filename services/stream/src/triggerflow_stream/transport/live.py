"""Listen to the bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from triggerflow_chassis.bus import EXECUTION_EVENTS, EXECUTION_NOTICES, FLOW_EVENTS, Bus, BusEvent
from triggerflow_chassis.wire.event import LAST_TYPES, event_from_json
from triggerflow_chassis.wire.project_event import project_event_from_item

from triggerflow_stream.domain.entry import Entry, ProjectEntry
from triggerflow_stream.transport.history import EXECUTION_LOG, FLOW_LOG


class BusEvents:
    """ExecutionLive over the bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    @property
    def comes(self) -> bool:
        return self._bus.healthy

    def subscribe(
        self, execution_id: str, callback: Callable[[Sequence[BusEvent]], None], lost: Callable[[], None]
    ) -> Callable[[], None]:
        events, changes = self._bus.subscribe(EXECUTION_EVENTS, execution_id, callback), self._bus.on_change(lost)

        def unsubscribe() -> None:
            events()
            changes()

        return unsubscribe

    def entry(self, item: BusEvent) -> Entry:
        if not item.body:
            # Too large for a record of the bus. Its sequence is none, so it is read from the log.
            return Entry(item.id, -1, None, False)
        event = event_from_json(orjson.loads(item.body), item.sequence)
        return Entry(item.id, item.sequence, event, event.type in LAST_TYPES)


class BusProjectEvents:
    """ProjectLive over the bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def subscribe(self, project_id: str, callback: Callable[[Sequence[Any]], None]) -> Callable[[], None]:
        flows = self._bus.subscribe(FLOW_EVENTS, project_id, callback)
        executions = self._bus.subscribe(EXECUTION_NOTICES, project_id, callback)

        def unsubscribe() -> None:
            flows()
            executions()

        return unsubscribe

    def entry(self, item: Mapping[str, Any]) -> ProjectEntry:
        log = FLOW_LOG if item["type"].startswith("flow.") else EXECUTION_LOG
        return ProjectEntry(item["id"], log, project_event_from_item(item))
