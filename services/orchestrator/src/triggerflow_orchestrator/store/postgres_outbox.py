"""The outbox in PostgreSQL, and the one process that empties it.

What gives ids is written through the connection that holds the leader's lock, so two can never give them beside each
other. What forgets published rows has a connection of its own: forgetting is right whoever does it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import orjson
from sqlalchemy import exists, func, select, text
from triggerflow_chassis.ids import next_uuid7
from triggerflow_chassis.postgres.address import Postgres
from triggerflow_chassis.postgres.connections import connect
from triggerflow_chassis.postgres.faults import told
from triggerflow_chassis.postgres.leader import Leader, lead, work

from triggerflow_orchestrator.app.follow_flows import FLOW_EVENTS_FOLLOWED
from triggerflow_orchestrator.app.relay_ports import OutboxEvent, Unnoticed, Unpublished
from triggerflow_orchestrator.domain.execution import FlowEvent, ProjectNotice
from triggerflow_orchestrator.store import read_history
from triggerflow_orchestrator.store.outbox_waker import CHANNEL
from triggerflow_orchestrator.store.postgres import PostgresDatabase
from triggerflow_orchestrator.store.tables import outbox

_PURPOSE: Final = "relay"
_NOTICES_PUBLISHED: Final = "notices"

_UNNOTICED: Final = (
    "SELECT position, project_id, flow_id, execution_id, notices FROM outbox WHERE NOT noticed"
    " ORDER BY position LIMIT $1"
)
_NEWEST: Final = "SELECT greatest((SELECT max(id) FROM notices), (SELECT max(up_to) FROM pruned))"
_INSERT: Final = (
    "INSERT INTO notices (id, project_id, type, timestamp, flow_id, execution_id)"
    " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::text[], $6::text[])"
)
# First the update, which waits for whoever is forgetting the row's events; then what is left of a row without any.
_NOTICED: Final = "UPDATE outbox SET noticed = true WHERE position = ANY($1::int8[])"
_EMPTY: Final = "DELETE FROM outbox WHERE position = ANY($1::int8[]) AND first_id IS NULL"
_FOLLOWED: Final = "SELECT position FROM followed WHERE name = $1"
_FOLLOW: Final = "UPDATE followed SET position = $2 WHERE name = $1 AND position < $2"
_EVENTS: Final = (
    "SELECT o.position, o.execution_id, o.project_id, o.flow_id, e.id, e.sequence, e.body"
    " FROM (SELECT position, execution_id, project_id, flow_id, first_id, last_id FROM outbox"
    " WHERE first_id IS NOT NULL ORDER BY position LIMIT $1) AS o"
    " LEFT JOIN events AS e ON e.execution_id = o.execution_id AND e.id BETWEEN o.first_id AND o.last_id"
    " ORDER BY o.position, e.id"
)
_NOTICES: Final = (
    "SELECT id, type, timestamp, project_id, flow_id, execution_id FROM notices WHERE id > $1 ORDER BY id LIMIT $2"
)
_KEEP: Final = "UPDATE outbox SET first_id = NULL, last_id = NULL WHERE position = ANY($1::int8[]) AND NOT noticed"
_FORGET: Final = "DELETE FROM outbox WHERE position = ANY($1::int8[]) AND noticed"


class PostgresOutbox:
    """`app.relay_ports.Outbox`."""

    def __init__(self, postgres: Postgres, database: PostgresDatabase) -> None:
        self._postgres = postgres
        self._database = database

    @asynccontextmanager
    async def reign(self) -> AsyncIterator[PostgresReign]:
        async with lead(self._postgres, _PURPOSE) as leader:
            with told(self._postgres):
                # What is forgotten is published once more where that gets lost.
                publishing = await connect(self._postgres, synchronous_commit="off")
            try:
                reign = PostgresReign(self._postgres, leader, publishing)
                await reign.open()
                yield reign
            finally:
                publishing.terminate()

    async def followed_to(self) -> str:
        async with self._database.snapshot() as connection:
            return await read_history.followed_to(connection, FLOW_EVENTS_FOLLOWED)

    async def last_unnoticed(self) -> int:
        query = select(func.coalesce(func.max(outbox.c.position), 0)).where(~outbox.c.noticed)
        async with self._database.snapshot() as connection:
            position: int = (await connection.execute(query)).scalar_one()
            return position

    async def has_unnoticed(self, up_to: int) -> bool:
        query = select(exists().where(~outbox.c.noticed, outbox.c.position <= up_to))
        async with self._database.snapshot() as connection:
            return bool((await connection.execute(query)).scalar_one())

    async def wake(self) -> None:
        async with self._database.change() as connection:
            await connection.execute(text(f"NOTIFY {CHANNEL}"))


class PostgresReign:
    """`app.relay_ports.Reign`. Made by `PostgresOutbox.reign`."""

    def __init__(self, postgres: Postgres, leader: Leader, publishing: asyncpg.Connection[asyncpg.Record]) -> None:
        self._postgres = postgres
        self._leader = leader
        self._publishing = publishing
        self._callbacks: list[Callable[[], None]] = []
        self._last_notice: str | None = None
        self._published_to = ""

    async def open(self) -> None:
        """Begin where the one before ended."""
        connection = self._leader.connection
        with told(self._postgres):
            self._last_notice = await connection.fetchval(_NEWEST)
            self._published_to = await connection.fetchval(_FOLLOWED, _NOTICES_PUBLISHED)
            await connection.add_listener(CHANNEL, self._wake)

    async def work(self, *tasks: Coroutine[Any, Any, None]) -> None:
        await work(self._leader, *tasks)

    def on_wake(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._callbacks.append(callback)

        def end() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return end

    async def followed_to(self) -> str:
        with told(self._postgres):
            position: str = await self._leader.connection.fetchval(_FOLLOWED, FLOW_EVENTS_FOLLOWED)
            return position

    async def unnoticed(self, limit: int) -> list[Unnoticed]:
        with told(self._postgres):
            rows = await self._leader.connection.fetch(_UNNOTICED, limit)
        return [
            Unnoticed(position, project_id, flow_id, execution_id, tuple(map(tuple, orjson.loads(notices))))
            for position, project_id, flow_id, execution_id, notices in rows
        ]

    async def notice(self, events: Sequence[FlowEvent], rows: Sequence[Unnoticed]) -> list[ProjectNotice]:
        last = self._last_notice
        notices: list[ProjectNotice] = []

        def add(type: Any, timestamp: int, project_id: str, flow_id: str, execution_id: str | None) -> None:
            nonlocal last
            last = next_uuid7(last)
            notices.append(ProjectNotice(last, type, timestamp, project_id, flow_id, execution_id))

        for event in events:
            add(event.type, event.timestamp, event.project_id, event.flow_id, None)
        for row in rows:
            for type, timestamp in row.notices:
                add(type, timestamp, row.project_id, row.flow_id, row.execution_id)
        columns = zip(
            *((n.id, n.project_id, n.type, n.timestamp, n.flow_id, n.execution_id or "") for n in notices), strict=True
        )
        positions = [row.position for row in rows]
        connection = self._leader.connection
        with told(self._postgres):
            async with connection.transaction():
                await connection.execute(_INSERT, *columns)
                if rows:
                    await connection.execute(_NOTICED, positions)
                    await connection.execute(_EMPTY, positions)
                if events:
                    await connection.execute(_FOLLOW, FLOW_EVENTS_FOLLOWED, events[-1].id)
        self._last_notice = last
        return notices

    async def unpublished(self, limit: int) -> Unpublished:
        with told(self._postgres):
            found = await self._publishing.fetch(_EVENTS, limit)
            notices = await self._publishing.fetch(_NOTICES, self._published_to, limit)
        return Unpublished(
            positions=tuple(dict.fromkeys(row[0] for row in found)),
            # An event may be gone: retention took it while no broker answered.
            events=tuple(OutboxEvent(*row[1:]) for row in found if row[4] is not None),
            notices=tuple(
                ProjectNotice(id, type, timestamp, project_id, flow_id, execution_id or None)
                for id, type, timestamp, project_id, flow_id, execution_id in notices
            ),
        )

    async def published(self, done: Unpublished) -> None:
        with told(self._postgres):
            if done.positions:
                await self._publishing.execute(_KEEP, done.positions)
                await self._publishing.execute(_FORGET, done.positions)
            if done.notices:
                await self._publishing.execute(_FOLLOW, _NOTICES_PUBLISHED, done.notices[-1].id)
                self._published_to = done.notices[-1].id

    def _wake(self, *_: object) -> None:
        for callback in tuple(self._callbacks):
            callback()
