"""Read executions from SQLite: the port `Reads`, by SQLAlchemy. Each call is one snapshot."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from triggerflow_orchestrator.domain.execution import (
    ActivationRecord,
    ExecutionNotice,
    ExecutionRecord,
    LargeValue,
    Remembered,
)
from triggerflow_orchestrator.ports import EventPage, ExecutionFilter, Position, StoredAnswer
from triggerflow_orchestrator.store import read_activations, read_executions, read_history
from triggerflow_orchestrator.store.database import snapshot


class SqliteReads:
    """`ports.Reads` over the engine of `open_reader`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def execution(self, project_id: str, execution_id: str) -> ExecutionRecord | None:
        async with snapshot(self._engine) as connection:
            return await read_executions.one(connection, project_id, execution_id)

    async def executions(
        self, project_id: str, where: ExecutionFilter, after: Position | None, limit: int
    ) -> list[ExecutionRecord]:
        async with snapshot(self._engine) as connection:
            return await read_executions.page(connection, project_id, where, after, limit)

    async def activations(
        self, project_id: str, execution_id: str, after: Position | None, limit: int
    ) -> list[ActivationRecord] | None:
        async with snapshot(self._engine) as connection:
            if not await read_executions.exists_in(connection, project_id, execution_id):
                return None
            return await read_activations.page(connection, execution_id, after, limit)

    async def events(self, project_id: str, execution_id: str, after: str, limit: int) -> EventPage | None:
        async with snapshot(self._engine) as connection:
            if not await read_executions.exists_in(connection, project_id, execution_id):
                return None
            return await read_history.events_after(connection, execution_id, after, limit)

    async def notices(self, project_id: str, after: str, limit: int) -> list[ExecutionNotice]:
        async with snapshot(self._engine) as connection:
            return await read_history.notices_after(connection, project_id, after, limit)

    async def large_value(self, project_id: str, ref: str) -> LargeValue | None:
        async with snapshot(self._engine) as connection:
            return await read_history.large_value(connection, project_id, ref)

    async def answer(self, project_id: str, request_id: str, method: str) -> StoredAnswer | None:
        async with snapshot(self._engine) as connection:
            return await read_history.answer(connection, project_id, request_id, method)

    async def live(self) -> list[ExecutionRecord]:
        async with snapshot(self._engine) as connection:
            return await read_executions.live(connection)

    async def remembered(self, execution_id: str) -> Remembered | None:
        async with snapshot(self._engine) as connection:
            return await read_executions.remembered(connection, execution_id)
