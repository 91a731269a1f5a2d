"""How many units the journal writes at once, and that one bad moment does not keep it small."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from triggerflow_chassis.postgres.address import parse_postgres
from triggerflow_orchestrator.app.durable import Durable
from triggerflow_orchestrator.app.units import Unit
from triggerflow_orchestrator.store.postgres_journal import PostgresJournal
from triggerflow_orchestrator.store.postgres_statement import MOST_UNITS


class Session:
    """Takes whatever it is given but for the first groups."""

    closed = False
    connection = None

    def __init__(self, refused: int) -> None:
        self._refused = refused
        self.sizes: list[int] = []

    async def write(self, group: Any) -> list[bool]:
        self.sizes.append(len(group.units))
        if len(self.sizes) <= self._refused:
            raise asyncpg.DataError("not this group")
        return [True] * len(group.units)

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_group_that_was_halved_grows_back(monkeypatch: Any) -> None:
    session = Session(refused=3)

    async def open_session(_: Any) -> Any:
        return session

    monkeypatch.setattr("triggerflow_orchestrator.store.postgres_journal.open_session", open_session)
    journal = PostgresJournal(parse_postgres("postgresql://nobody@127.0.0.1:1/none", "orchestrator", "test"))
    await journal.open()
    try:
        last = Durable()
        for _ in range(3 * MOST_UNITS - 1):
            journal.submit(Unit())
        journal.submit(Unit(done=last.told))
        await asyncio.wait_for(last.wait(), 10)
    finally:
        await journal.close()
    most = MOST_UNITS
    assert session.sizes[:7] == [most, most // 2, most // 4, most // 8, most // 4, most // 2, most]
