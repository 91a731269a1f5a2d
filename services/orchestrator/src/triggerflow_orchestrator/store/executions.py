"""Read executions from SQL: the port `Reads`, by SQLAlchemy. Each call is one snapshot."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from triggerflow_orchestrator.domain.execution import (
    ActivationRecord,
    ExecutionRecord,
    LargeValue,
    MetricTotal,
    Remembered,
)
from triggerflow_orchestrator.domain.plan import Plan
from triggerflow_orchestrator.ports import EventPage, ExecutionFilter, NoticePage, Position, StoredAnswer
from triggerflow_orchestrator.store import read_activations, read_executions, read_history, read_metrics
from triggerflow_orchestrator.store.database import Database


class SqlReads:
    """`ports.Reads` over any database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def execution(self, project_id: str, execution_id: str) -> ExecutionRecord | None:
        async with self._database.snapshot() as connection:
            return await read_executions.one(connection, project_id, execution_id)

    async def executions(
        self, project_id: str, where: ExecutionFilter, after: Position | None, limit: int
    ) -> list[ExecutionRecord]:
        async with self._database.snapshot() as connection:
            return await read_executions.page(connection, project_id, where, after, limit)

    async def ended(self, execution_ids: Collection[str]) -> frozenset[str]:
        async with self._database.snapshot() as connection:
            return await read_executions.ended(connection, execution_ids)

    async def activations(
        self, project_id: str, execution_id: str, after: Position | None, limit: int
    ) -> list[ActivationRecord] | None:
        async with self._database.snapshot() as connection:
            if not await read_executions.exists_in(connection, project_id, execution_id):
                return None
            return await read_activations.page(connection, execution_id, after, limit)

    async def metrics(self, execution_id: str) -> list[MetricTotal]:
        async with self._database.snapshot() as connection:
            return await read_metrics.of_execution(connection, execution_id)

    async def metrics_by_activation(self, execution_id: str) -> Mapping[str, tuple[MetricTotal, ...]]:
        async with self._database.snapshot() as connection:
            return await read_metrics.by_activation(connection, execution_id)

    async def events(self, project_id: str, execution_id: str, after: str, limit: int) -> EventPage | None:
        async with self._database.snapshot() as connection:
            if not await read_executions.exists_in(connection, project_id, execution_id):
                return None
            return await read_history.events_after(connection, execution_id, after, limit)

    async def notices(self, project_id: str, after: str, limit: int, *, flows: bool) -> NoticePage:
        async with self._database.snapshot() as connection:
            return await read_history.notices_after(connection, project_id, after, limit, flows=flows)

    async def newest_notice(self, project_id: str) -> str:
        async with self._database.snapshot() as connection:
            return await read_history.newest_notice(connection, project_id)

    async def followed_to(self, name: str) -> str:
        async with self._database.snapshot() as connection:
            return await read_history.followed_to(connection, name)

    async def large_value(self, project_id: str, ref: str) -> LargeValue | None:
        async with self._database.snapshot() as connection:
            return await read_history.large_value(connection, project_id, ref)

    async def answer(self, project_id: str, request_id: str, method: str) -> StoredAnswer | None:
        async with self._database.snapshot() as connection:
            return await read_history.answer(connection, project_id, request_id, method)

    async def seed(self, execution_id: str) -> str | None:
        async with self._database.snapshot() as connection:
            return await read_executions.seed(connection, execution_id)

    async def live(self) -> list[ExecutionRecord]:
        async with self._database.snapshot() as connection:
            return await read_executions.live(connection)

    async def remembered(self, execution_id: str, plan: Plan | None = None) -> Remembered | None:
        async with self._database.snapshot() as connection:
            return await read_executions.remembered(connection, execution_id, plan)
