"""`app.failure_calls.FailureCallStore` over any migrated database. Rows another replica looks at are passed over."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, func, select, text, tuple_, update

from triggerflow_orchestrator.domain.failure_call import STARTED_BY_FAILURE, FailureCall
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.database_clock import now_of
from triggerflow_orchestrator.store.tables import NOT_TOLD, failure_calls, fires

_C: Final = failure_calls.c
_SECOND_US: Final = 1_000_000


class SqlFailureCalls:
    """Made once a process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, limit: int, seconds: float) -> list[FailureCall]:
        async with self._database.change() as connection:
            now = await now_of(connection)
            due = (
                select(_C.execution_id, _C.kind)
                .where(text(NOT_TOLD), _C.look_at <= now)
                .order_by(_C.look_at, _C.execution_id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            keys = [tuple(row) for row in await connection.execute(due)]
            if not keys:
                return []
            until = now + round(seconds * _SECOND_US)
            mine = update(failure_calls).where(tuple_(_C.execution_id, _C.kind).in_(keys)).values(look_at=until)
            return [
                FailureCall(row.execution_id, row.kind, row.project_id, row.principal, row.target, row.attempt)
                for row in await connection.execute(mine.returning(failure_calls))
            ]

    async def later(self, call: FailureCall, seconds: float, error: str) -> None:
        async with self._database.change() as connection:
            look_at = await now_of(connection) + round(seconds * _SECOND_US)
            values = {"look_at": look_at, "attempt": call.attempt + 1, "error": error}
            await connection.execute(update(failure_calls).where(_is(call)).values(values))

    async def done(self, call: FailureCall, error: str | None) -> None:
        async with self._database.change() as connection:
            values = {"done_at": await now_of(connection), "attempt": call.attempt + 1, "error": error}
            await connection.execute(update(failure_calls).where(_is(call)).values(values))

    async def started_by_failure(self, execution_id: str) -> bool:
        query = select(fires.c.execution_id).where(
            fires.c.execution_id == execution_id, fires.c.node_id == STARTED_BY_FAILURE
        )
        async with self._database.snapshot() as connection:
            return (await connection.execute(query)).first() is not None

    async def next_in(self) -> float | None:
        async with self._database.snapshot() as connection:
            soonest = (await connection.execute(select(func.min(_C.look_at)).where(text(NOT_TOLD)))).scalar_one()
            return None if soonest is None else (soonest - await now_of(connection)) / _SECOND_US


def _is(call: FailureCall) -> ColumnElement[bool]:
    return and_(_C.execution_id == call.execution_id, _C.kind == call.kind)
