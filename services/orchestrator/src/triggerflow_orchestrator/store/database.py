"""The database as those who are not the journal see it: snapshots, and now and then a change. And SQLite as one."""

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

    def change(self, *, durable: bool = False) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction of a short statement or two: the journal may be waiting. Raises Unavailable.

        One that is not `durable` may be lost with the power, as a whole: for what is done again then.
        """


class SqliteDatabase:
    """`Database` over a file. Made by `open_sqlite`."""

    def __init__(self, readers: AsyncEngine, writer: AsyncEngine) -> None:
        self._readers = readers
        self._writer = writer

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._readers.connect() as connection:
                await connection.exec_driver_sql("BEGIN")
                yield connection
        except (DBAPIError, PoolTimeout) as error:
            raise Unavailable("The database cannot be read now. Try again.") from error

    @asynccontextmanager
    async def change(self, *, durable: bool = False) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._writer.connect() as connection:
                # Each time: the connection is the next one's too.
                await connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                await connection.exec_driver_sql("COMMIT")
        except (DBAPIError, PoolTimeout) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise Unavailable(f"The database does not take changes now: {cause}.") from error


@asynccontextmanager
async def open_sqlite(path: Path) -> AsyncIterator[SqliteDatabase]:
    """The migrated file at `path`; its connections are closed at the end."""
    readers = _engine(path, _READERS, "PRAGMA query_only=ON")
    # What is lost with the power is done again, unless it says `durable`: pruning need not wait for the disk, nor let
    # the journal wait for it.
    writer = _engine(path, 1, "PRAGMA synchronous=NORMAL")
    try:
        yield SqliteDatabase(readers, writer)
    finally:
        await readers.dispose()
        await writer.dispose()


def _engine(path: Path, connections: int, pragma: str) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.create_function("casefold", 1, _casefold, deterministic=True)
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        cursor.execute(pragma)
        cursor.close()

    return engine


def _casefold(text: str | None) -> str | None:
    # SQLite's own lower() knows ASCII only.
    return None if text is None else text.casefold()
