"""`ports.Leases` over PostgreSQL: who runs what, by the database's clock.

Every call is statements that are transactions by themselves, so a process that is stopped in the middle holds no rows.
Locks are taken in one order, a worker's row before executions and those by rising id; whoever may pass over a locked
row does (`SKIP LOCKED`), and so no claim, reaper or journal waits for another in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import asyncpg
from triggerflow_chassis.postgres.address import Postgres
from triggerflow_chassis.postgres.faults import told

from triggerflow_orchestrator.domain.execution import PRIORITIES, ExecutionRecord
from triggerflow_orchestrator.domain.lease import GENERATION, Load, Queued, WorkerLoad
from triggerflow_orchestrator.store.postgres_records import record_of
from triggerflow_orchestrator.store.postgres_statement import NOW_US
from triggerflow_orchestrator.store.tables import QUEUED
from triggerflow_orchestrator.store.weighted_turns import WeightedTurns

# A kick that seems lost costs a message; more of them at once than workers can take only fill the queue.
_KICKED_AT_ONCE: Final = 500

_JOIN: Final = f"""\
INSERT INTO workers (id, name, started_at, lease_until, live, most, generation)
SELECT $1, $2, at, at + $3::int8, 0, $4, $5 FROM (SELECT {NOW_US} AS at) AS clock
ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until"""
_BEAT: Final = (
    f"UPDATE workers SET lease_until = {NOW_US} + $2::int8, live = $3, strays = $4 WHERE id = $1 RETURNING id"
)

# The worker's row is held against reapers until the claim is committed, and against nobody else.
_ME: Final = f"me AS (SELECT FROM workers WHERE id = $1 AND lease_until > {NOW_US} FOR KEY SHARE)"
_TAKE: Final = "UPDATE executions AS e SET owner = $1, epoch = e.epoch + 1 FROM free WHERE e.id = free.id RETURNING e.*"
_CLAIM: Final = f"""\
WITH {_ME}, free AS (
  SELECT id FROM executions
  WHERE id = ANY($2::text[]) AND {QUEUED} AND EXISTS (SELECT FROM me)
  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
) {_TAKE}"""
_CLAIM_WAITING: Final = f"""\
WITH {_ME}, free AS (
  SELECT found.id FROM unnest($2::int4[], $3::int8[]) AS share(priority, most), LATERAL (
    SELECT id FROM executions
    WHERE priority = share.priority AND {QUEUED}
      AND queued_at <= {NOW_US} - $4::int8 AND EXISTS (SELECT FROM me)
    ORDER BY created_at, id LIMIT share.most FOR NO KEY UPDATE SKIP LOCKED
  ) AS found
) {_TAKE}"""

_QUEUE: Final = f"""\
UPDATE executions AS e SET owner = NULL, epoch = e.epoch + 1, queued_at = {NOW_US}
FROM held WHERE e.id = held.id RETURNING e.id, e.priority"""
_OWNED: Final = "SELECT id FROM executions WHERE owner = $1 AND ended_at IS NULL"
_GIVE_BACK: Final = f"""\
WITH held AS (
  SELECT id FROM executions WHERE owner = $1 AND id = ANY($2::text[]) AND ended_at IS NULL
  ORDER BY id FOR NO KEY UPDATE
) {_QUEUE}"""
_END_LEASE: Final = "DELETE FROM workers WHERE id = $1"
_GIVE_ALL_BACK: Final = f"""\
WITH held AS (
  SELECT id FROM executions WHERE owner = $1 AND ended_at IS NULL ORDER BY id FOR NO KEY UPDATE
) {_QUEUE}"""
_END_LAPSED: Final = f"""\
DELETE FROM workers WHERE id IN (SELECT id FROM workers WHERE lease_until < {NOW_US} FOR UPDATE SKIP LOCKED)"""
# By the missing row, not by what the statement before deleted: a reaper that died between the two leaves nothing.
_QUEUE_ORPHANS: Final = f"""\
WITH held AS (
  SELECT e.id FROM executions AS e
  WHERE e.owner IS NOT NULL AND e.ended_at IS NULL AND NOT EXISTS (SELECT FROM workers AS w WHERE w.id = e.owner)
  ORDER BY e.id FOR NO KEY UPDATE OF e SKIP LOCKED
) {_QUEUE}"""
_FORGET_COMMANDS: Final = (
    "DELETE FROM commands AS c USING executions AS e WHERE e.id = c.execution_id AND e.ended_at IS NOT NULL"
)
_REQUEUE: Final = f"""\
WITH held AS (
  SELECT id FROM executions WHERE {QUEUED} AND queued_at < {NOW_US} - $1::int8
  ORDER BY queued_at LIMIT {_KICKED_AT_ONCE} FOR NO KEY UPDATE SKIP LOCKED
) UPDATE executions AS e SET queued_at = {NOW_US} FROM held WHERE e.id = held.id RETURNING e.id, e.priority"""

# A kick sent again moves `queued_at`; how long a run waits is told from when it was accepted, or lost its worker.
_QUEUED: Final = f"""\
SELECT priority, count(*) AS queued,
  {NOW_US} - min(CASE WHEN started_at IS NULL THEN created_at ELSE queued_at END) AS oldest
