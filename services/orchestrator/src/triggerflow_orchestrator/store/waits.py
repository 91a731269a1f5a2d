"""`ports.Waits` over any migrated database: what waits, who settles it, and which runs go on.

A wait is settled by one statement that changes it only while it is open, so the database lets one of any number of
answers win. Rows are locked in the order of their ids, and passed over where somebody else fires the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, func, literal_column, or_, select, text, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from triggerflow_chassis.clock import now_us, rfc3339
from triggerflow_chassis.sql_text import has_part

from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.lease import RequestTaken
from triggerflow_orchestrator.domain.wait import CLOCK, WaitRecord
from triggerflow_orchestrator.ports import (
    Decided,
    Firing,
    LargeValueRow,
    Position,
    RequestRow,
    WaitAnswer,
    WaitFilter,
)
from triggerflow_orchestrator.store import read_executions
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.postgres_statement import NOW_US
from triggerflow_orchestrator.store.read_waits import record
from triggerflow_orchestrator.store.tables import (
    DUE_ONCE,
    OPEN,
    OPEN_FOR_EVENT,
    PARKED,
    executions,
    objects,
    requests,
    waits,
)

_W: Final = waits.c
_E: Final = executions.c
_AT_ONCE: Final = 1_000
_TO_APPLY: Final = text("waits.status <> 'open' AND NOT waits.applied")


class SqlWaits:
    """The waits of a database. The clock is the database's; SQLite's is this machine's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Reading.

    async def one(self, project_id: str, wait_id: str) -> WaitRecord | None:
        async with self._database.snapshot() as connection:
            found = await connection.execute(select(waits).where(_W.id == wait_id, _W.project_id == project_id))
            row = found.first()
        return None if row is None else record(row)

    async def page(self, project_id: str, where: WaitFilter, after: Position | None, limit: int) -> list[WaitRecord]:
        query = select(waits).where(_W.project_id == project_id, *_conditions(where))
        if after is not None:
            query = query.where(tuple_(_W.created_at, _W.id) < tuple_(after.at_us, after.id))
        query = query.order_by(_W.created_at.desc(), _W.id.desc()).limit(limit)
        async with self._database.snapshot() as connection:
            return [record(row) for row in await connection.execute(query)]

    async def to_apply(self, owner: str | None) -> list[WaitRecord]:
        whose = _E.owner == owner if owner is not None else _E.owner.is_(None)
        query = (
            select(waits)
            .join(executions, _E.id == _W.execution_id)
            .where(_TO_APPLY, whose, _E.status != "waiting")
            .order_by(_W.settled_at, _W.id)
        )
        async with self._database.snapshot() as connection:
            return [record(row) for row in await connection.execute(query)]

    # Settling.

    async def answer(
        self, wait_id: str, answer: WaitAnswer, values: Sequence[LargeValueRow], request: RequestRow | None
    ) -> Decided:
        async with self._database.change(durable=True) as connection:
            changed = await connection.execute(
                update(waits)
                .where(_W.id == wait_id, text(OPEN))
                .values(status="answered", answer=answer.json, settled_at=answer.at_us)
                .returning(waits)
            )
            row = changed.first()
            if row is None:
                present = (await connection.execute(select(waits).where(_W.id == wait_id))).one()
                return Decided(record(present), None, won=False)
            for value in values:
                await connection.execute(
                    objects.insert().values(
                        ref=value.ref, execution_id=row.execution_id, bytes=value.bytes, key=value.key
                    )
                )
            await _keep(connection, request)
            owner = await connection.scalar(select(_E.owner).where(_E.id == row.execution_id))
            return Decided(record(row), owner, won=True)

    async def signal(
        self, project_id: str, name: str, key: str, answer: WaitAnswer, request: RequestRow | None
    ) -> list[Firing]:
        open_ones = (
            select(_W.id)
            .where(_W.project_id == project_id, _W.name == name, _W.key == key, text(OPEN_FOR_EVENT))
            .order_by(_W.id)
            .with_for_update()
        )
        async with self._database.change(durable=True) as connection:
            ids = list((await connection.execute(open_ones)).scalars())
            fired = await self._settle(connection, ids, "answered", answer.json, answer.at_us)
            if request is not None:
                await _keep(connection, request._replace(response=answer.render(len(fired))))
            return fired

    async def fire_due(self, limit: int) -> list[Firing]:
        async with self._database.snapshot() as connection:
            now = _now(connection)
            first = await connection.execute(select(_W.id).where(text(DUE_ONCE), _W.due_at <= now).limit(1))
            if first.first() is None:
                return []
        async with self._database.change(durable=True) as connection:
            now = _now(connection)
            due = (
                select(_W.id)
                .where(text(DUE_ONCE), _W.due_at <= now)
                .order_by(_W.due_at, _W.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            ids = list((await connection.execute(due)).scalars())
            at_us = int(await connection.scalar(select(now)) or 0)
            return await self._settle(connection, ids, "expired", _by_clock(at_us), at_us)

    async def _settle(
        self, connection: AsyncConnection, ids: Sequence[str], status: str, answer: str, at_us: int
    ) -> list[Firing]:
        fired: list[Firing] = []
        # A statement takes only so many arguments.
        for first in range(0, len(ids), _AT_ONCE):
            some = ids[first : first + _AT_ONCE]
            settled = {"status": status, "answer": answer, "settled_at": at_us}
            await connection.execute(update(waits).where(_W.id.in_(some), text(OPEN)).values(**settled))
            found = select(waits, _E.owner).join(executions, _E.id == _W.execution_id).where(_W.id.in_(some))
            fired.extend(Firing(record(row), row.owner) for row in await connection.execute(found))
        return fired

    # Runs that left their process.

    async def wake(self, limit: int, *, claim: bool) -> list[ExecutionRecord]:
        async with self._database.snapshot() as connection:
            ids = await _ready(connection, limit)
        if not ids:
            return []
        async with self._database.change() as connection:
            free = select(_E.id).where(_E.id.in_(ids), text(PARKED)).order_by(_E.id).with_for_update(skip_locked=True)
            return await self._woken(connection, free, claim=claim)

    async def claim(self, execution_id: str) -> ExecutionRecord | None:
        async with self._database.change() as connection:
            this = select(_E.id).where(_E.id == execution_id, text(PARKED)).with_for_update()
            found = await self._woken(connection, this, claim=True)
        return found[0] if found else None

    async def _woken(self, connection: AsyncConnection, which: Any, *, claim: bool) -> list[ExecutionRecord]:
        ids = list((await connection.execute(which)).scalars())
        if not ids:
            return []
        changed = await connection.execute(
            update(executions)
            .where(_E.id.in_(ids))
            .values(
                status="running",
                queued_at=_now(connection),
                epoch=_E.epoch + 1 if claim else _E.epoch,
            )
            .returning(executions)
        )
        found = [read_executions.record(row) for row in changed]
        return sorted(found, key=lambda run: (run.priority, run.created_at, run.id))

    async def next_due_in(self) -> float | None:
        async with self._database.snapshot() as connection:
            due = await connection.scalar(select(func.min(_W.due_at)).where(text(DUE_ONCE)))
            parked = await connection.scalar(select(func.min(_E.wake_at)).where(text(PARKED), _E.wake_at.is_not(None)))
            times = [at for at in (due, parked) if at is not None]
            if not times:
                return None
            now = await connection.scalar(select(_now(connection)))
        return max(0.0, (int(min(times)) - int(now or 0)) / 1_000_000)


async def _keep(connection: AsyncConnection, request: RequestRow | None) -> None:
    if request is None:
        return
    try:
        await connection.execute(requests.insert().values(**request._asdict()))
    except IntegrityError as error:
        raise RequestTaken(request.request_id) from error


def _conditions(where: WaitFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if where.status is not None:
        # As text where it is `open`, so that the database may use the small index of what is.
        found.append(text(OPEN) if where.status == "open" else _W.status == where.status)  # type: ignore[arg-type]
    if where.flow_id is not None:
        found.append(_W.flow_id == where.flow_id)
    if where.execution_id is not None:
        found.append(_W.execution_id == where.execution_id)
    if where.assignee:
        found.append(or_(_W.assignees == "", has_part(_W.assignees, f"\n{where.assignee}\n")))
    return found


async def _ready(connection: AsyncConnection, limit: int) -> list[str]:
    """Two questions, each with a small index of its own: among many that wait, few are due."""
    due = select(_E.id).where(text(PARKED), _E.wake_at <= _now(connection)).order_by(_E.wake_at).limit(limit)
    answered = (
        select(_E.id)
        .where(text("executions.status = 'waiting'"), _E.id.in_(select(_W.execution_id).where(_TO_APPLY)))
        .limit(limit)
    )
    found = [*(await connection.execute(due)).scalars(), *(await connection.execute(answered)).scalars()]
    return list(dict.fromkeys(found))[:limit]


def _by_clock(at_us: int) -> str:
    return orjson.dumps({"by": CLOCK, "at": rfc3339(at_us)}).decode()


def _now(connection: AsyncConnection) -> ColumnElement[int]:
    if connection.dialect.name == "postgresql":
        return literal_column(NOW_US)
    return literal_column(str(now_us()))
