"""Keep flows in memory, for tests and trials. Passes the same contract suite as the databases; nothing is durable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from triggerflow_chassis.errors import ServiceError

from triggerflow_registry.domain.flow import Answer, Flow, FlowEvent, FlowId, FlowSummary, Heading, ProjectId, Version
from triggerflow_registry.domain.schema import Schema
from triggerflow_registry.ports import FlowPosition


@dataclass(slots=True)
class _Content:
    """All there is. The values are immutable, so a copy of the dictionaries is a copy of it."""

    flows: dict[str, Flow] = field(default_factory=dict)
    versions: dict[tuple[str, int], tuple[ProjectId, Version]] = field(default_factory=dict)
    events: dict[str, FlowEvent] = field(default_factory=dict)
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    pruned: dict[str, str] = field(default_factory=dict)
    schemas: dict[tuple[str, str, int], Schema] = field(default_factory=dict)
    paths: dict[tuple[str, str], FlowId] = field(default_factory=dict)

    def snapshot(self) -> _Content:
        return _Content(
            {**self.flows},
            {**self.versions},
            {**self.events},
            {**self.answers},
            {**self.pruned},
            {**self.schemas},
            {**self.paths},
        )


class MemoryStore:
    """`ports.Store` without a disk."""

    def __init__(self) -> None:
        self._content = _Content()
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[MemoryView]:
        yield MemoryView(self._content.snapshot())

    @asynccontextmanager
    async def write(self) -> AsyncIterator[MemoryChange]:
        async with self._turn:
            change = MemoryChange(self._content.snapshot())
            yield change
            self._content = change.content
            for then in change.then:
                then()

    async def ready(self) -> None:
        return


class MemoryView:
    """`ports.View` of a snapshot."""

    def __init__(self, content: _Content) -> None:
        self.content = content

    async def flow(self, project_id: ProjectId, flow_id: FlowId) -> Flow | None:
        flow = self.content.flows.get(flow_id)
        return flow if flow is not None and flow.project_id == project_id else None

    async def flows(
        self, project_id: ProjectId, *, name_has: str, before: FlowPosition | None, limit: int
    ) -> list[FlowSummary]:
        found = [
            _summary(flow)
            for flow in self.content.flows.values()
            if flow.project_id == project_id
            and name_has in flow.document.name.casefold()
            and (before is None or (flow.created_at, flow.id) < before)
        ]
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)[:limit]

    async def latest_version(self, project_id: ProjectId, flow_id: FlowId) -> int | None:
        flow = await self.flow(project_id, flow_id)
        return None if flow is None else flow.latest_version

    async def heading(self, project_id: ProjectId, flow_id: FlowId) -> Heading | None:
        flow = await self.flow(project_id, flow_id)
        return None if flow is None else Heading(flow.document.name, flow.latest_version)

    async def version(self, project_id: ProjectId, flow_id: FlowId, number: int) -> Version | None:
        owner, version = self.content.versions.get((flow_id, number), (None, None))
        return version if owner == project_id else None

    async def versions(
        self, project_id: ProjectId, flow_id: FlowId, *, before: int | None, limit: int
    ) -> list[Version]:
        found = [
            replace(version, blueprint=None)
            for owner, version in self.content.versions.values()
            if owner == project_id and version.flow_id == flow_id and (before is None or version.number < before)
        ]
        return sorted(found, key=lambda each: each.number, reverse=True)[:limit]

    async def events(self, project_id: ProjectId, *, after: str, limit: int) -> list[FlowEvent]:
        found = [event for event in self.content.events.values() if event.project_id == project_id and event.id > after]
        return sorted(found, key=lambda each: each.id)[:limit]

    async def forgotten_up_to(self, project_id: ProjectId) -> str:
        return self.content.pruned.get(project_id, "")

    async def schema(self, project_id: ProjectId, subject: str, version: int | None) -> Schema | None:
        found = await self.schema_versions(project_id, subject, before=None, limit=len(self.content.schemas))
        return next((each for each in found if version is None or each.version == version), None)

    async def schema_like(self, project_id: ProjectId, subject: str | None, fingerprint: str) -> Schema | None:
        found = [
            schema
            for (owner, of, _), schema in sorted(self.content.schemas.items())
            if owner == project_id and schema.fingerprint == fingerprint and subject in (None, of)
        ]
        return found[0] if found else None

    async def newest_schemas(self, project_id: ProjectId, *, after: str, limit: int) -> list[Schema]:
        newest = {
            schema.subject: schema
            for (owner, subject, _), schema in sorted(self.content.schemas.items())
            if owner == project_id and subject > after
        }
        return list(newest.values())[:limit]

    async def schema_versions(
        self, project_id: ProjectId, subject: str, *, before: int | None, limit: int
    ) -> list[Schema]:
        found = [
            schema
            for (owner, of, number), schema in self.content.schemas.items()
            if owner == project_id and of == subject and (before is None or number < before)
        ]
        return sorted(found, key=lambda each: each.version, reverse=True)[:limit]

    async def flows_at_paths(self, project_id: ProjectId, paths: Collection[str]) -> Mapping[str, FlowId]:
        known = self.content.paths
        return {path: known[project_id, path] for path in paths if (project_id, path) in known}

    async def answer(self, project_id: ProjectId, request_id: str, since: int) -> Answer | None:
        answer = self.content.answers.get((project_id, request_id))
        return answer if answer is not None and answer.created_at >= since else None


class MemoryChange(MemoryView):
    """`ports.Change` of a snapshot that becomes the content."""

    def __init__(self, content: _Content) -> None:
        super().__init__(content)
        self.then: list[Callable[[], None]] = []

    async def add_flow(self, flow: Flow, principal: str) -> None:
        self.content.flows[flow.id] = flow

    async def replace_flow(self, flow: Flow, principal: str) -> None:
        self.content.flows[flow.id] = flow

    async def remove_flow(self, project_id: ProjectId, flow_id: FlowId) -> None:
        del self.content.flows[flow_id]
        for key in [key for key in self.content.versions if key[0] == flow_id]:
            del self.content.versions[key]
        await self.take_paths(project_id, flow_id, (), "")

    async def add_version(self, project_id: ProjectId, version: Version, principal: str) -> None:
        if version.blueprint is None:
            raise ValueError("a version is kept with its blueprint")
        self.content.versions[version.flow_id, version.number] = (project_id, version)
        flow = self.content.flows[version.flow_id]
        self.content.flows[flow.id] = replace(flow, latest_version=version.number)

    async def take_paths(self, project_id: ProjectId, flow_id: FlowId, paths: Collection[str], principal: str) -> None:
        kept = {key: owner for key, owner in self.content.paths.items() if owner != flow_id}
        self.content.paths = kept | {(project_id, path): flow_id for path in paths}

    async def last_event_id(self) -> str | None:
        return max(self.content.events, default=None)

    async def add_event(self, event: FlowEvent, principal: str) -> None:
        self.content.events[event.id] = event

    async def forget_events(self, before: str, limit: int) -> int:
        gone = sorted(id for id in self.content.events if id < before)[:limit]
        for id in gone:
            self.content.pruned[self.content.events.pop(id).project_id] = id
        return len(gone)

    async def add_schema(self, project_id: ProjectId, schema: Schema, principal: str) -> None:
        self.content.schemas[project_id, schema.subject, schema.version] = schema

    async def add_answer(self, project_id: ProjectId, request_id: str, answer: Answer, principal: str) -> None:
        self.content.answers[project_id, request_id] = answer

    async def forget_answers(self, before: int) -> None:
        for key in [key for key, answer in self.content.answers.items() if answer.created_at < before]:
            del self.content.answers[key]

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        before, noted = self.content.snapshot(), len(self.then)
        try:
            yield
        except ServiceError:
            self.content = before
            del self.then[noted:]
            raise

    def after_commit(self, then: Callable[[], None]) -> None:
        self.then.append(then)


def _summary(flow: Flow) -> FlowSummary:
    return FlowSummary(
        id=flow.id,
        project_id=flow.project_id,
        name=flow.document.name,
        description=flow.document.description,
        settings=flow.document.settings,
        etag=flow.etag,
        latest_version=flow.latest_version,
        created_at=flow.created_at,
        updated_at=flow.updated_at,
    )
