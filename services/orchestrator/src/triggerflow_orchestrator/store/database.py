"""The database as those who read it see it: snapshots. And SQLite as one: a few connections that cannot write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import URL, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from triggerflow_chassis.errors import Unavailable

_READERS: Final = 4
_BUSY_MS: Final = 5_000
_POOL_SECONDS: Final = 10.0


class Database(Protocol):
    """What the modules that read need of a migrated database, SQLite or PostgreSQL."""

    def snapshot(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection that cannot write and sees one state of the database throughout. Raises Unavailable."""


class SqliteDatabase:
    """`Database` over a file. Made by `open_sqlite`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                await connection.exec_driver_sql("BEGIN")
                yield connection
        except (DBAPIError, PoolTimeout) as error:
            raise Unavailable("The database cannot be read now. Try again.") from error


@asynccontextmanager
async def open_sqlite(path: Path) -> AsyncIterator[SqliteDatabase]:
    """The migrated file at `path`; its connections are closed at the end."""
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
        yield SqliteDatabase(engine)
    finally:
        await engine.dispose()


def _casefold(text: str | None) -> str | None:
    # SQLite's own lower() knows ASCII only.
    return None if text is None else text.casefold()
