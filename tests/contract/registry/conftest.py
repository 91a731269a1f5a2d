"""One fixture over every store. A new backend is one more line in BACKENDS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from triggerflow_chassis.postgres.address import parse_postgres
from triggerflow_registry.domain.etag import flow_etag
from triggerflow_registry.domain.flow import Document, Flow, FlowEvent, FlowEventType, FlowId, ProjectId, Version
from triggerflow_registry.ports import Store
from triggerflow_registry.store.memory import MemoryStore
from triggerflow_registry.store.postgres import open_postgres
from triggerflow_registry.store.redis_texts import open_redis_texts
from triggerflow_registry.store.sqlite import open_sqlite
from triggerflow_registry.store.version_cache import CachedStore

MINE = ProjectId("00000000-0000-7000-8000-000000000001")
OTHERS = ProjectId("00000000-0000-7000-8000-000000000002")


@asynccontextmanager
async def _memory(_request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    yield MemoryStore()


@asynccontextmanager
async def _sqlite(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    folder: Path = request.getfixturevalue("tmp_path")
    async with open_sqlite(folder / "registry.sqlite3", busy_ms=200) as store:
        yield store


@asynccontextmanager
async def _postgres(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    async with open_postgres(parse_postgres(request.getfixturevalue("database_url"), "registry", "test")) as store:
        yield store


@asynccontextmanager
async def _behind_redis(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    async with _postgres(request) as store, open_redis_texts(request.getfixturevalue("valkey").url) as texts:
        yield CachedStore(store, texts, "secret")


BACKENDS: dict[str, Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[Store]]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "postgres": _postgres,
    "postgres behind redis": _behind_redis,
}


@pytest.fixture(
    params=[
        "memory",
        "sqlite",
        *(pytest.param(name, marks=pytest.mark.postgres) for name in ("postgres", "postgres behind redis")),
    ]
)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    async with BACKENDS[request.param](request) as opened:
        yield opened


class Maker:
    """Makes what a store keeps, with readable ids."""

    mine = MINE
    others = OTHERS

    def id(self, number: int) -> FlowId:
        return FlowId(f"00000000-0000-7000-8000-{number:012x}")

    def document(self, name: str = "A flow", **members: Any) -> Document:
        node = {
            "id": self.id(900),
            "name": "ä\u2028🙂",
            "config": [1, 1.5, -(2**63), 2**63 - 1, None, True],
            "version": 3,
        }
        members = {"description": "", "nodes": (node,), "edges": (), "channels": (), "settings": {}} | members
        return Document(name=name, **members)

    def flow(self, number: int, *, created_at: int = 0, project: ProjectId = MINE, **document: Any) -> Flow:
        drawn = self.document(**document)
        flow_id = self.id(number)
        return Flow(flow_id, project, drawn, flow_etag(flow_id, drawn), 0, created_at, created_at)

    def changed(self, flow: Flow, **members: Any) -> Flow:
        return replace(flow, document=replace(flow.document, **members), etag="changed")

    def version(self, flow: Flow, number: int) -> Version:
        return Version(flow.id, number, f"hash {number}", 10 + number, f"message {number}", flow.document)

    def event(self, number: int, *, flow: int = 1, project: ProjectId = MINE, **members: Any) -> FlowEvent:
        values: dict[str, Any] = {"type": FlowEventType.UPDATED, "timestamp": number, "deleted": False} | members
        return FlowEvent(id=str(self.id(number)), project_id=project, flow_id=self.id(flow), **values)


@pytest.fixture
def make() -> Maker:
    return Maker()
