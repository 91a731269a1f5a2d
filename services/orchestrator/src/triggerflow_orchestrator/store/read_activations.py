"""Tell what nodes did: starts, attempts and outcomes of one execution, merged into activations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Row, func, select, text, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from triggerflow_orchestrator.domain.execution import ActivationRecord
from triggerflow_orchestrator.ports import Position
from triggerflow_orchestrator.store import read_metrics
from triggerflow_orchestrator.store.read_executions import failure
from triggerflow_orchestrator.store.tables import activation_attempts, activation_starts, journal, waits

_S: Final = activation_starts.c
_J: Final = journal.c
_A: Final = activation_attempts.c
_W: Final = waits.c


async def page(
    connection: AsyncConnection, execution_id: str, after: Position | None, limit: int
) -> list[ActivationRecord]:
    """By rising (started_at, id). The start is the start row's where there is one, so that it never moves."""
    started = select(_S.activation_id).where(_S.execution_id == execution_id)
    # A skipped node never started: its outcome is all there is.
    keys = union_all(
        select(_S.activation_id, _S.started_at).where(_S.execution_id == execution_id),
        select(_J.activation_id, _J.started_at).where(
            _J.execution_id == execution_id, _J.activation_id.not_in(started)
        ),
    ).subquery()
    query = select(keys.c.activation_id, keys.c.started_at)
    if after is not None:
        query = query.where(tuple_(keys.c.started_at, keys.c.activation_id) > tuple_(after.at_us, after.id))
    query = query.order_by(keys.c.started_at, keys.c.activation_id).limit(limit)
    wanted = [(row.activation_id, row.started_at) for row in await connection.execute(query)]
    if not wanted:
        return []

    ids = [activation_id for activation_id, _ in wanted]
    starts = await _by_activation(
        connection, select(activation_starts).where(_S.activation_id.in_(ids), _S.execution_id == execution_id)
    )
    outcomes = await _by_activation(
        connection, select(journal).where(_J.execution_id == execution_id, _J.activation_id.in_(ids))
    )
    attempts = await _by_activation(
        connection,
        select(_A.activation_id, func.max(_A.attempt).label("attempt"))
        .where(_A.activation_id.in_(ids))
        .group_by(_A.activation_id),
    )
    waiting = await connection.execute(select(_W.id).where(_W.id.in_(ids), text("NOT applied")))
    waiting_ids = frozenset(waiting.scalars())
    metrics = await read_metrics.of_activations(connection, execution_id, ids)
    found = [
        _merge(
            activation_id,
            at,
            starts.get(activation_id),
            outcomes.get(activation_id),
            attempts.get(activation_id),
            is_waiting=activation_id in waiting_ids,
        )
        for activation_id, at in wanted
    ]
    return (
        [replace(each, metrics=metrics[each.id]) if each.id in metrics else each for each in found]
        if metrics
        else found
    )


async def _by_activation(connection: AsyncConnection, query: Any) -> dict[str, Row[Any]]:
    return {row.activation_id: row for row in await connection.execute(query)}


def _merge(
    activation_id: str,
    started_at: int,
    start: Row[Any] | None,
    outcome: Row[Any] | None,
    later_attempt: Row[Any] | None,
    *,
    is_waiting: bool,
) -> ActivationRecord:
    inputs = None if start is None else start.inputs
    if outcome is not None:
        return ActivationRecord(
            id=activation_id,
            node_id=outcome.node_id,
            scope=outcome.scope,
            attempt=outcome.attempt,
            status=outcome.status,
            inputs_json=inputs,
            ports_json=outcome.ports,
            error=failure(outcome.error),
            started_at=started_at,
            ended_at=outcome.ended_at,
        )
    assert start is not None, "the query gives only ids of one of the two"
    return ActivationRecord(
        id=activation_id,
        node_id=start.node_id,
        scope=start.scope,
        attempt=1 if later_attempt is None else later_attempt.attempt,
        status="waiting" if is_waiting else "running",
        inputs_json=inputs,
        ports_json="{}",
        error=None,
        started_at=started_at,
        ended_at=None,
    )
