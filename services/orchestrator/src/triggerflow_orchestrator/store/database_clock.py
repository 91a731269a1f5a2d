"""What a transaction asks of the database beside rows: its clock, and a flow to itself."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from triggerflow_chassis.clock import now_us

from triggerflow_orchestrator.store.postgres_statement import NOW_US

_NOW: Final = text(f"SELECT {NOW_US}")
_HOLD: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:flow_id, 0))")


async def now_of(connection: AsyncConnection) -> int:
    """Microseconds since the epoch, by the clock that all replicas share. SQLite has that of its one process."""
    if connection.dialect.name != "postgresql":
        return now_us()
    found: int = (await connection.execute(_NOW)).scalar_one()
    return found


async def hold_flow(connection: AsyncConnection, flow_id: str) -> None:
    """Until the transaction ends nobody else decides about this flow. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(_HOLD, {"flow_id": f"firings of {flow_id}"})
