"""Read and write the tables over one connection, inside a transaction somebody else began. Any SQL database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import and_, delete, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from triggerflow_chassis.errors import ServiceError
from triggerflow_chassis.sql_text import has_part

from triggerflow_registry.domain.flow import Answer, Flow, FlowEvent, FlowId, FlowSummary, Heading, ProjectId, Version
from triggerflow_registry.domain.schema import Schema
from triggerflow_registry.ports import FlowPosition
from triggerflow_registry.store import records, schema_queries
from triggerflow_registry.store.tables import answers, flow_events, flows, hook_paths, pruned, versions

# A name has at most 200 characters, and folding case makes at most three of one.
_LONGEST_FOLDED_NAME = 600

# What the column holds. PostgreSQL refuses to compare it with more.
_HIGHEST_NUMBER = 2**31 - 1

_UP_TO = text(
    "INSERT INTO pruned (project_id, up_to) VALUES (:project_id, :up_to)"
    " ON CONFLICT (project_id) DO UPDATE SET up_to = excluded.up_to WHERE excluded.up_to > pruned.up_to"
)
_SUMMARY = [column for column in flows.c if column.name not in ("drawing", "name_folded", "principal")]
_VERSION = [column for column in versions.c if column.name not in ("blueprint", "principal")]


class SqlView:
    """`ports.View` over a connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def flow(self, project_id: ProjectId, flow_id: FlowId) -> Flow | None:
        query = select(flows).where(flows.c.id == flow_id, flows.c.project_id == project_id)
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else records.flow_of(row)

    async def flows(
        self, project_id: ProjectId, *, name_has: str, before: FlowPosition | None, limit: int
    ) -> list[FlowSummary]:
        if len(name_has) > _LONGEST_FOLDED_NAME:
            return []
        query = select(*_SUMMARY).where(flows.c.project_id == project_id)
        if name_has:
            query = query.where(has_part(flows.c.name_folded, name_has))
        if before is not None:
            query = query.where(
                or_(
                    flows.c.created_at < before.created_at,
                    and_(flows.c.created_at == before.created_at, flows.c.id < before.id),
                )
            )
        query = query.order_by(flows.c.created_at.desc(), flows.c.id.desc()).limit(limit)
        return [records.summary_of(row) for row in await self._connection.execute(query)]

    async def latest_version(self, project_id: ProjectId, flow_id: FlowId) -> int | None:
        query = select(flows.c.latest_version).where(flows.c.id == flow_id, flows.c.project_id == project_id)
        number: int | None = (await self._connection.execute(query)).scalar_one_or_none()
        return number

    async def heading(self, project_id: ProjectId, flow_id: FlowId) -> Heading | None:
        query = select(flows.c.name, flows.c.latest_version).where(
            flows.c.id == flow_id, flows.c.project_id == project_id
        )
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else Heading(row.name, row.latest_version)

    async def version(self, project_id: ProjectId, flow_id: FlowId, number: int) -> Version | None:
        if number > _HIGHEST_NUMBER:
            return None
        query = select(versions).where(
            versions.c.flow_id == flow_id, versions.c.number == number, versions.c.project_id == project_id
        )
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else records.version_of(row, row.blueprint)

    async def versions(
        self, project_id: ProjectId, flow_id: FlowId, *, before: int | None, limit: int
    ) -> list[Version]:
        query = select(*_VERSION).where(versions.c.flow_id == flow_id, versions.c.project_id == project_id)
        if before is not None:
            query = query.where(versions.c.number < min(before, _HIGHEST_NUMBER))
        query = query.order_by(versions.c.number.desc()).limit(limit)
        return [records.version_of(row, None) for row in await self._connection.execute(query)]

    async def events(self, project_id: ProjectId, *, after: str, limit: int) -> list[FlowEvent]:
        query = (
            select(flow_events)
            .where(flow_events.c.project_id == project_id, flow_events.c.id > after)
            .order_by(flow_events.c.id)
            .limit(limit)
        )
        return [records.event_of(row) for row in await self._connection.execute(query)]

    async def forgotten_up_to(self, project_id: ProjectId) -> str:
        query = select(pruned.c.up_to).where(pruned.c.project_id == project_id)
        return (await self._connection.execute(query)).scalar_one_or_none() or ""

    async def schema(self, project_id: ProjectId, subject: str, version: int | None) -> Schema | None:
        return await schema_queries.one(self._connection, project_id, subject, version)

    async def schema_like(self, project_id: ProjectId, subject: str | None, fingerprint: str) -> Schema | None:
        return await schema_queries.like(self._connection, project_id, subject, fingerprint)

    async def newest_schemas(self, project_id: ProjectId, *, after: str, limit: int) -> list[Schema]:
        return await schema_queries.newest(self._connection, project_id, after, limit)

    async def schema_versions(
        self, project_id: ProjectId, subject: str, *, before: int | None, limit: int
    ) -> list[Schema]:
        return await schema_queries.versions(self._connection, project_id, subject, before, limit)

    async def flows_at_paths(self, project_id: ProjectId, paths: Collection[str]) -> Mapping[str, FlowId]:
        query = select(hook_paths).where(hook_paths.c.project_id == project_id, hook_paths.c.path.in_(paths))
        return {row.path: FlowId(row.flow_id) for row in await self._connection.execute(query)}

    async def answer(self, project_id: ProjectId, request_id: str, since: int) -> Answer | None:
        query = select(answers).where(
            answers.c.project_id == project_id, answers.c.request_id == request_id, answers.c.created_at >= since
        )
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else records.answer_of(row)


