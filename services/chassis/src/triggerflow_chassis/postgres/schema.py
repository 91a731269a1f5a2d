"""Bring a service's PostgreSQL schema to its newest tables: once, however many replicas start at the same time."""

from __future__ import annotations

from typing import Final

import asyncpg
import structlog
from sqlalchemy import Connection

from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.postgres.address import SETTING, Postgres, advisory_key
from triggerflow_chassis.postgres.connections import connect, open_engine
from triggerflow_chassis.postgres.faults import told
from triggerflow_chassis.schema_chain import VERSION_TABLE, SchemaChain, upgrade

log = structlog.get_logger("triggerflow.postgres")

# casefold() and the collation pg_unicode_fast, by which texts are searched without case, are of this version.
LEAST_VERSION: Final = 18
# A table is locked for a moment only: who waits longer than this for somebody's transaction would stop all others.
_LOCK_TIMEOUT: Final = "10s"


async def migrate(chain: SchemaChain, postgres: Postgres) -> None:
    """Make or upgrade the schema. Raises Unavailable; the schema is then as it was, and trying again is safe."""
    with told(postgres):
        # No limit: whoever comes second waits as long as the first takes.
        connection = await connect(postgres, statement_timeout="0", lock_timeout="0")
        try:
            await _check(connection, postgres)
            if await _serves(chain, connection, postgres):
                return
            await connection.execute("SELECT pg_advisory_lock($1)", advisory_key(postgres.schema, "migrate"))
            await _make_schema(connection, postgres)
            await _upgrade(chain, postgres)
        finally:
            # With its session ends its lock.
            await connection.close()


async def _check(connection: asyncpg.Connection[asyncpg.Record], postgres: Postgres) -> None:
    version = connection.get_server_version()
    if version.major < LEAST_VERSION:
        raise Unavailable(
            f"PostgreSQL at {postgres.place} is {version.major}.{version.minor}; {LEAST_VERSION} or newer is needed."
            f" Let {SETTING} name another server."
        )
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise Unavailable(
            f"The database at {postgres.place} is encoded in {encoding}; only UTF8 holds every text."
            f" Let {SETTING} name another database."
        )


async def _serves(chain: SchemaChain, connection: asyncpg.Connection[asyncpg.Record], postgres: Postgres) -> bool:
    table = f'"{postgres.schema}".{VERSION_TABLE}'
    if await connection.fetchval("SELECT to_regclass($1) IS NULL", table):
        return False
    found = await connection.fetch(f"SELECT version_num, works_with FROM {table}")
    return chain.serves([tuple(row) for row in found])


async def _make_schema(connection: asyncpg.Connection[asyncpg.Record], postgres: Postgres) -> None:
    # Asked first: IF NOT EXISTS wants the right to create even where there is nothing to create.
    if not await connection.fetchval("SELECT 1 FROM pg_namespace WHERE nspname = $1", postgres.schema):
        await connection.execute(f'CREATE SCHEMA "{postgres.schema}"')


async def _upgrade(chain: SchemaChain, postgres: Postgres) -> None:
    def run(connection: Connection) -> bool:
        return upgrade(chain, connection, f"The schema {postgres.schema} of {postgres.place}", "another database")

    async with (
        open_engine(postgres, pooled=False, statement_timeout="0", lock_timeout=_LOCK_TIMEOUT) as engine,
        engine.begin() as connection,
    ):
        changed = await connection.run_sync(run)
    if changed:
        log.info("schema_migrated", schema=postgres.schema, revision=chain.head)
