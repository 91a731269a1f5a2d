"""Be the one of all replicas that does a thing, as long as one connection lives: an advisory lock is its session's.

A leader that says nothing through its connection for 15 s is out of office: one that stands still is in nobody's way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import structlog

from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.postgres.address import Postgres, advisory_key
from triggerflow_chassis.postgres.connections import connect
from triggerflow_chassis.postgres.faults import told

log = structlog.get_logger("triggerflow.postgres")

_TRY_SECONDS: Final = 1.0
# A leader whose machine is gone without a word is out of office after these, and not after hours.
_KEEPALIVES: Final = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "3", "tcp_keepalives_count": "3"}
# So is one that stands still, whose machine still answers for it.
_SILENCE: Final = {"idle_session_timeout": "15s", "idle_in_transaction_session_timeout": "15s"}


class Leader:
    """The office, held. What is written through `connection` is written by the leader or not at all."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self.connection = connection
        self._lost = asyncio.Event()
        connection.add_termination_listener(self._end)

    async def sign(self) -> None:
        """Show that it is still there. Not while the connection is used otherwise."""
        await self.connection.execute("SELECT 1")

    async def lost(self) -> None:
        """Return once the office is lost with the connection."""
        await self._lost.wait()

    def _end(self, _connection: Any) -> None:
        self._lost.set()


@asynccontextmanager
async def lead(postgres: Postgres, purpose: str) -> AsyncIterator[Leader]:
    """Wait until this process is the one, then be it until the block ends or the connection does; see `work`. Raises
    Unavailable while it waits."""
    key = advisory_key(postgres.schema, purpose)
    with told(postgres):
        connection = await connect(postgres, **_KEEPALIVES, **_SILENCE)
    try:
        with told(postgres):
            # Tried and not waited for: a wait would hold a statement, which has a limit.
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", key):  # noqa: ASYNC110
                await asyncio.sleep(_TRY_SECONDS)
        log.info("leads", schema=postgres.schema, purpose=purpose)
        yield Leader(connection)
    finally:
        # With its session ends its lock.
        connection.terminate()


async def work(leader: Leader, *tasks: Coroutine[Any, Any, None]) -> None:
    """Run coroutines as long as the office is held. Raises Unavailable once it is lost, or what one of them raises; the
    others are cancelled first."""

    async def until_lost() -> None:
        await leader.lost()
        raise Unavailable("The connection that holds the leader's lock was lost.")

    running = [asyncio.ensure_future(each) for each in (*tasks, until_lost())]
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
