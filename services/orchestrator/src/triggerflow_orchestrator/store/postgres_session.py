"""The journal's one connection to PostgreSQL, and how to find out what a connection that died had committed.

A connection may die between the server's commit and our hearing of it. Guessing would write twice or lose; so before
anything else is written, the dead connection's backend is seen to be gone, which makes the outcome final, and then the
rows themselves say what is there. Rows rather than `pg_xact_status`: they are right on a promoted standby too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.postgres.address import Postgres
from triggerflow_chassis.postgres.connections import connect

from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.store.postgres_statement import Group

# The statement is prepared once for any number of rows, whatever the tables held on that day: always by the index.
_PLANNING: Final = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_SELF: Final = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
# By its start too: after a restart of the server its number may be another client's.
_END: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2"
_LOOK_SECONDS: Final = 0.02
_GONE_SECONDS: Final = 10.0

# What shows that a unit is there: a row that only this unit can have written, best kind first.
_EVIDENCE: Final[dict[Kind, tuple[str, tuple[int, ...]]]] = {
    Kind.EVENT: ("events WHERE execution_id = $1 AND id = $2", (0, 1)),
    # The number alone may be the next holder's.
    Kind.JOURNAL: ("journal WHERE execution_id = $1 AND seq = $2 AND epoch = $3 AND activation_id = $4", (0, 1, 2, 3)),
    Kind.EXECUTION: ("executions WHERE id = $1", (0,)),
    Kind.START: ("activation_starts WHERE activation_id = $1", (0,)),
    Kind.ATTEMPT: ("activation_attempts WHERE activation_id = $1 AND attempt = $2", (0, 1)),
    Kind.FAILURE_CALL: ("failure_calls WHERE execution_id = $1 AND kind = $2", (0, 1)),
    Kind.INTERVENTION_TAKEN: ("interventions_taken WHERE execution_id = $1 AND id = $2", (0, 1)),
    Kind.METRIC: (
        "activation_metrics WHERE execution_id = $1 AND activation_id = $2 AND sequence = $3",
        (0, 1, 2),
    ),
    Kind.OBJECT: ("objects WHERE ref = $1", (0,)),
    Kind.REQUEST: (
        "requests WHERE project_id = $1 AND request_id = $2 AND method = $3 AND fingerprint = $4"
        " AND response IS NOT DISTINCT FROM $5 AND error IS NOT DISTINCT FROM $6 AND created_at = $7",
        (0, 1, 2, 3, 4, 5, 6),
    ),
}


class Session:
    """One connection, known by its backend. Not shared."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record], pid: int, started: datetime) -> None:
        self._connection = connection
        self.pid = pid
        self.started = started

    @property
    def closed(self) -> bool:
        """Whether it is over, for all this side knows."""
        return self._connection.is_closed()

    @property
    def connection(self) -> asyncpg.Connection[asyncpg.Record]:
        """For who watches it."""
        return self._connection

    async def write(self, group: Group) -> Sequence[bool]:
        """Write a group in one transaction; for each unit whether its fence held."""
        passed: Sequence[bool] = await self._connection.fetchval(group.sql, *group.arguments)
        return passed

    async def is_written(self, unit: Unit) -> bool:
        """Whether the rows of a unit are there. False for one with none of its own: writing it again changes nothing.

        Final only where nobody can be writing it still: see `end`.
        """
        for kind, (place, columns) in _EVIDENCE.items():
            row = next((row for each, row in unit.rows if each is kind), None)
            if row is not None:
                values = [row[column] for column in columns]
                return bool(await self._connection.fetchval(f"SELECT EXISTS (SELECT FROM {place})", *values))
        return False

    async def end(self, other: Session) -> None:
        """See to it that the backend of a connection that died is gone. Raises Unavailable where it stays."""
        deadline = asyncio.get_running_loop().time() + _GONE_SECONDS
        while await self._connection.fetchval(_END, other.pid, other.started) is not None:
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable(f"Backend {other.pid} of PostgreSQL does not end. Look what it waits for.")
            await asyncio.sleep(_LOOK_SECONDS)

    def abandon(self) -> None:
        """Close at once, without a word to the server."""
        self._connection.terminate()

    async def close(self) -> None:
        """Close in order."""
        await self._connection.close(timeout=1.0)


async def open_session(postgres: Postgres) -> Session:
    """Connect. Raises what the driver does."""
    connection = await connect(postgres, **_PLANNING)
    try:
        row: Any = await connection.fetchrow(_SELF)
    except BaseException:
        connection.terminate()
        raise
    return Session(connection, row["pid"], row["backend_start"])
