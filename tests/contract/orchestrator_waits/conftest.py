"""A journal over each database, and the waits of that database as two processes see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from journal_units import FLOW, PROJECT, SampleRun
from journal_worlds import World, open_postgres_world, open_sqlite_world
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.ids import uuid7
from triggerflow_chassis.postgres.address import parse_postgres
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.store.database import Database, open_sqlite
from triggerflow_orchestrator.store.executions import SqlReads
from triggerflow_orchestrator.store.postgres import open_postgres
from triggerflow_orchestrator.store.waits import SqlWaits


@dataclass
class WaitWorld:
    """What a test does to runs and their waits."""

    journal: World
    database: Database
    waits: SqlWaits
    others: SqlWaits
    """The same of another process."""

    @property
    def reads(self) -> SqlReads:
        return SqlReads(self.database)

    async def write(self, unit: Unit) -> BaseException | None:
        return await self.journal.told.of(unit)

    async def run(self) -> SampleRun:
        """A run that was begun."""
        run = SampleRun()
        assert await self.write(run.insert()) is None
        assert await self.write(run.state()) is None
        return run

    async def begin(self, run: SampleRun, *, leave: bool = False, wake_at: int | None = None, **more: Any) -> str:
        """A wait of the run; its id. With `leave` the run leaves its process by the same unit."""
        unit = Unit(fence=run.fence)
        wait_id = uuid7()
        of = {"kind": "approval", "assignees": "", "name": None, "key": None, "due_at": None, **more}
        head = (wait_id, run.id, PROJECT, FLOW, "Flow", uuid7(), "node", "", of["kind"], "open", None)
        tail = (of["assignees"], "{}", of["name"], of["key"], False, now_us(), of["due_at"], False)
        unit.rows.append((Kind.WAIT, (*head, *tail)))
        if leave:
            unit.rows.append((Kind.PARK, (wake_at, run.id)))
        assert await self.write(unit) is None
        return wait_id

    async def park(self, run: SampleRun, wake_at: int | None = None) -> None:
        unit = Unit(fence=run.fence)
        unit.rows.append((Kind.PARK, (wake_at, run.id)))
        assert await self.write(unit) is None

    async def status(self, run: SampleRun) -> str:
        (row,) = await self.journal.rows(f"SELECT status FROM executions WHERE id = '{run.id}'")
        return str(row[0])


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WaitWorld]:
    if request.param == "sqlite":
        path = tmp_path / "orchestrator.sqlite3"
        async with open_sqlite_world(path) as journal, open_sqlite(path) as database, open_sqlite(path) as other:
            yield WaitWorld(journal, database, SqlWaits(database), SqlWaits(other))
    else:
        url = request.getfixturevalue("database_url")
        postgres = parse_postgres(url, "orchestrator", "test")
        async with (
            open_postgres_world(url) as journal,
            open_postgres(postgres) as database,
            open_postgres(postgres) as other,
        ):
            yield WaitWorld(journal, database, SqlWaits(database), SqlWaits(other))
