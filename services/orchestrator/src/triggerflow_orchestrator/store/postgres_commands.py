"""`ports.Commands` over PostgreSQL: what those without a lease ask of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import asyncpg
from triggerflow_chassis.ids import uuid7
from triggerflow_chassis.postgres.address import Postgres
from triggerflow_chassis.postgres.faults import told

from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.lease import Asked, AskedOfOwner, Command, Ended, NotThere, RequestTaken, TakenOver
from triggerflow_orchestrator.ports import RequestRow
from triggerflow_orchestrator.store.postgres_records import record_of
from triggerflow_orchestrator.store.postgres_statement import NOW_US

# The one transaction that is open between two statements: a process stopped just there must not hold a run for long.
_BOUND: Final = "SET LOCAL idle_in_transaction_session_timeout = '2s'"
_LOCK: Final = "SELECT * FROM executions WHERE project_id = $1 AND id = $2 FOR NO KEY UPDATE"
_IS_LIVE: Final = f"SELECT EXISTS (SELECT FROM workers WHERE id = $1 AND lease_until > {NOW_US})"
_COLUMNS: Final = "c.id, e.project_id, c.execution_id, c.kind, c.principal, c.body, c.created_at"
_OF: Final = f"SELECT {_COLUMNS} FROM commands AS c JOIN executions AS e ON e.id = c.execution_id"
_ASKED_BEFORE: Final = f"{_OF} WHERE c.execution_id = $1 AND c.kind = 'cancel' ORDER BY c.id LIMIT 1"
_ASK: Final = f"""\
INSERT INTO commands (id, execution_id, kind, principal, body, created_at)
VALUES ($1, $2, 'cancel', $3, '{{}}', {NOW_US})"""
_MARK: Final = f"""\
UPDATE executions SET cancel_requested_at = coalesce(cancel_requested_at, {NOW_US}) WHERE id = $1 RETURNING *"""
_ANSWER: Final = f"""\
INSERT INTO requests ({", ".join(RequestRow._fields)}) VALUES ($1, $2, $3, $4, $5, $6, $7)"""
_TAKE_OVER: Final = f"""\
UPDATE executions SET owner = NULL, epoch = epoch + 1, queued_at = {NOW_US} WHERE id = $1 RETURNING *"""
_OF_WORKER: Final = f"{_OF} WHERE e.owner = $1 AND e.ended_at IS NULL ORDER BY c.id"
_ORPHANED: Final = f"""\
{_OF} WHERE e.ended_at IS NULL
  AND NOT EXISTS (SELECT FROM workers AS w WHERE w.id = e.owner AND w.lease_until > {NOW_US}) ORDER BY c.id"""
_DONE: Final = "DELETE FROM commands WHERE id = ANY($1::text[])"


class PostgresCommands:
    """Commands, and taking over runs that nobody holds."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], postgres: Postgres) -> None:
        self._pool = pool
        self._postgres = postgres

    async def ask_cancel(
        self,
        project_id: str,
        execution_id: str,
        principal: str,
        answer: Callable[[ExecutionRecord], RequestRow] | None,
    ) -> Asked:
        with told(self._postgres):
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(_BOUND)
                row = await connection.fetchrow(_LOCK, project_id, execution_id)
                if row is None:
                    return NotThere()
                if row["ended_at"] is not None:
                    return Ended(record_of(row))
                owner = row["owner"]
                if owner is not None and await connection.fetchval(_IS_LIVE, owner):
                    return await _ask(connection, execution_id, principal, answer)
                taken: Any = await connection.fetchrow(_TAKE_OVER, execution_id)
                return TakenOver(record_of(taken))

    async def of_worker(self, worker_id: str) -> list[Command]:
        with told(self._postgres):
            return _commands(await self._pool.fetch(_OF_WORKER, worker_id))

    async def orphaned(self) -> list[Command]:
        with told(self._postgres):
            return _commands(await self._pool.fetch(_ORPHANED))

    async def done(self, command_ids: Sequence[str]) -> None:
        with told(self._postgres):
            await self._pool.execute(_DONE, list(command_ids))


async def _ask(
    connection: Any, execution_id: str, principal: str, answer: Callable[[ExecutionRecord], RequestRow] | None
) -> AskedOfOwner:
    before = await connection.fetchrow(_ASKED_BEFORE, execution_id)
    if before is None:
        await connection.execute(_ASK, uuid7(), execution_id, principal)
        before = await connection.fetchrow(_ASKED_BEFORE, execution_id)
    record = record_of(await connection.fetchrow(_MARK, execution_id))
    if answer is not None:
        row = answer(record)
        try:
            await connection.execute(_ANSWER, *row)
        except asyncpg.UniqueViolationError as error:
            raise RequestTaken(row.request_id) from error
    return AskedOfOwner(record, record.owner or "", _command(before))


def _commands(rows: Iterable[asyncpg.Record]) -> list[Command]:
    return [_command(row) for row in rows]


def _command(row: asyncpg.Record) -> Command:
    return Command(
        id=row["id"],
        project_id=row["project_id"],
        execution_id=row["execution_id"],
        kind=row["kind"],
        principal=row["principal"],
        body_json=row["body"],
        created_at=row["created_at"],
    )
