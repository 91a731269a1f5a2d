"""The orchestrator's schema of a PostgreSQL database: migrated when it is opened, and read in snapshots."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from triggerflow_chassis.postgres.address import Postgres
from triggerflow_chassis.postgres.connections import open_engine
from triggerflow_chassis.postgres.faults import told
from triggerflow_chassis.postgres.schema import migrate

from triggerflow_orchestrator.store.migrations import CHAIN

_SYNCHRONOUS_OFF = text("SET LOCAL synchronous_commit TO OFF")


class PostgresDatabase:
    """`store.database.Database` over PostgreSQL. Made by `open_postgres`."""

    def __init__(self, postgres: Postgres, engine: AsyncEngine) -> None:
        self._postgres = postgres
        self._engine = engine
        # A snapshot without locks, which PostgreSQL need not number as a transaction of its own.
        self._readers = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        with told(self._postgres):
            async with self._readers.connect() as connection:
                yield connection

    @asynccontextmanager
    async def change(self, *, durable: bool = False) -> AsyncIterator[AsyncConnection]:
        with told(self._postgres):
            async with self._engine.begin() as connection:
                if not durable:
                    # What is lost with the power is done again, so nobody need wait for the disk.
                    await connection.execute(_SYNCHRONOUS_OFF)
                yield connection


@asynccontextmanager
async def open_postgres(postgres: Postgres) -> AsyncIterator[PostgresDatabase]:
    """The database, its tables made or upgraded first. Connections are closed at the end. Raises Unavailable."""
    await migrate(CHAIN, postgres)
    async with open_engine(postgres) as engine:
        yield PostgresDatabase(postgres, engine)
