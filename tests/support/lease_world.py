"""Leases and commands over a real PostgreSQL, with what tests ask of the rows beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from journal_units import SampleRun
from journal_worlds import PostgresWorld
from triggerflow_chassis.ids import uuid7
from triggerflow_chassis.postgres.connections import open_pool
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.store.postgres_commands import PostgresCommands
from triggerflow_orchestrator.store.postgres_leases import PostgresLeases


class LeaseWorld:
    def __init__(self, mesh: PostgresWorld, pool: asyncpg.Pool[asyncpg.Record], lease_seconds: float) -> None:
        self.mesh = mesh
        self.leases = PostgresLeases(pool, mesh.postgres, lease_seconds=lease_seconds)
        self.commands = PostgresCommands(pool, mesh.postgres)

    async def worker(self, name: str = "worker", most: int = 100) -> str:
        """A worker that joined."""
        worker_id = uuid7()
        await self.leases.join(worker_id, name, most)
        return worker_id

    async def queued(self, *, priority: int = 1, age_seconds: float = 0) -> SampleRun:
        """A run that was accepted and queued that long ago."""
        run = SampleRun()
        unit = run.insert()
        kind, row = unit.rows[0]
        unit.rows[0] = (kind, (*row[:8], priority, *row[9:]))
        assert await self.mesh.told.of(unit) is None
        await self.age(run, age_seconds)
        return run

    async def age(self, run: SampleRun, seconds: float) -> None:
        us = round(seconds * 1_000_000)
        await self.mesh.look.execute(
            "UPDATE executions SET queued_at = queued_at - $2::int8, created_at = queued_at - $2::int8 WHERE id = $1",
            run.id,
            us,
        )

    async def lapse(self, worker_id: str) -> None:
        """Let the lease of a worker end now."""
        await self.mesh.look.execute("UPDATE workers SET lease_until = 1 WHERE id = $1", worker_id)

    async def end(self, run: SampleRun) -> None:
        await self.mesh.look.execute("UPDATE executions SET ended_at = 9, status = 'failed' WHERE id = $1", run.id)

    async def row(self, run: SampleRun) -> Any:
        return await self.mesh.look.fetchrow("SELECT * FROM executions WHERE id = $1", run.id)

    async def count(self, table: str) -> int:
        found: int = await self.mesh.look.fetchval(f"SELECT count(*) FROM {table}")
        return found

    def holder(self, record: ExecutionRecord) -> SampleRun:
        """The run as whoever claimed it sees it."""
        return SampleRun(epoch=record.epoch, id=record.id)

    def cancelling(self, record: ExecutionRecord) -> Unit:
        """What ends a run that was taken over."""
        unit = self.holder(record).state("cancelled", ended_at=9)
        unit.rows.append((Kind.CANCEL, (8, record.id)))
        return unit


@asynccontextmanager
async def open_lease_world(mesh: PostgresWorld, *, lease_seconds: float = 30) -> AsyncIterator[LeaseWorld]:
    async with open_pool(mesh.postgres, most=16) as pool:
        yield LeaseWorld(mesh, pool, lease_seconds)
