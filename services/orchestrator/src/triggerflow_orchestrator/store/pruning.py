"""Delete what need not be kept, in steps so short that who writes hardly waits. Any SQL database.

After each step it rests four times as long as the step took: so it has the database for a fifth of the time at most,
and gets done all the same. Processes may prune beside each other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from triggerflow_chassis.ids import first_uuid7
from triggerflow_chassis.sql_text import delete_some

from triggerflow_orchestrator.ports import Objects
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.tables import (
    activation_attempts,
    activation_metrics,
    activation_starts,
    commands,
    events,
    execution_labels,
    executions,
    failure_calls,
    fires,
    firings,
    interventions,
    interventions_taken,
    journal,
    notices,
    objects,
    requests,
    seeds,
    waits,
)

_ROWS: Final = 500
_EXECUTIONS: Final = 10
_RESTS: Final = 4
# Nobody's: who forgets an execution first takes it out of its project, so that nobody sees half of it.
_NO_PROJECT: Final = ""
# What an execution may have any number of.
_LONG: Final = (events, journal, activation_starts, activation_attempts, activation_metrics)
_SHORT: Final = (
    execution_labels,
    objects,
    commands,
    fires,
    firings,
    seeds,
    failure_calls,
    waits,
    interventions,
    interventions_taken,
)
_UP_TO: Final = text(
    "INSERT INTO pruned (project_id, up_to) VALUES (:project_id, :up_to)"
    " ON CONFLICT (project_id) DO UPDATE SET up_to = excluded.up_to WHERE excluded.up_to > pruned.up_to"
)


class SqlPruning:
    """`ports.Pruning` over any migrated database.

    Where executions are `archived`, only those that are go, and their large values stay: their archives name them.
    """

    def __init__(self, database: Database, objects: Objects, *, archived: bool = False) -> None:
        self._database = database
        self._objects = objects
        self._archived = archived

    async def forget_answers(self, before_us: int) -> int:
        return await self._in_steps(requests.c.created_at, requests.c.created_at < before_us)

    async def forget_notices(self, before_us: int) -> int:
        count = 0
        while True:
            async with self._step() as connection:
                old = delete_some(connection.dialect.name, notices.c.id, notices.c.id < first_uuid7(before_us), _ROWS)
                gone = (await connection.execute(old.returning(notices.c.project_id, notices.c.id))).all()
                # With the deletion: a cursor from before it must never seem to have missed nothing.
                last: dict[str, str] = {}
                for row in gone:
                    last[row.project_id] = max(row.id, last.get(row.project_id, ""))
                for project_id, up_to in last.items():
                    await connection.execute(_UP_TO, {"project_id": project_id, "up_to": up_to})
            count += len(gone)
            if len(gone) < _ROWS:
                return count

    async def forget_executions(self, before_us: int) -> int:
        count, last = 0, ""
        while ids := await self._hide(before_us, last):
            last = ids[-1]
            if not self._archived:
                await self._forget_values(ids)
            for table in _LONG:
                await self._in_steps(table.c.execution_id, table.c.execution_id.in_(ids))
            async with self._step() as connection:
                for table in _SHORT:
                    await connection.execute(delete(table).where(table.c.execution_id.in_(ids)))
                gone = await connection.execute(delete(executions).where(executions.c.id.in_(ids)))
            count += gone.rowcount
        return count

    async def _hide(self, before_us: int, after: str) -> list[str]:
        # By id, which no execution has before it is made: so no index of ends is needed, which each run would pay.
        # Above the last, so that those gone since are not walked over again each time.
        made = (executions.c.id > after, executions.c.id < first_uuid7(before_us))
        old = (
            select(executions.c.id)
            .where(*made, executions.c.ended_at < before_us)
            .order_by(executions.c.id)
            .limit(_EXECUTIONS)
            .with_for_update(skip_locked=True)
        )
        if self._archived:
            old = old.where(executions.c.archived_at.is_not(None))
        async with self._step() as connection:
            ids = [row.id for row in await connection.execute(old)]
            if ids:
                hidden = update(executions).where(executions.c.id.in_(ids)).values(project_id=_NO_PROJECT)
                await connection.execute(hidden)
            return ids

    async def _forget_values(self, ids: Sequence[str]) -> None:
        # Before their rows: a value that nothing names would stay for ever.
        async with self._database.snapshot() as connection:
            keys = await connection.execute(select(objects.c.key).where(objects.c.execution_id.in_(ids)))
            found = [row.key for row in keys]
        for key in found:
            await self._objects.remove(key)

    async def _in_steps(self, by: Column[Any], old: ColumnElement[bool]) -> int:
        count = 0
        while True:
            async with self._step() as connection:
                gone = (await connection.execute(delete_some(connection.dialect.name, by, old, _ROWS))).rowcount
            count += gone
            if gone < _ROWS:
                return count

    @asynccontextmanager
    async def _step(self) -> AsyncIterator[AsyncConnection]:
        began = time.monotonic()
        async with self._database.change() as connection:
            yield connection
        await asyncio.sleep((time.monotonic() - began) * _RESTS)
