"""A migrated database of each kind, with the trigger book over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from triggerflow_chassis.postgres.address import parse_postgres
from triggerflow_chassis.schema_chain import migrate_file
from triggerflow_orchestrator.domain.trigger import ActiveFlow, TriggerNode
from triggerflow_orchestrator.store.database import Database, open_sqlite
from triggerflow_orchestrator.store.migrations import CHAIN
from triggerflow_orchestrator.store.postgres import open_postgres
from triggerflow_orchestrator.store.trigger_book import SqlTriggerBook

PROJECT = "00000000-0000-7000-8000-000000000001"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        path = tmp_path / "orchestrator.sqlite3"
        migrate_file(CHAIN, path, 1_000)
        async with open_sqlite(path) as sqlite:
            yield sqlite
    else:
        postgres = parse_postgres(request.getfixturevalue("database_url"), "orchestrator", "test")
        async with open_postgres(postgres) as opened:
            yield opened


@pytest.fixture
def book(database: Database) -> SqlTriggerBook:
    return SqlTriggerBook(database)


class Make:
    """Makes what a registry says."""

    def node(self, node_id: str, kind: str = "core:webhook", key: str = "", **config: object) -> TriggerNode:
        return TriggerNode(node_id, f"Node {node_id}", kind, key, config)

    def flow(self, flow_id: str, *nodes: TriggerNode, version: str = "1", name: str = "Flow") -> ActiveFlow:
        return ActiveFlow(PROJECT, flow_id, name, version, f"hash {version}", nodes)

    def same(self, flow_id: str, version: str = "1", name: str = "Flow") -> ActiveFlow:
        """The version that is known already."""
        return ActiveFlow(PROJECT, flow_id, name, version)

    def gone(self, flow_id: str) -> ActiveFlow:
        return ActiveFlow(PROJECT, flow_id, "", None, deleted=True)


@pytest.fixture
def make() -> Make:
    return Make()