FROM executions WHERE {QUEUED} GROUP BY priority"""
_WORKERS: Final = f"SELECT *, lease_until - {NOW_US} AS left_us FROM workers ORDER BY name, id"


class PostgresLeases:
    """Leases of `lease_seconds` each."""

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        postgres: Postgres,
        *,
        lease_seconds: float,
        generation: int = GENERATION,
    ) -> None:
        self._pool = pool
        self._postgres = postgres
        self._lease_us = round(lease_seconds * 1_000_000)
        self._generation = generation
        self._turns = WeightedTurns()

    async def join(self, worker_id: str, name: str, most: int) -> None:
        with told(self._postgres):
            await self._pool.execute(_JOIN, worker_id, name, self._lease_us, most, self._generation)

    async def beat(self, worker_id: str, live: int, strays: int = 0) -> bool:
        with told(self._postgres):
            return await self._pool.fetchval(_BEAT, worker_id, self._lease_us, live, strays) is not None

    async def claim(self, worker_id: str, execution_ids: Sequence[str]) -> list[ExecutionRecord]:
        with told(self._postgres):
            rows = await self._pool.fetch(_CLAIM, worker_id, list(execution_ids))
        return _in_order(rows)

    async def claim_waiting(
        self, worker_id: str, limit: int, waited_seconds: float, weights: Mapping[int, int]
    ) -> list[ExecutionRecord]:
        waited = round(waited_seconds * 1_000_000)
        shares = self._turns.next(limit, weights)
        rows = await self._claim_shares(worker_id, shares, waited)
        # What one priority leaves goes to those that may have more, the highest first.
        filled = [
            priority
            for priority, most in sorted(shares.items())
            if most and sum(row["priority"] == priority for row in rows) == most
        ]
        for priority in filled or ():
            left = limit - len(rows)
            if left <= 0:
                break
            rows.extend(await self._claim_shares(worker_id, {priority: left}, waited))
        return _in_order(rows)

    async def owned(self, worker_id: str) -> list[str]:
        with told(self._postgres):
            return [row["id"] for row in await self._pool.fetch(_OWNED, worker_id)]

    async def give_back(self, worker_id: str, execution_ids: Sequence[str]) -> list[Queued]:
        with told(self._postgres):
            return _queued(await self._pool.fetch(_GIVE_BACK, worker_id, list(execution_ids)))

    async def leave(self, worker_id: str) -> list[Queued]:
        with told(self._postgres):
            await self._pool.execute(_END_LEASE, worker_id)
            return _queued(await self._pool.fetch(_GIVE_ALL_BACK, worker_id))

    async def reap(self) -> list[Queued]:
        with told(self._postgres):
            async with self._pool.acquire() as connection:
                await connection.execute(_END_LAPSED)
                queued = _queued(await connection.fetch(_QUEUE_ORPHANS))
                await connection.execute(_FORGET_COMMANDS)
        return queued

    async def requeue(self, waited_seconds: float) -> list[Queued]:
        with told(self._postgres):
            return _queued(await self._pool.fetch(_REQUEUE, round(waited_seconds * 1_000_000)))

    async def load(self) -> Load:
        with told(self._postgres):
            async with self._pool.acquire() as connection:
                queued = await connection.fetch(_QUEUED)
                workers = await connection.fetch(_WORKERS)
        return Load(
            queued=dict.fromkeys(PRIORITIES.values(), 0) | {row["priority"]: row["queued"] for row in queued},
            oldest_seconds=max((max(row["oldest"], 0) / 1_000_000 for row in queued), default=0.0),
            workers=tuple(_worker(row) for row in workers),
            strays=sum(row["strays"] for row in workers),
        )

    async def _claim_shares(self, worker_id: str, shares: Mapping[int, int], waited: int) -> list[asyncpg.Record]:
        wanted = {priority: most for priority, most in shares.items() if most > 0}
        if not wanted:
            return []
        with told(self._postgres):
            rows: list[asyncpg.Record] = await self._pool.fetch(
                _CLAIM_WAITING, worker_id, list(wanted), list(wanted.values()), waited
            )
        return rows


def _in_order(rows: Iterable[asyncpg.Record]) -> list[ExecutionRecord]:
    return sorted(map(record_of, rows), key=lambda record: (record.priority, record.created_at, record.id))


def _queued(rows: Iterable[Any]) -> list[Queued]:
    return [Queued(row["id"], row["priority"]) for row in rows]


def _worker(row: asyncpg.Record) -> WorkerLoad:
    return WorkerLoad(
        id=row["id"],
        name=row["name"],
        live=row["live"],
        most=row["most"],
        started_at=row["started_at"],
        lease_seconds=row["left_us"] / 1_000_000,
        strays=row["strays"],
    )
