"""Read and write registered schemas over one connection. Any SQL database."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from triggerflow_registry.domain.flow import ProjectId
from triggerflow_registry.domain.schema import Schema, SchemaType
from triggerflow_registry.store.tables import schemas

_S = schemas.c
_HIGHEST_VERSION: Final = 2**31 - 1


async def one(connection: AsyncConnection, project_id: ProjectId, subject: str, version: int | None) -> Schema | None:
    query = select(schemas).where(_S.project_id == project_id, _S.subject == subject)
    if version is not None:
        query = query.where(_S.version == version)
    row = (await connection.execute(query.order_by(_S.version.desc()).limit(1))).first()
    return None if row is None else _schema(row)


async def like(
    connection: AsyncConnection, project_id: ProjectId, subject: str | None, fingerprint: str
) -> Schema | None:
    query = select(schemas).where(_S.project_id == project_id, _S.fingerprint == fingerprint)
    if subject is not None:
        query = query.where(_S.subject == subject)
    row = (await connection.execute(query.order_by(_S.subject, _S.version).limit(1))).first()
    return None if row is None else _schema(row)


async def newest(connection: AsyncConnection, project_id: ProjectId, after: str, limit: int) -> list[Schema]:
    latest = (
        select(_S.subject, func.max(_S.version).label("version"))
        .where(_S.project_id == project_id, _S.subject > after)
        .group_by(_S.subject)
        .order_by(_S.subject)
        .limit(limit)
        .subquery()
    )
    query = (
        select(schemas)
        .join(latest, (latest.c.subject == _S.subject) & (latest.c.version == _S.version))
        .where(_S.project_id == project_id)
        .order_by(_S.subject)
    )
    return [_schema(row) for row in await connection.execute(query)]


async def versions(
    connection: AsyncConnection, project_id: ProjectId, subject: str, before: int | None, limit: int
) -> list[Schema]:
    query = select(schemas).where(_S.project_id == project_id, _S.subject == subject)
    if before is not None:
        query = query.where(_S.version < min(before, _HIGHEST_VERSION))
    return [_schema(row) for row in await connection.execute(query.order_by(_S.version.desc()).limit(limit))]


async def add(connection: AsyncConnection, project_id: ProjectId, schema: Schema, principal: str) -> None:
    await connection.execute(
        insert(schemas).values(
            project_id=project_id,
            subject=schema.subject,
            version=schema.version,
            type=str(schema.type),
            fingerprint=schema.fingerprint,
            text=schema.text,
            principal=principal,
            created_at=schema.created_at,
        )
    )


def _schema(row: Row[Any]) -> Schema:
    return Schema(
        subject=row.subject,
        version=row.version,
        type=SchemaType(row.type),
        fingerprint=row.fingerprint,
        text=row.text,
        created_at=row.created_at,
    )
