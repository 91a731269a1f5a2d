"""A journal over each database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from journal_worlds import PostgresWorld, World, open_postgres_world, open_sqlite_world
from lease_world import LeaseWorld, open_lease_world


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "sqlite":
        async with open_sqlite_world(tmp_path / "orchestrator.sqlite3") as sqlite:
            yield sqlite
    else:
        async with open_postgres_world(request.getfixturevalue("database_url")) as postgres:
            yield postgres


@pytest.fixture
async def mesh(database_url: str) -> AsyncIterator[PostgresWorld]:
    """PostgreSQL only."""
    async with open_postgres_world(database_url) as opened:
        yield opened


@pytest.fixture
async def leases(mesh: PostgresWorld) -> AsyncIterator[LeaseWorld]:
    """Leases of half a minute, and commands, beside the journal of `mesh`."""
    async with open_lease_world(mesh) as opened:
        yield opened