class SqlChange(SqlView):
    """`ports.Change` over a connection. Whoever commits calls `announce` then."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self._then: list[Callable[[], None]] = []

    async def add_flow(self, flow: Flow, principal: str) -> None:
        await self._connection.execute(insert(flows).values(records.flow_values(flow, principal)))

    async def replace_flow(self, flow: Flow, principal: str) -> None:
        await self._connection.execute(
            update(flows)
            .where(flows.c.id == flow.id, flows.c.project_id == flow.project_id)
            .values(records.flow_values(flow, principal))
        )

    async def remove_flow(self, project_id: ProjectId, flow_id: FlowId) -> None:
        of_flow = ((hook_paths, hook_paths.c.flow_id), (versions, versions.c.flow_id), (flows, flows.c.id))
        for table, column in of_flow:
            await self._connection.execute(delete(table).where(column == flow_id, table.c.project_id == project_id))

    async def add_version(self, project_id: ProjectId, version: Version, principal: str) -> None:
        if version.blueprint is None:
            raise ValueError("a version is kept with its blueprint")
        await self._connection.execute(
            insert(versions).values(records.version_values(project_id, version, version.blueprint, principal))
        )
        await self._connection.execute(
            update(flows)
            .where(flows.c.id == version.flow_id, flows.c.project_id == project_id)
            .values(latest_version=version.number)
        )

    async def take_paths(self, project_id: ProjectId, flow_id: FlowId, paths: Collection[str], principal: str) -> None:
        await self._connection.execute(delete(hook_paths).where(hook_paths.c.flow_id == flow_id))
        if paths:
            named = {"project_id": project_id, "flow_id": flow_id, "principal": principal}
            rows = [{**named, "path": path} for path in paths]
            await self._connection.execute(insert(hook_paths), rows)

    async def last_event_id(self) -> str | None:
        highest: str | None = (await self._connection.execute(select(func.max(flow_events.c.id)))).scalar_one()
        return highest

    async def add_event(self, event: FlowEvent, principal: str) -> None:
        await self._connection.execute(insert(flow_events).values(records.event_values(event, principal)))

    async def forget_events(self, before: str, limit: int) -> int:
        oldest = select(flow_events.c.id).where(flow_events.c.id < before).order_by(flow_events.c.id).limit(limit)
        gone = delete(flow_events).where(flow_events.c.id.in_(oldest))
        rows = (await self._connection.execute(gone.returning(flow_events.c.project_id, flow_events.c.id))).all()
        last: dict[str, str] = {}
        for row in rows:
            last[row.project_id] = max(row.id, last.get(row.project_id, ""))
        for project_id, up_to in last.items():
            await self._connection.execute(_UP_TO, {"project_id": project_id, "up_to": up_to})
        return len(rows)

    async def add_schema(self, project_id: ProjectId, schema: Schema, principal: str) -> None:
        await schema_queries.add(self._connection, project_id, schema, principal)

    async def add_answer(self, project_id: ProjectId, request_id: str, answer: Answer, principal: str) -> None:
        await self._connection.execute(
            delete(answers).where(answers.c.project_id == project_id, answers.c.request_id == request_id)
        )
        await self._connection.execute(
            insert(answers).values(records.answer_values(project_id, request_id, answer, principal))
        )

    async def forget_answers(self, before: int) -> None:
        await self._connection.execute(delete(answers).where(answers.c.created_at < before))

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        noted = len(self._then)
        savepoint = await self._connection.begin_nested()
        try:
            yield
        except ServiceError:
            # Any other error ends the whole transaction: the database may have ended it already.
            await savepoint.rollback()
            del self._then[noted:]
            raise
        await savepoint.commit()

    def after_commit(self, then: Callable[[], None]) -> None:
        self._then.append(then)

    def announce(self) -> None:
        """Call everybody who waited for the commit, in order."""
        for then in self._then:
            then()
