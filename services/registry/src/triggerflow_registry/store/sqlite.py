"""Open a SQLite file as the registry's store: WAL, synchronous=FULL, one writer, readers that wait for nobody."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.schema_chain import migrate_file

from triggerflow_registry.store.migrations import CHAIN
from triggerflow_registry.store.queries import SqlChange, SqlView
from triggerflow_registry.store.turns import Turns

log = structlog.get_logger("triggerflow.registry")

BUSY_MS = 5_000
_READERS = 4
# How long one try for the write lock blocks its thread, and the pause before the next.
_BLOCKING_MS = 50
_RETRY_SECONDS = 0.02
# Waiting for changes of this process is no fault of the file.
_LEAST_PATIENCE_MS = 5_000
_POOL_SECONDS = 10


class SqliteStore:
    """`ports.Store` over one file. Made by `open_sqlite`."""

    def __init__(self, path: Path, writer: AsyncEngine, readers: AsyncEngine, *, busy_ms: int) -> None:
        self._path = path
        self._busy = busy_ms / 1_000
        self._writer = writer
        self._readers = readers
        # SQLite would let writers of this process busy-wait for each other; a queue is fair and costs nothing.
        self._turns = Turns(max(busy_ms, _LEAST_PATIENCE_MS) / 1_000)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[SqlView]:
        with _told(self._path):
            async with self._readers.begin() as connection:
                yield SqlView(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[SqlChange]:
        async with self._turns.taken():
            with _told(self._path):
                async with self._begin() as connection:
                    change = SqlChange(connection)
                    yield change
            # Before the turn passes on, so that changes are announced in the order they were committed.
            change.announce()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncConnection]:
        # Waiting here and not in SQLite: a thread that sleeps in a lock cannot be called back when the process stops.
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._busy
        while True:
            async with AsyncExitStack() as stack:
                try:
                    connection = await stack.enter_async_context(self._writer.begin())
                except DBAPIError as error:
                    if not _is_locked(error) or loop.time() >= deadline:
                        raise
                else:
                    yield connection
                    return
            await asyncio.sleep(_RETRY_SECONDS)

    async def ready(self) -> None:
        with _told(self._path):
            async with self._readers.begin() as connection:
                await connection.execute(text("SELECT id FROM flows LIMIT 1"))

    async def drained(self) -> None:
        """Return once the changes that began or wait have ended, or after a while."""
        await self._turns.drained()


@asynccontextmanager
async def open_sqlite(path: Path, *, busy_ms: int = BUSY_MS) -> AsyncIterator[SqliteStore]:
    """The store in the file at `path`, made or migrated first. `busy_ms` bounds the wait for a foreign lock.

    Raises OSError where the file cannot be made, Unavailable where it cannot be migrated.
    """
    with _told(path):
        await asyncio.to_thread(migrate_file, CHAIN, path, busy_ms)
    writer = _engine(path, min(busy_ms, _BLOCKING_MS), size=1, begin="BEGIN IMMEDIATE")
    readers = _engine(path, busy_ms, size=_READERS, begin="BEGIN")
    store = SqliteStore(path, writer, readers, busy_ms=busy_ms)
    try:
        yield store
    finally:
        # A change goes on after its caller is gone; it must not lose its connection.
        await store.drained()
        await readers.dispose()
        await writer.dispose()


def _engine(path: Path, busy_ms: int, *, size: int, begin: str) -> AsyncEngine:
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}",
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver's own idea of when a transaction begins is too late for BEGIN IMMEDIATE.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={busy_ms}")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Make what the database refuses an Unavailable that says what to do."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("Too many readers at once. Try again.") from error
    except DBAPIError as error:
        cause = error.orig
        advice = _advice(cause if isinstance(cause, sqlite3.Error) else None, path)
        if advice is None:
            raise
        log.warning("store_unavailable", path=str(path), error=str(cause))
        raise Unavailable(advice) from error


def _is_locked(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _advice(error: sqlite3.Error | None, path: Path) -> str | None:
    # The low byte is the kind of error; the rest only says where.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"The flows are locked: another program holds {path.name}. Nothing was changed; try again."
        case sqlite3.SQLITE_FULL:
            return f"The disk is full, so {path.name} cannot grow. Nothing was changed; free some space and try again."
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN:
            return f"The disk of {path.name} fails. Nothing was changed; check the disk and try again."
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return f"{path.name} may not be written. Nothing was changed; make it writable and try again."
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return f"{path.name} is damaged or no database. Restore it from a backup."
        case _:
            return None
