"""Read what was told: events of an execution, notices of a project, answers to requests, large values."""

from __future__ import annotations

from typing import Any, Final

import orjson
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from triggerflow_orchestrator.domain.execution import ENDING_EVENTS, LargeValue, ProjectNotice, StoredEvent
from triggerflow_orchestrator.ports import EventPage, NoticePage, StoredAnswer
from triggerflow_orchestrator.store.tables import events, executions, followed, notices, objects, pruned, requests

_E: Final = events.c


async def events_after(connection: AsyncConnection, execution_id: str, after: str, limit: int) -> EventPage:
    query = select(events).where(_E.execution_id == execution_id, _E.id > after).order_by(_E.id).limit(limit)
    found = tuple(_event(row) for row in await connection.execute(query))
    before = select(events).where(_E.execution_id == execution_id, _E.id <= after).order_by(_E.id.desc()).limit(1)
    if found:
        # Events count from 1 without gaps: a page that starts later, with nothing kept before it, lost something.
        whole = not after or found[0].sequence == 1 or (await connection.execute(before)).first() is not None
        return EventPage(found, ended=_ends(found[-1]), expired=not whole)
    last = (await connection.execute(before)).first()
    return EventPage((), ended=last is not None and _ends(_event(last)), expired=False)


async def notices_after(
    connection: AsyncConnection, project_id: str, after: str, limit: int, *, flows: bool
) -> NoticePage:
    query = (
        select(notices)
        .where(notices.c.project_id == project_id, notices.c.id > after)
        .order_by(notices.c.id)
        .limit(limit)
    )
    if not flows:
        query = query.where(notices.c.execution_id != "")
    found = tuple(_notice(row) for row in await connection.execute(query))
    if not after:
        return NoticePage(found, expired=False)
    gone = select(pruned.c.up_to).where(pruned.c.project_id == project_id, pruned.c.up_to > after)
    return NoticePage(found, expired=(await connection.execute(gone)).first() is not None)


async def newest_notice(connection: AsyncConnection, project_id: str) -> str:
    query = select(notices.c.id).where(notices.c.project_id == project_id).order_by(notices.c.id.desc()).limit(1)
    newest: str | None = (await connection.execute(query)).scalar()
    return newest or ""


async def followed_to(connection: AsyncConnection, name: str) -> str:
    query = select(followed.c.position).where(followed.c.name == name)
    position: str = (await connection.execute(query)).scalar_one()
    return position


async def large_value(connection: AsyncConnection, project_id: str, ref: str) -> LargeValue | None:
    query = (
        select(objects)
        .join(executions, executions.c.id == objects.c.execution_id)
        .where(objects.c.ref == ref, executions.c.project_id == project_id)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else LargeValue(row.ref, row.execution_id, row.bytes, row.key)


async def answer(connection: AsyncConnection, project_id: str, request_id: str, method: str) -> StoredAnswer | None:
    query = select(requests).where(
        requests.c.project_id == project_id, requests.c.request_id == request_id, requests.c.method == method
    )
    row = (await connection.execute(query)).first()
    return None if row is None else StoredAnswer(row.fingerprint, row.response, row.error, row.created_at)


def _notice(row: Row[Any]) -> ProjectNotice:
    return ProjectNotice(
        id=row.id,
        type=row.type,
        timestamp=row.timestamp,
        project_id=row.project_id,
        flow_id=row.flow_id,
        execution_id=row.execution_id or None,
    )


def _event(row: Row[Any]) -> StoredEvent:
    return StoredEvent(row.id, row.sequence, row.body)


def _ends(event: StoredEvent) -> bool:
    return orjson.loads(event.body).get("type") in ENDING_EVENTS
