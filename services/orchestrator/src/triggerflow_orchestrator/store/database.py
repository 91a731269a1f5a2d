"""Open the database for reading: a small pool of connections that cannot write, each read a snapshot of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from triggerflow_chassis.errors import Unavailable

_READERS: Final = 4
_BUSY_MS: Final = 5_000
_POOL_SECONDS: Final = 10.0


@asynccontextmanager
async def open_reader(path: Path) -> AsyncIterator[AsyncEngine]:
    """Yield an engine over the migrated database at `path`; close its connections at the end."""
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        pool_size=_READERS,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.create_function("casefold", 1, _casefold, deterministic=True)
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Yield a connection that sees one state of the database throughout. Raises Unavailable."""
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql("BEGIN")
            yield connection
    except (DBAPIError, PoolTimeout) as error:
        raise Unavailable("The database cannot be read now. Try again.") from error


def _casefold(text: str | None) -> str | None:
    # SQLite's own lower() knows ASCII only.
    return None if text is None else text.casefold()
