"""A migrated database of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from triggerflow_chassis.postgres.address import parse_postgres
from triggerflow_chassis.schema_chain import migrate_file
from triggerflow_orchestrator.store.database import Database, open_sqlite
from triggerflow_orchestrator.store.migrations import CHAIN
from triggerflow_orchestrator.store.postgres import open_postgres


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
