"""Calls that are to be made because runs failed."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import insert, select
from triggerflow_orchestrator.domain.failure_call import MOST_TRIES, STARTED_BY_FAILURE, FailureCall, wait_before_next
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.failure_calls import SqlFailureCalls
from triggerflow_orchestrator.store.tables import failure_calls, fires


async def add(database: Database, execution_id: str, kind: str = "url", look_at: int = 1) -> None:
    row = {"project_id": "p", "principal": "me", "target": "https://example.com", "look_at": look_at}
    async with database.change() as connection:
        await connection.execute(insert(failure_calls).values(execution_id=execution_id, kind=kind, **row))


async def row(database: Database, execution_id: str) -> Any:
    async with database.snapshot() as connection:
        query = select(failure_calls).where(failure_calls.c.execution_id == execution_id)
        return (await connection.execute(query)).one()


async def test_a_call_is_given_to_one_replica_at_a_time_and_again_once_that_one_is_late(database: Database) -> None:
    for number in range(40):
        await add(database, f"run {number}", look_at=number)
    await add(database, "run 0", "flow", look_at=50)
    replicas = [SqlFailureCalls(database) for _ in range(4)]
    claims = await asyncio.gather(*(replica.claim(15, 60) for replica in replicas))
    given = [(call.execution_id, call.kind) for claim in claims for call in claim]
    while more := await replicas[0].claim(15, 60):
        given.extend((call.execution_id, call.kind) for call in more)
    assert len(given) == len(set(given)) == 41
    assert await replicas[0].claim(15, 60) == []
    wait = await replicas[0].next_in()
    assert wait is not None and 50 < wait <= 60
    await add(database, "late")
    assert len(await replicas[0].claim(15, 0.0)) == 1
    (again,) = await replicas[1].claim(15, 60)
    assert again == FailureCall("late", "url", "p", "me", "https://example.com", 0)


async def test_one_that_failed_comes_again_later_and_one_that_is_done_never(database: Database) -> None:
    store = SqlFailureCalls(database)
    await add(database, "a")
    (call,) = await store.claim(1, 60)
    await store.later(call, 30.0, "HttpStatus: 503")
    assert await store.claim(1, 60) == []
    found = await row(database, "a")
    assert (found.attempt, found.error, found.done_at) == (1, "HttpStatus: 503", None)
    await store.later(call, -1.0, "again")
    (call,) = await store.claim(1, -1.0)
    assert call.attempt == 1
    await store.done(call, None)
    assert await store.claim(1, 60) == []
    assert await store.next_in() is None
    found = await row(database, "a")
    assert (found.attempt, found.error) == (2, None)
    assert found.done_at > 0


async def test_a_run_that_was_started_because_another_failed_is_known(database: Database) -> None:
    store = SqlFailureCalls(database)
    async with database.change() as connection:
        for node_id, execution_id in ((STARTED_BY_FAILURE, "told"), ("a trigger", "fired")):
            key = {"flow_id": "f", "node_id": node_id, "request_id": "r"}
            await connection.execute(insert(fires).values(**key, execution_id=execution_id, fired_at=1))
    assert await store.started_by_failure("told")
    assert not await store.started_by_failure("fired")
    assert not await store.started_by_failure("another")


def test_the_waits_double_up_to_an_hour_and_end() -> None:
    waits = [wait_before_next(attempt, None) for attempt in range(1, MOST_TRIES + 1)]
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-2:] == [3_600, None]
    assert wait_before_next(1, 90.0) == 90
    assert wait_before_next(1, 10_000.0) == 3_600
