"""Open a journal over each database, with a way to look at its rows and to make it refuse writes for a while."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from journal_units import Told
from triggerflow_chassis.postgres.address import Postgres, parse_postgres
from triggerflow_chassis.postgres.connections import connect, open_pool
from triggerflow_chassis.postgres.schema import migrate
from triggerflow_chassis.schema_chain import migrate_file
from triggerflow_orchestrator.app.units import Unit
from triggerflow_orchestrator.store.journal import SqliteJournal
from triggerflow_orchestrator.store.migrations import CHAIN
from triggerflow_orchestrator.store.objects import FileObjects
from triggerflow_orchestrator.store.postgres_journal import PostgresJournal


class Submits(Protocol):
    commits: int

    def submit(self, unit: Unit) -> None: ...


class World(Protocol):
    """A journal and its database."""

    journal: Submits
    told: Told

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query gives."""

    def refusing(self) -> AbstractAsyncContextManager[None]:
        """While the block lasts, the database takes no writes of executions."""


class SqliteWorld:
    def __init__(self, path: Path, journal: SqliteJournal) -> None:
        self._path = path
        self.journal = journal
        self.told = Told(journal.submit)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as connection:
            return connection.execute(sql).fetchall()

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")


class PostgresWorld:
    def __init__(self, postgres: Postgres, journal: PostgresJournal, look: asyncpg.Pool[Any]) -> None:
        self.postgres = postgres
        self.journal = journal
        self.look = look
        self.told = Told(journal.submit)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.look.fetch(sql)]

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        other = await connect(self.postgres)
        try:
            async with other.transaction():
                await other.execute("LOCK TABLE executions IN EXCLUSIVE MODE")
                yield
        finally:
            await other.close()


@asynccontextmanager
async def open_sqlite_world(path: Path) -> AsyncIterator[SqliteWorld]:
    migrate_file(CHAIN, path, 1_000)
    journal = SqliteJournal(path, FileObjects(path.parent / "objects"), asyncio.get_running_loop())
    await journal.open()
    try:
        yield SqliteWorld(path, journal)
    finally:
        await journal.close()


@asynccontextmanager
async def open_postgres_world(url: str) -> AsyncIterator[PostgresWorld]:
    # A short wait for locks, so that a test of them does not last.
    postgres = replace(parse_postgres(url, "orchestrator", "test"), lock_seconds=0.3)
    await migrate(CHAIN, postgres)
    journal = PostgresJournal(postgres)
    await journal.open()
    try:
        async with open_pool(postgres, most=8) as look:
            yield PostgresWorld(postgres, journal, look)
    finally:
        await journal.close()
