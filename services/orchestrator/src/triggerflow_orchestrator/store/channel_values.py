"""`app.carry_channels.ChannelValues` over any migrated database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import delete, select

from triggerflow_orchestrator.app.carry_channels import ChannelValue
from triggerflow_orchestrator.app.firing_ports import Offer
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.database_clock import now_of
from triggerflow_orchestrator.store.firings import insert_offers
from triggerflow_orchestrator.store.tables import channel_values

_V: Final = channel_values.c


class SqlChannelValues:
    """Made once a process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, limit: int, without: Collection[str]) -> list[ChannelValue]:
        query = select(channel_values).where(_V.id.not_in(without)).order_by(_V.id).limit(limit)
        async with self._database.snapshot() as connection:
            return [
                ChannelValue(
                    id=row.id,
                    project_id=row.project_id,
                    channel=row.channel,
                    value_json=row.value,
                    execution_id=row.execution_id,
                    node_id=row.node_id,
                    published_at=row.published_at,
                )
                for row in await connection.execute(query)
            ]

    async def carry(self, value_id: str, offers: Sequence[Offer]) -> bool:
        async with self._database.change() as connection:
            # On PostgreSQL who comes second waits here for the first's end.
            mine = await connection.execute(delete(channel_values).where(_V.id == value_id))
            if not mine.rowcount:
                return False
            await insert_offers(connection, offers, await now_of(connection))
        return True
