"""Listen to the bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from triggerflow_chassis.bus import EXECUTION_EVENTS, EXECUTION_NOTICES, Bus, BusEvent
from triggerflow_chassis.wire.event import LAST_TYPES, event_from_json
from triggerflow_chassis.wire.project_event import project_event_from_item

from triggerflow_stream.domain.entry import Entry, ProjectEntry


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
        return _both(self._bus.subscribe(EXECUTION_EVENTS, execution_id, callback), self._bus.on_change(lost))

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

    @property
    def comes(self) -> bool:
        return self._bus.healthy

    def subscribe(
        self, project_id: str, callback: Callable[[Sequence[Any]], None], lost: Callable[[], None]
    ) -> Callable[[], None]:
        return _both(self._bus.subscribe(EXECUTION_NOTICES, project_id, callback), self._bus.on_change(lost))

    def entry(self, item: Mapping[str, Any]) -> ProjectEntry:
        return ProjectEntry(item["id"], project_event_from_item(item))


def _both(one: Callable[[], None], other: Callable[[], None]) -> Callable[[], None]:
    def end() -> None:
        one()
        other()

    return end
