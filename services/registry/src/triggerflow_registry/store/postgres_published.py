"""How far flow events were published, kept in PostgreSQL, and the one replica that publishes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from triggerflow_chassis.postgres.address import Postgres
from triggerflow_chassis.postgres.faults import told
from triggerflow_chassis.postgres.leader import Leader, lead

from triggerflow_registry.domain.flow import FlowEvent, FlowEventType, FlowId, ProjectId

_LOG: Final = "flow-events"
_UP_TO: Final = "SELECT up_to FROM published WHERE log = $1"
_EVENTS: Final = (
    "SELECT id, type, timestamp, project_id, flow_id, deleted FROM flow_events WHERE id > $1 ORDER BY id LIMIT $2"
)
_MOVE: Final = "UPDATE published SET up_to = $2 WHERE log = $1 AND up_to < $2"


class PostgresReign:
    """`app.relay.Reign`. Made by `open_reign`."""

    def __init__(self, postgres: Postgres, leader: Leader, up_to: str) -> None:
        self._postgres = postgres
        self._leader = leader
        self._up_to = up_to

    async def unpublished(self, limit: int) -> list[FlowEvent]:
        with told(self._postgres):
            rows = await self._leader.connection.fetch(_EVENTS, self._up_to, limit)
        return [
            FlowEvent(id, FlowEventType(type), timestamp, ProjectId(project_id), FlowId(flow_id), deleted)
            for id, type, timestamp, project_id, flow_id, deleted in rows
        ]

    async def sign(self) -> None:
        with told(self._postgres):
            await self._leader.sign()

    async def published(self, up_to: str) -> None:
        with told(self._postgres):
            await self._leader.connection.execute(_MOVE, _LOG, up_to)
        self._up_to = up_to


@asynccontextmanager
async def open_reign(postgres: Postgres) -> AsyncIterator[PostgresReign]:
    """Wait until this process is the one that publishes, and be it until the block ends. Raises Unavailable."""
    async with lead(postgres, "relay") as leader:
        with told(postgres):
            up_to = await leader.connection.fetchval(_UP_TO, _LOG)
        yield PostgresReign(postgres, leader, up_to)
