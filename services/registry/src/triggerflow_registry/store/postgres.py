"""Open a PostgreSQL schema as the registry's store: changes one after the other in all processes, views as snapshots.

An advisory lock of the transaction makes one queue of all writers, whatever process they are in: so the ids of events
rise in the order of commits, and a change sees all that was committed before it. PostgreSQL lets the lock go after
the commit can be seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from triggerflow_chassis.postgres.address import Postgres, advisory_key
from triggerflow_chassis.postgres.connections import open_engine
from triggerflow_chassis.postgres.faults import told
from triggerflow_chassis.postgres.schema import migrate

from triggerflow_registry.store.migrations import CHAIN
from triggerflow_registry.store.queries import SqlChange, SqlView
from triggerflow_registry.store.turns import Turns


class PostgresStore:
    """`ports.Store` over one schema. Made by `open_postgres`."""

    def __init__(self, postgres: Postgres, engine: AsyncEngine) -> None:
        self._postgres = postgres
        self._engine = engine
        self._readers = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._lock = text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=advisory_key(postgres.schema, "write"))
        # Whoever waits for the lock of others does so with one connection of ours, not with all.
        self._turns = Turns(postgres.lock_seconds)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlView]:
        with told(self._postgres):
            async with self._readers.connect() as connection:
                yield SqlView(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlChange]:
        async with self._turns.taken():
            with told(self._postgres):
                # Each statement sees what is committed by then, so those after the lock see all changes before it.
                async with self._engine.begin() as connection:
                    await connection.execute(self._lock)
                    change = SqlChange(connection)
                    yield change
            # Before the turn passes on, so that changes are announced in the order they were committed.
            change.announce()

    async def ready(self) -> None:
        with told(self._postgres):
            async with self._readers.connect() as connection:
                await connection.execute(text("SELECT id FROM flows LIMIT 1"))

    async def drained(self) -> None:
        """Return once the changes that began or wait have ended, or after a while."""
        await self._turns.drained()


@asynccontextmanager
async def open_postgres(postgres: Postgres) -> AsyncIterator[PostgresStore]:
    """The store in its schema, made or migrated first. Raises Unavailable where that cannot be."""
    await migrate(CHAIN, postgres)
    async with open_engine(postgres) as engine:
        store = PostgresStore(postgres, engine)
        try:
            yield store
        finally:
            # A change goes on after its caller is gone; it must not lose its connection.
            await store.drained()
