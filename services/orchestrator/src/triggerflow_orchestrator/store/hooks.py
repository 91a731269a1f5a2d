"""Secrets of webhooks and listenings in a database, SQLite or PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Row, Table, and_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.jsontext import dumps

from triggerflow_orchestrator.app.hook_ports import Listen
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.tables import hook_listens, hook_secrets

_SECRET_BYTES: Final = 32
_S: Final = hook_secrets.c
_L: Final = hook_listens.c


class SqlHooks:
    """`app.hook_ports.HookStore` over a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def secrets(self, project_id: str, flow_id: str, node_ids: Collection[str]) -> Mapping[str, str]:
        mine = select(hook_secrets).where(_S.flow_id == flow_id, _S.node_id.in_(node_ids))
        async with self._database.snapshot() as connection:
            found = {row.node_id: row.secret for row in await connection.execute(mine)}
        missing = [node_id for node_id in node_ids if node_id not in found]
        if not missing:
            return found
        async with self._database.change(durable=True) as connection:
            for node_id in missing:
                row = _made(project_id, flow_id, node_id)
                await connection.execute(_insert(connection, hook_secrets).values(row).on_conflict_do_nothing())
            return {row.node_id: row.secret for row in await connection.execute(mine)}

    async def secret(self, flow_id: str, node_id: str) -> str | None:
        query = select(_S.secret).where(_S.flow_id == flow_id, _S.node_id == node_id)
        async with self._database.snapshot() as connection:
            found: str | None = (await connection.execute(query)).scalar()
            return found

    async def rotate(self, project_id: str, flow_id: str, node_id: str, request_id: str) -> None:
        row = _made(project_id, flow_id, node_id, request_id)
        async with self._database.change(durable=True) as connection:
            changed = {name: row[name] for name in ("secret", "made_at", "request_id")}
            await connection.execute(_upsert(connection, hook_secrets, row, changed, request_id))

    async def listen(self, listen: Listen) -> None:
        named = {"flow_id": listen.flow_id, "node_id": listen.node_id}
        values = {
            "project_id": listen.project_id,
            "path": listen.path,
            "config": dumps(listen.config),
            "until": listen.until,
            "request_id": listen.request_id,
            "inputs": None,
            "called_at": None,
        }
        async with self._database.change(durable=True) as connection:
            await connection.execute(_upsert(connection, hook_listens, named | values, values, listen.request_id))

    async def listening(self, project_id: str, path: str, now: int) -> Listen | None:
        return await self._one(_L.project_id == project_id, _L.path == path, _L.until > now, _L.called_at.is_(None))

    async def listen_of(self, project_id: str, flow_id: str, node_id: str) -> Listen | None:
        return await self._one(_L.project_id == project_id, _L.flow_id == flow_id, _L.node_id == node_id)

    async def heard(self, listen: Listen, inputs_json: str, now: int) -> bool:
        this = and_(_L.flow_id == listen.flow_id, _L.node_id == listen.node_id, _L.until == listen.until)
        give = update(hook_listens).where(this, _L.until > now, _L.called_at.is_(None))
        async with self._database.change(durable=True) as connection:
            return bool((await connection.execute(give.values(inputs=inputs_json, called_at=now))).rowcount)

    async def _one(self, *conditions: ColumnElement[bool]) -> Listen | None:
        query = select(hook_listens).where(*conditions).order_by(_L.until.desc()).limit(1)
        async with self._database.snapshot() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _listen(row)


def _made(project_id: str, flow_id: str, node_id: str, request_id: str = "") -> dict[str, Any]:
    return {
        "flow_id": flow_id,
        "node_id": node_id,
        "project_id": project_id,
        "secret": secrets.token_urlsafe(_SECRET_BYTES),
        "made_at": now_us(),
        "request_id": request_id,
    }


def _insert(connection: AsyncConnection, table: Any) -> Any:
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def _upsert(
    connection: AsyncConnection, table: Table, row: dict[str, Any], changed: dict[str, Any], request_id: str
) -> Any:
    """Insert a row by flow and node, or change it, unless this request did so already."""
    unless = table.c.request_id != request_id if request_id else None
    return (
        _insert(connection, table)
        .values(row)
        .on_conflict_do_update(index_elements=["flow_id", "node_id"], set_=changed, where=unless)
    )


def _listen(row: Row[Any]) -> Listen:
    return Listen(
        project_id=row.project_id,
        flow_id=row.flow_id,
        node_id=row.node_id,
        path=row.path,
        config=orjson.loads(row.config),
        until=row.until,
        request_id=row.request_id,
        inputs_json=row.inputs,
        called_at=row.called_at,
    )
