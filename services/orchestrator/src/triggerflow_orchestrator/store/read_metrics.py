"""Add up what handlers told by `ctx.metric`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from triggerflow_orchestrator.domain.execution import MetricTotal
from triggerflow_orchestrator.store.tables import activation_metrics

_M: Final = activation_metrics.c


async def of_execution(connection: AsyncConnection, execution_id: str) -> list[MetricTotal]:
    query = _totals(_M.execution_id == execution_id).group_by(_M.name).order_by(_M.name)
    return [_total(row) for row in await connection.execute(query)]


async def by_activation(connection: AsyncConnection, execution_id: str) -> dict[str, tuple[MetricTotal, ...]]:
    return await _grouped(connection, _M.execution_id == execution_id)


async def of_activations(
    connection: AsyncConnection, execution_id: str, activation_ids: Collection[str]
) -> dict[str, tuple[MetricTotal, ...]]:
    return await _grouped(connection, _M.execution_id == execution_id, _M.activation_id.in_(activation_ids))


async def _grouped(connection: AsyncConnection, *where: ColumnElement[bool]) -> dict[str, tuple[MetricTotal, ...]]:
    query = _totals(*where).add_columns(_M.activation_id).group_by(_M.activation_id, _M.name).order_by(_M.name)
    found: dict[str, tuple[MetricTotal, ...]] = {}
    for row in await connection.execute(query):
        found[row.activation_id] = (*found.get(row.activation_id, ()), _total(row))
    return found


def _totals(*where: ColumnElement[bool]) -> Select[Any]:
    unit = func.min(_M.unit).label("unit")
    return select(_M.name, unit, func.sum(_M.value).label("total"), func.count().label("times")).where(*where)


def _total(row: Any) -> MetricTotal:
    return MetricTotal(row.name, row.unit, row.total, row.times)
