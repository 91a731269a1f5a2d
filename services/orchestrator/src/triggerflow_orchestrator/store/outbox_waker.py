"""Tell the relay that there is something in the outbox: NOTIFY, beside the journal's transactions and never in them.

Inside of one, the notification would hold a lock of the whole database while the commit is flushed, and so put the
commits of all workers in a row. A notification that is lost costs the relay its next look, no more.
"""

from __future__ import annotations

import asyncio
from typing import Final

import asyncpg
import structlog
from triggerflow_chassis.postgres.address import Postgres
from triggerflow_chassis.postgres.connections import connect
from triggerflow_chassis.postgres.faults import DRIVER_ERRORS

log = structlog.get_logger(__name__)

CHANNEL: Final = "triggerflow_outbox"
"""What the relay listens to. The payload is empty: it looks for itself."""

# One notification says all that was committed until it is sent. Nobody who watches sees ten milliseconds.
_APART_SECONDS: Final = 0.01
_REST_SECONDS: Final = 1.0


class OutboxWaker:
    """Sends at most a hundred notifications a second, on a connection of its own."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """Something was committed. Never blocks."""
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled."""
        connection: asyncpg.Connection[asyncpg.Record] | None = None
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                try:
                    if connection is None or connection.is_closed():
                        # Nothing is lost where it is not flushed.
                        connection = await connect(self._postgres, synchronous_commit="off")
                    await connection.execute(f"NOTIFY {CHANNEL}")
                except DRIVER_ERRORS as error:
                    log.debug("relay_not_woken", error=str(error))
                    if connection is not None:
                        connection.terminate()
                        connection = None
                    await asyncio.sleep(_REST_SECONDS)
                await asyncio.sleep(_APART_SECONDS)
        finally:
            if connection is not None:
                connection.terminate()
