"""Find what ended and is not archived, and note what is. Any SQL database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import select, text, update

from triggerflow_orchestrator.domain.archive import ToArchive
from triggerflow_orchestrator.domain.execution import LargeValue
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.read_executions import record
from triggerflow_orchestrator.store.tables import TO_ARCHIVE, execution_labels, executions, objects

_E: Final = executions.c


class SqlArchiving:
    """`ports.Archiving` over a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def to_archive(self, before_us: int, without: Collection[str], limit: int) -> list[ToArchive]:
        query = (
            select(executions)
            .where(text(TO_ARCHIVE), _E.ended_at <= before_us, _E.project_id != "", _E.id.not_in(without))
            .order_by(_E.ended_at)
            .limit(limit)
        )
        async with self._database.snapshot() as connection:
            records = [record(row) for row in await connection.execute(query)]
            ids = [each.id for each in records]
            labels: dict[str, list[str]] = {id: [] for id in ids}
            values: dict[str, list[LargeValue]] = {id: [] for id in ids}
            if ids:
                marks = execution_labels.c
                for row in await connection.execute(select(execution_labels).where(marks.execution_id.in_(ids))):
                    labels[row.execution_id].append(row.label)
                large = select(objects).where(objects.c.execution_id.in_(ids)).order_by(objects.c.ref)
                for row in await connection.execute(large):
                    values[row.execution_id].append(LargeValue(row.ref, row.execution_id, row.bytes, row.key))
        return [ToArchive(each, labels[each.id], values[each.id]) for each in records]

    async def note_archived(self, execution_ids: Sequence[str], at_us: int) -> None:
        async with self._database.change() as connection:
            await connection.execute(update(executions).where(_E.id.in_(execution_ids)).values(archived_at=at_us))
