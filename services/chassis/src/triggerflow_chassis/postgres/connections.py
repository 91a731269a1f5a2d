"""Open connections to PostgreSQL, all alike: the service's schema first, bounded waits, a name for the operator.

A connection that broke while it lay in the pool is replaced when it is asked for, so a restarted server is found
again without anybody's help. Whoever uses one runs it inside `faults.told`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from triggerflow_chassis.lifecycle import open_task
from triggerflow_chassis.postgres.address import Postgres
from triggerflow_chassis.postgres.pulse import Pulse

# Past the server's own limit: who hears nothing by then talks to a server that is gone without a word.
_GRACE_SECONDS = 5.0
_IDLE_IN_TRANSACTION_SECONDS = 60
# A connection is given up after so long even where it works, so that those of a lost network do not live for ever.
_RECYCLE_SECONDS = 600


async def connect(postgres: Postgres, **settings: str) -> asyncpg.Connection[asyncpg.Record]:
    """One connection of one's own, to be closed by the caller. `settings` are the server's, in place of ours."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(**_arguments(postgres, settings))
    return connection


@asynccontextmanager
async def open_engine(postgres: Postgres, *, pooled: bool = True, **settings: str) -> AsyncIterator[AsyncEngine]:
    """An SQLAlchemy engine; its connections are closed at the end. Connects when it is first used.

    Where it is pooled, a server that hangs is noticed.
    """
    pulse = Pulse(postgres)

    async def make() -> Any:
        pulse.raise_where_it_hangs()
        return await connect(postgres, **settings)

    pool: dict[str, Any] = (
        {
            "pool_size": postgres.pool,
            "max_overflow": 0,
            "pool_timeout": postgres.pool_seconds,
            "pool_recycle": _RECYCLE_SECONDS,
            "pool_use_lifo": True,
        }
        if pooled
        else {"poolclass": NullPool}
    )
    engine = create_async_engine("postgresql+asyncpg://", async_creator=make, **pool)

    @event.listens_for(engine.sync_engine, "checkout")
    def refuse_broken(connection: Any, record: Any, _proxy: Any) -> None:
        # Free, where a ping costs a round trip each time: the driver knows that the other end hung up.
        if connection.driver_connection.is_closed() or pulse.hangs:
            raise DisconnectionError
        if pooled:
            pulse.began(record, connection.driver_connection)

    @event.listens_for(engine.sync_engine, "checkin")
    def note_return(_connection: Any, record: Any) -> None:
        pulse.ended(record)

    try:
        # Others, such as migrations, may take as long as they like.
        async with open_task("postgres-pulse", pulse.run) if pooled else nullcontext():
            yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def open_pool(postgres: Postgres, *, most: int) -> AsyncIterator[asyncpg.Pool[asyncpg.Record]]:
    """A pool of plain asyncpg connections, for who counts microseconds. Connects when one is first asked for.

    Broken connections are replaced when they are asked for. At the end it waits for those in use.
    """
    pool: asyncpg.Pool[asyncpg.Record] = asyncpg.create_pool(
        **_arguments(postgres, {}), min_size=0, max_size=most, max_inactive_connection_lifetime=0
    )
    async with pool:
        yield pool


def _arguments(postgres: Postgres, settings: dict[str, str]) -> dict[str, Any]:
    limits = {
        "application_name": postgres.application,
        "search_path": postgres.schema,
        "statement_timeout": str(round(postgres.statement_seconds * 1_000)),
        "lock_timeout": str(round(postgres.lock_seconds * 1_000)),
        "idle_in_transaction_session_timeout": f"{_IDLE_IN_TRANSACTION_SECONDS}s",
        # Compiling our short queries costs more than it saves.
        "jit": "off",
    }
    unbounded = settings.get("statement_timeout") == "0"
    return {
        "dsn": postgres.url.reveal(),
        "timeout": postgres.connect_seconds,
        "command_timeout": None if unbounded else postgres.statement_seconds + _GRACE_SECONDS,
        "server_settings": limits | settings,
    }
