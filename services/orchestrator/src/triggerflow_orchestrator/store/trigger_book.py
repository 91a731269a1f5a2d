"""The trigger book in a database, SQLite or PostgreSQL, and what was fired."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.jsontext import dumps

from triggerflow_orchestrator.domain.trigger import ActiveFlow, Trigger
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.tables import fires, followed, hook_listens, hook_secrets, triggers

TRIGGERS_FOLLOWED: Final = "triggers"
_T: Final = triggers.c
_F: Final = fires.c


class SqlTriggerBook:
    """`app.trigger_ports.TriggerBook` and `Fires` over a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def position(self) -> str | None:
        async with self._database.snapshot() as connection:
            query = select(followed.c.position).where(followed.c.name == TRIGGERS_FOLLOWED)
            found: str | None = (await connection.execute(query)).scalar()
            return found

    async def take(self, after: str | None, to: str, flows: Sequence[ActiveFlow], *, whole: bool = False) -> bool:
        async with self._database.change() as connection:
            if not await _moved(connection, after, to):
                return False
            if whole:
                await connection.execute(delete(triggers).where(_T.flow_id.not_in([flow.flow_id for flow in flows])))
            for flow in flows:
                await _replace(connection, flow)
        return True

    async def versions(self, flow_ids: Collection[str]) -> Mapping[str, str]:
        query = select(_T.flow_id, _T.version).where(_T.flow_id.in_(flow_ids)).distinct()
        async with self._database.snapshot() as connection:
            return {row.flow_id: row.version for row in await connection.execute(query)}

    async def trigger(self, project_id: str, flow_id: str, node_id: str) -> Trigger | None:
        found = await self._where(_T.project_id == project_id, _T.flow_id == flow_id, _T.node_id == node_id)
        return found[0] if found else None

    async def of_flow(self, project_id: str, flow_id: str) -> list[Trigger]:
        return await self._where(_T.project_id == project_id, _T.flow_id == flow_id)

    async def of_kinds(self, kinds: Collection[str], project_id: str | None = None) -> list[Trigger]:
        of_project = () if project_id is None else (_T.project_id == project_id,)
        return await self._where(_T.kind.in_(kinds), *of_project)

    async def found_by(self, project_id: str, kinds: Collection[str], key: str) -> list[Trigger]:
        found = await self._where(_T.project_id == project_id, _T.key == key, _T.kind.in_(kinds))
        return sorted(found, key=lambda each: (each.made_at, each.flow_id, each.node_id))

    async def pause(self, project_id: str, flow_id: str, node_id: str, paused: bool) -> Trigger | None:
        mine = and_(_T.project_id == project_id, _T.flow_id == flow_id, _T.node_id == node_id)
        async with self._database.change(durable=True) as connection:
            await connection.execute(update(triggers).where(mine).values(paused=paused))
            row = (await connection.execute(select(triggers).where(mine))).first()
        return None if row is None else trigger_of(row)

    async def execution_of(self, flow_id: str, node_id: str, request_id: str) -> str | None:
        query = select(_F.execution_id).where(_F.flow_id == flow_id, _F.node_id == node_id, _F.request_id == request_id)
        async with self._database.snapshot() as connection:
            found: str | None = (await connection.execute(query)).scalar()
            return found

    async def _where(self, *conditions: ColumnElement[bool]) -> list[Trigger]:
        query = select(triggers).where(*conditions).order_by(_T.flow_id, _T.node_id)
        async with self._database.snapshot() as connection:
            return [trigger_of(row) for row in await connection.execute(query)]


async def _moved(connection: AsyncConnection, after: str | None, to: str) -> bool:
    """Move the position, unless somebody else did. On PostgreSQL who comes second waits here for the first's end."""
    if after is None:
        dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
        first = dialect.insert(followed).values(name=TRIGGERS_FOLLOWED, position=to).on_conflict_do_nothing()
        return bool((await connection.execute(first)).rowcount)
    mine = update(followed).where(followed.c.name == TRIGGERS_FOLLOWED, followed.c.position == after)
    return bool((await connection.execute(mine.values(position=to))).rowcount)


async def _replace(connection: AsyncConnection, flow: ActiveFlow) -> None:
    of_flow = _T.flow_id == flow.flow_id
    if flow.version is None:
        await connection.execute(delete(triggers).where(of_flow))
        if flow.deleted:
            for table in (hook_secrets, hook_listens):
                await connection.execute(delete(table).where(table.c.flow_id == flow.flow_id))
        return
    if flow.triggers is None:
        await connection.execute(update(triggers).where(of_flow).values(flow_name=flow.name))
        return
    there = {row.node_id: row for row in await connection.execute(select(triggers).where(of_flow))}
    now = now_us()
    for node in flow.triggers:
        values = {
            "project_id": flow.project_id,
            "flow_name": flow.name,
            "node_name": node.name,
            "kind": node.kind,
            "key": node.key,
            "config": dumps(node.config),
            "version": flow.version,
            "content_hash": flow.content_hash,
            "most_of_flow": flow.most_at_once,
            "changed_at": now,
        }
        if there.pop(node.node_id, None) is None:
            named = {"flow_id": flow.flow_id, "node_id": node.node_id, "paused": False, "made_at": now}
            await connection.execute(insert(triggers).values(**named, **values))
        else:
            await connection.execute(update(triggers).where(of_flow, _T.node_id == node.node_id).values(**values))
    if there:
        await connection.execute(delete(triggers).where(of_flow, _T.node_id.in_(there)))


def trigger_of(row: Row[Any]) -> Trigger:
    """A row of the table, whole."""
    return Trigger(
        project_id=row.project_id,
        flow_id=row.flow_id,
        node_id=row.node_id,
        flow_name=row.flow_name,
        node_name=row.node_name,
        kind=row.kind,
        key=row.key,
        config=orjson.loads(row.config),
        version=row.version,
        content_hash=row.content_hash,
        paused=row.paused,
        made_at=row.made_at,
        changed_at=row.changed_at,
        most_of_flow=row.most_of_flow,
    )
