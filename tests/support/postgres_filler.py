"""Write rows to PostgreSQL from tests that are not async themselves: a loop of its own, on a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from triggerflow_chassis.postgres.address import Postgres
from triggerflow_chassis.postgres.connections import open_engine


class Filler:
    """Executes statements, each committed when the call returns."""

    def __init__(self, engine: AsyncEngine, loop: asyncio.AbstractEventLoop) -> None:
        self._engine = engine
        self._loop = loop

    def execute(self, statement: Any, rows: Any = None) -> Any:
        """Execute and commit; the rows it returned."""
        return asyncio.run_coroutine_threadsafe(self._execute(statement, rows), self._loop).result(30)

    async def _execute(self, statement: Any, rows: Any) -> Any:
        async with self._engine.begin() as connection:
            result = await connection.execute(statement, rows)
            return result.fetchall() if result.returns_rows else None


@contextmanager
def open_filler(postgres: Postgres) -> Iterator[Filler]:
    """A filler of a migrated schema."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    opened = open_engine(postgres, pooled=False)
    try:
        engine = asyncio.run_coroutine_threadsafe(opened.__aenter__(), loop).result(30)
        yield Filler(engine, loop)
        asyncio.run_coroutine_threadsafe(opened.__aexit__(None, None, None), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
