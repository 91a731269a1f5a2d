"""`app.intervene.Interventions` over any migrated database."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from triggerflow_chassis.errors import TooMany

from triggerflow_orchestrator.domain.intervention import MOST_OF_A_RUN, Intervention
from triggerflow_orchestrator.domain.lease import RequestTaken
from triggerflow_orchestrator.ports import RequestRow
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.tables import executions, interventions, interventions_taken, requests

_E: Final = executions.c
_I: Final = interventions.c
_T: Final = interventions_taken.c


class SqlInterventions:
    """Made once a process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, project_id: str, intervention: Intervention, answer: RequestRow | None
    ) -> tuple[bool, str | None] | None:
        async with self._database.change(durable=True) as connection:
            whose = (_E.id == intervention.execution_id, _E.project_id == project_id)
            # Held, so that it cannot end in between.
            row = (await connection.execute(select(_E.ended_at, _E.owner).where(*whose).with_for_update())).first()
            if row is None:
                return None
            if row.ended_at is not None:
                return False, None
            if answer is not None:
                await _keep(connection, answer)
            of_run = select(func.count()).where(_I.execution_id == intervention.execution_id)
            if (await connection.execute(of_run)).scalar_one() >= MOST_OF_A_RUN:
                raise TooMany(f"An execution takes {MOST_OF_A_RUN} additions of context. Start another one.")
            await connection.execute(
                insert(interventions).values(
                    id=intervention.id,
                    execution_id=intervention.execution_id,
                    value=intervention.value_json,
                    principal=intervention.by,
                    created_at=intervention.at,
                )
            )
            # Whoever claims the run sees by this that there is something to read.
            added = update(executions).where(*whose).values(context_added=_E.context_added + 1)
            await connection.execute(added)
            return True, row.owner

    async def of_execution(self, project_id: str, execution_id: str) -> list[Intervention] | None:
        async with self._database.snapshot() as connection:
            known = await connection.execute(select(_E.id).where(_E.id == execution_id, _E.project_id == project_id))
            if known.first() is None:
                return None
            return [made for made, _ in await of_run(connection, execution_id)]

    async def to_take(self, owner: str | None) -> list[Intervention]:
        mine = _E.owner.is_(None) if owner is None else _E.owner == owner
        query = _with_taken().join(executions, _E.id == _I.execution_id)
        query = query.where(_E.ended_at.is_(None), mine, _T.id.is_(None)).order_by(_I.id)
        async with self._database.snapshot() as connection:
            return [_made(row) for row in await connection.execute(query)]


async def of_run(connection: AsyncConnection, execution_id: str) -> list[tuple[Intervention, bool]]:
    """In their order, and of each whether the run took it."""
    query = _with_taken().where(_I.execution_id == execution_id).order_by(_I.id)
    return [(_made(row), row.taken is not None) for row in await connection.execute(query)]


def _with_taken() -> Select[Any]:
    joined = interventions.outerjoin(interventions_taken, (_T.id == _I.id) & (_T.execution_id == _I.execution_id))
    return select(interventions, _T.id.label("taken")).select_from(joined)


async def _keep(connection: AsyncConnection, answer: RequestRow) -> None:
    named = (
        requests.c.project_id == answer.project_id,
        requests.c.request_id == answer.request_id,
        requests.c.method == answer.method,
    )
    if (await connection.execute(select(requests.c.created_at).where(*named))).first() is not None:
        raise RequestTaken(answer.request_id)
    await connection.execute(insert(requests).values(answer._asdict()))


def _made(row: Row[Any]) -> Intervention:
    return Intervention(row.id, row.execution_id, row.value, row.principal, row.created_at)
