"""Tell the bus what one unit wrote. Call once the unit is durable, in the order of submission."""

from __future__ import annotations

from triggerflow_chassis.bus import EXECUTION_EVENTS, EXECUTION_NOTICES, Bus, BusEvent

from triggerflow_orchestrator.app.units import Unit


def publish(bus: Bus, execution_id: str, unit: Unit, batch: list[BusEvent]) -> None:
    """The unit's events, then what its project is told."""
    if batch:
        bus.publish(EXECUTION_EVENTS, execution_id, batch)
    for notice in unit.notices:
        bus.publish(EXECUTION_NOTICES, notice.project_id, [notice.as_item()])
