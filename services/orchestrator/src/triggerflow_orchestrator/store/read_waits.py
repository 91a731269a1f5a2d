"""Read waits: one row as a record, and those that a run has not taken up."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from triggerflow_orchestrator.domain.wait import WaitRecord
from triggerflow_orchestrator.store.tables import waits


def record(row: Row[Any]) -> WaitRecord:
    """A row of `waits`."""
    return WaitRecord(
        id=row.id,
        execution_id=row.execution_id,
        project_id=row.project_id,
        flow_id=row.flow_id,
        flow_name=row.flow_name,
        node_id=row.node_id,
        node_name=row.node_name,
        scope=row.scope,
        kind=row.kind,
        status=row.status,
        schema_json=row.form,
        assignees=tuple(row.assignees.strip("\n").split("\n")) if row.assignees else (),
        input_json=row.input,
        name=row.name,
        key=row.key,
        fails=row.fails,
        created_at=row.created_at,
        due_at=row.due_at,
        answer_json=row.answer,
        settled_at=row.settled_at,
    )


async def of_execution(connection: AsyncConnection, execution_id: str) -> tuple[WaitRecord, ...]:
    """Those of a run that it has not taken up, by rising time of their answer; open ones last."""
    query = select(waits).where(waits.c.execution_id == execution_id, text("NOT applied"))
    found = [record(row) for row in await connection.execute(query)]
    return tuple(sorted(found, key=lambda wait: (wait.settled_at is None, wait.settled_at or 0, wait.id)))
