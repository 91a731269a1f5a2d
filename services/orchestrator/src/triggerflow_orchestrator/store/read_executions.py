"""Find executions: one, a page by filter, those that live, and all that one needs to go on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from triggerflow_chassis.sql_text import folded, has_part, json_text

from triggerflow_orchestrator.domain.execution import (
    LIVE,
    AttemptRow,
    ExecutionRecord,
    Failure,
    JournalRow,
    Remembered,
    StartRow,
    StoredEvent,
)
from triggerflow_orchestrator.domain.plan import Plan
from triggerflow_orchestrator.ports import ExecutionFilter, Position
from triggerflow_orchestrator.store.read_recall import recalled
from triggerflow_orchestrator.store.read_waits import of_execution
from triggerflow_orchestrator.store.tables import (
    NOT_ENDED,
    activation_attempts,
    activation_starts,
    events,
    execution_labels,
    executions,
    journal,
    seeds,
)

_E: Final = executions.c
_IDS_AT_ONCE: Final = 500


async def one(connection: AsyncConnection, project_id: str, execution_id: str) -> ExecutionRecord | None:
    row = (
        await connection.execute(select(executions).where(_E.id == execution_id, _E.project_id == project_id))
    ).first()
    return None if row is None else record(row)


async def exists_in(connection: AsyncConnection, project_id: str, execution_id: str) -> bool:
    found = await connection.execute(select(_E.id).where(_E.id == execution_id, _E.project_id == project_id))
    return found.first() is not None


async def page(
    connection: AsyncConnection, project_id: str, where: ExecutionFilter, after: Position | None, limit: int
) -> list[ExecutionRecord]:
    query = select(executions).where(_E.project_id == project_id, *_conditions(where))
    if after is not None:
        query = query.where(tuple_(_E.created_at, _E.id) < tuple_(after.at_us, after.id))
    query = query.order_by(_E.created_at.desc(), _E.id.desc()).limit(limit)
    return [record(row) for row in await connection.execute(query)]


async def ended(connection: AsyncConnection, execution_ids: Collection[str]) -> frozenset[str]:
    query = select(_E.id).where(_E.id.in_(execution_ids), _E.ended_at.is_not(None))
    return frozenset((await connection.execute(query)).scalars())


async def seed(connection: AsyncConnection, execution_id: str) -> str | None:
    found = await connection.execute(select(seeds.c.body).where(seeds.c.execution_id == execution_id))
    return found.scalar_one_or_none()


async def live(connection: AsyncConnection) -> list[ExecutionRecord]:
    # What waits left its process on purpose: it goes on when it is answered or due.
    query = (
        select(executions).where(text(NOT_ENDED), _E.status != "waiting").order_by(_E.priority, _E.created_at, _E.id)
    )
    return [record(row) for row in await connection.execute(query)]


async def remembered(connection: AsyncConnection, execution_id: str, plan: Plan | None) -> Remembered | None:
    row = (await connection.execute(select(executions).where(_E.id == execution_id))).first()
    if row is None:
        return None
    if plan is not None:
        return await _recalled(connection, record(row), plan)
    outcomes = select(journal).where(journal.c.execution_id == execution_id).order_by(journal.c.seq)
    starts: Select[Any] = (
        select(activation_starts)
        .where(activation_starts.c.execution_id == execution_id)
        .order_by(activation_starts.c.started_at, activation_starts.c.activation_id)
    )
    attempts = (
        select(activation_attempts)
        .where(activation_attempts.c.execution_id == execution_id)
        .order_by(activation_attempts.c.activation_id, activation_attempts.c.attempt)
    )
    return Remembered(
        execution=record(row),
        journal=tuple(outcome(found) for found in await connection.execute(outcomes)),
        starts=tuple(start(found) for found in await connection.execute(starts)),
        attempts=tuple(attempt(found) for found in await connection.execute(attempts)),
        last_event=await _last_event(connection, execution_id),
        waits=await of_execution(connection, execution_id),
    )


async def _recalled(connection: AsyncConnection, execution: ExecutionRecord, plan: Plan) -> Remembered:
    """What still matters: it costs what lives in the run, not what was."""
    rows, starts = await recalled(connection, execution.id, plan, outcome)
    ended = {row.activation_id for row in rows}
    begun = [start(found) for found in starts if found.activation_id not in ended]
    attempts: list[AttemptRow] = []
    for at in range(0, len(begun), _IDS_AT_ONCE):
        ids = [one.activation_id for one in begun[at : at + _IDS_AT_ONCE]]
        query = select(activation_attempts).where(activation_attempts.c.activation_id.in_(ids))
        attempts += [attempt(found) for found in await connection.execute(query)]
    last = select(func.max(journal.c.seq)).where(journal.c.execution_id == execution.id)
    return Remembered(
        execution=execution,
        journal=tuple(rows),
        starts=tuple(begun),
        attempts=tuple(sorted(attempts, key=lambda row: (row.activation_id, row.attempt))),
        last_event=await _last_event(connection, execution.id),
        waits=await of_execution(connection, execution.id),
        last_seq=(await connection.execute(last)).scalar_one() or 0,
    )


async def _last_event(connection: AsyncConnection, execution_id: str) -> StoredEvent | None:
    query = select(events).where(events.c.execution_id == execution_id).order_by(events.c.id.desc()).limit(1)
    event = (await connection.execute(query)).first()
    return None if event is None else StoredEvent(event.id, event.sequence, event.body)


def start(row: Row[Any]) -> StartRow:
    return StartRow(row.activation_id, row.node_id, row.scope, row.started_at, row.inputs)


def attempt(row: Row[Any]) -> AttemptRow:
    return AttemptRow(row.activation_id, row.attempt, row.failed_type, row.due_at)


def record(row: Row[Any]) -> ExecutionRecord:
    return ExecutionRecord(
        id=row.id,
        project_id=row.project_id,
        principal=row.principal,
        flow_id=row.flow_id,
        flow_name=row.flow_name,
        version=row.version,
        content_hash=row.content_hash,
        status=row.status,
        priority=row.priority,
        inputs_json=row.inputs,
        outputs_json=row.outputs,
        error=failure(row.error),
        context=orjson.loads(row.context),
        options=orjson.loads(row.options),
        rerun_of=row.rerun_of,
        trigger_node_id=row.trigger_node_id,
        epoch=row.epoch,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        deadline_at=row.deadline_at,
        cancel_requested_at=row.cancel_requested_at,
        owner=row.owner,
        queued_at=row.queued_at,
        wake_at=row.wake_at,
        context_added=row.context_added,
    )


def outcome(row: Row[Any]) -> JournalRow:
    return JournalRow(
        seq=row.seq,
        epoch=row.epoch,
        activation_id=row.activation_id,
        node_id=row.node_id,
        scope=row.scope,
        attempt=row.attempt,
        status=row.status,
        ports_json=row.ports,
        error=failure(row.error),
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def failure(stored: str | None) -> Failure | None:
    return None if stored is None else Failure.from_json(orjson.loads(stored))


def _conditions(where: ExecutionFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if where.flow_id is not None:
        found.append(_E.flow_id == where.flow_id)
    if where.statuses:
        found.append(_E.status.in_(sorted(where.statuses)))
        if where.statuses <= LIVE:
            # Says nothing new, but lets the database use the small index of what lives.
            found.append(text(NOT_ENDED))  # type: ignore[arg-type]
    if where.labels:
        carried = select(func.count()).where(
            execution_labels.c.execution_id == _E.id, execution_labels.c.label.in_(sorted(where.labels))
        )
        found.append(carried.scalar_subquery() == len(where.labels))
    if where.from_us is not None:
        found.append(_E.created_at >= where.from_us)
    if where.to_us is not None:
        found.append(_E.created_at < where.to_us)
    if where.query:
        found.append(_mentions(where.query))
    return found


def _mentions(query: str) -> ColumnElement[bool]:
    # By the database too, so that both are folded by the same edition of Unicode.
    needle = folded(literal(query))

    def holds(column: ColumnElement[Any]) -> ColumnElement[bool]:
        # Not LIKE: nothing in the needle is a wildcard, and case is Unicode's.
        return has_part(folded(column), needle)

    labelled = exists().where(and_(execution_labels.c.execution_id == _E.id, holds(execution_labels.c.label)))
    message = json_text(_E.error, "message")
    return or_(has_part(_E.id, needle), holds(_E.flow_name), holds(message), labelled)
