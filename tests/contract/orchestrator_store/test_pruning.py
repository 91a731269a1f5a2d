"""What is forgotten: all that is old, nothing else, and without stopping who writes. Over each database."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from triggerflow_chassis.errors import Unavailable
from triggerflow_orchestrator.domain.execution import LargeValue
from triggerflow_orchestrator.ports import Objects, StoredAnswer
from triggerflow_orchestrator.store import database as database_module
from triggerflow_orchestrator.store import tables
from triggerflow_orchestrator.store.objects import FileObjects
from triggerflow_orchestrator.store.pruning import SqlPruning

# Memory has nothing that a port deletes.
POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)
over_each = pytest.mark.parametrize("world", ["sqlite", POSTGRES], indirect=True)

# A millisecond after the sample's ids were made.
CUT = (0x0190_0000_0000 + 1) * 1_000
# Tables that hold what belongs to one execution.
OF_EXECUTIONS = (
    tables.executions,
    tables.execution_labels,
    tables.activation_starts,
    tables.activation_attempts,
    tables.activation_metrics,
    tables.journal,
    tables.events,
    tables.objects,
    tables.commands,
    tables.failure_calls,
    tables.interventions,
    tables.interventions_taken,
    tables.seeds,
    tables.fires,
)


@pytest.fixture
def objects(tmp_path: Path) -> FileObjects:
    return FileObjects(tmp_path / "objects")


@pytest.fixture
def pruning(world: Any, objects: FileObjects) -> SqlPruning:
    return SqlPruning(world.database, objects)


async def add_run(world: Any, sample: Any, objects: Objects, number: int, ended_at: int | None, events: int = 3) -> str:
    """An execution with something in every table."""
    status = "running" if ended_at is None else "succeeded"
    record = sample.execution(number, status=status, ended_at=ended_at)
    world.add_execution(record, ["red", "blue"])
    world.add_start(record.id, sample.start(number * 100, 5))
    world.add_outcome(record.id, sample.outcome(number * 100, 1, 5))
    world.execute(
        insert(tables.activation_attempts).values(
            activation_id=sample.id(number * 100), attempt=2, execution_id=record.id, failed_type="Oops", due_at=1
        )
    )
    world.add_metric(record.id, sample.id(number * 100), 0, "tokens", None, 1)
    told = [sample.event(number * 10_000 + place, place) for place in range(1, events + 1)]
    rows = [{"execution_id": record.id, "id": each.id, "sequence": each.sequence, "body": each.body} for each in told]
    world.execute(insert(tables.events).values(rows))
    call = {"project_id": sample.project, "principal": "p", "target": "t", "look_at": 1}
    world.execute(insert(tables.failure_calls).values(execution_id=record.id, kind="url", **call))
    world.execute(insert(tables.interventions_taken).values(execution_id=record.id, id="i"))
    added = {"id": sample.id(number), "value": "1", "principal": "p", "created_at": 1}
    world.execute(insert(tables.interventions).values(execution_id=record.id, **added))
    ref = sample.id(number * 1_000)
    world.add_value(LargeValue(ref, record.id, 4, await objects.put(ref, b"text")))
    world.execute(
        insert(tables.commands).values(
            id=sample.id(number), execution_id=record.id, kind="cancel", principal="p", body="{}", created_at=1
        )
    )
    world.execute(insert(tables.seeds).values(execution_id=record.id, body="{}"))
    fired = {"flow_id": "f", "node_id": "n", "request_id": f"r{number}", "fired_at": 1}
    world.execute(insert(tables.fires).values(execution_id=record.id, **fired))
    return str(record.id)


@over_each
async def test_only_answers_made_before_are_forgotten_however_many(
    world: Any, sample: Any, pruning: SqlPruning
) -> None:
    for place in range(0, 1_200, 200):
        rows = [
            {
                **{"project_id": sample.project, "request_id": f"old {number}", "method": "Start"},
                **{"fingerprint": "print", "response": b"", "created_at": 99},
            }
            for number in range(place, place + 200)
        ]
        world.execute(insert(tables.requests).values(rows))
    world.add_answer(sample.project, "new", "Start", StoredAnswer("print", b"kept", None, 100))
    assert await pruning.forget_answers(100) == 1_200
    assert await pruning.forget_answers(100) == 0
    assert await world.reads.answer(sample.project, "old 7", "Start") is None
    assert (await world.reads.answer(sample.project, "new", "Start")).response == b"kept"


@over_each
async def test_an_execution_that_ended_before_goes_with_all_that_is_its(
    world: Any, sample: Any, pruning: SqlPruning, objects: FileObjects
) -> None:
    old = [await add_run(world, sample, objects, number, CUT - 1) for number in range(1, 13)]
    ended_later = await add_run(world, sample, objects, 20, CUT)
    runs_still = await add_run(world, sample, objects, 21, None)
    before = {table.name: world.count(table) for table in OF_EXECUTIONS}
    assert await pruning.forget_executions(CUT) == len(old)
    for execution_id in old:
        assert await world.reads.execution(sample.project, execution_id) is None
        assert await world.reads.remembered(execution_id) is None
    for execution_id in (ended_later, runs_still):
        assert (await world.reads.execution(sample.project, execution_id)).id == execution_id
        assert len((await world.reads.events(sample.project, execution_id, "", 50)).events) == 3
        assert len(await world.reads.activations(sample.project, execution_id, None, 50)) == 1
    for table in OF_EXECUTIONS:
        assert world.count(table) == before[table.name] * 2 // 14, table.name
    assert await objects.get(sample.id(1_000), 0, 9) is None
    assert await objects.get(sample.id(20_000), 0, 9) == b"text"
    assert await pruning.forget_executions(CUT) == 0


@over_each
async def test_an_execution_of_many_events_goes_whole(
    world: Any, sample: Any, pruning: SqlPruning, objects: FileObjects
) -> None:
    await add_run(world, sample, objects, 1, CUT - 1, events=1_700)
    assert await pruning.forget_executions(CUT) == 1
    assert [world.count(table) for table in OF_EXECUTIONS] == [0] * len(OF_EXECUTIONS)


@over_each
async def test_an_execution_whose_values_cannot_be_forgotten_goes_another_time(
    world: Any, sample: Any, objects: FileObjects, tmp_path: Path
) -> None:
    class Down(FileObjects):
        async def remove(self, key: str) -> None:
            raise Unavailable("the store does not answer")

    run = await add_run(world, sample, objects, 1, CUT - 1)
    with pytest.raises(Unavailable):
        await SqlPruning(world.database, Down(tmp_path / "objects")).forget_executions(CUT)
    # Nobody sees it any more, and its value still has its name.
    assert await world.reads.execution(sample.project, run) is None
    assert world.count(tables.objects) == 1
    assert await SqlPruning(world.database, objects).forget_executions(CUT) == 1
    assert await objects.get(sample.id(1_000), 0, 9) is None


@over_each
async def test_two_who_prune_at_once_forget_each_execution_once_and_leave_nothing(
    world: Any, sample: Any, pruning: SqlPruning, objects: FileObjects
) -> None:
    for number in range(1, 31):
        await add_run(world, sample, objects, number, CUT - 1)
    counts = await asyncio.gather(*(pruning.forget_executions(CUT) for _ in range(2)))
    assert sum(counts) == 30
    assert [world.count(table) for table in OF_EXECUTIONS] == [0] * len(OF_EXECUTIONS)


@over_each
async def test_a_cursor_below_a_forgotten_notice_has_expired_and_no_other(
    world: Any, sample: Any, pruning: SqlPruning
) -> None:
    young = first_of(CUT)
    for number in range(1, 4):
        world.add_notice(sample.notice(number))
    world.add_notice(sample.notice(4, project_id=sample.other_project))
    world.add_notice(sample.notice(5, id=young))
    assert await pruning.forget_notices(CUT) == 4
    page = await world.reads.notices(sample.project, sample.id(2), 50, flows=True)
    assert ([notice.id for notice in page.notices], page.expired) == ([young], True)
    assert (await world.reads.notices(sample.project, sample.id(3), 50, flows=True)).expired is False
    assert (await world.reads.notices(sample.project, "", 50, flows=True)).expired is False
    # Only what was one's own can be missed: here the last one was seen.
    assert (await world.reads.notices(sample.other_project, sample.id(4), 50, flows=True)).expired is False
    assert (await world.reads.notices(sample.other_project, sample.id(3), 50, flows=True)).expired is True
    assert await pruning.forget_notices(CUT) == 0
    assert (await world.reads.notices(sample.project, sample.id(2), 50, flows=True)).expired is True


def first_of(at_us: int) -> str:
    return f"{at_us // 1_000:012x}"[:8] + "-" + f"{at_us // 1_000:012x}"[8:] + "-7000-8000-000000000001"


@pytest.mark.parametrize("world", [POSTGRES], indirect=True)
async def test_an_execution_that_another_holds_is_passed_over(
    world: Any, sample: Any, pruning: SqlPruning, objects: FileObjects
) -> None:
    held, free = [await add_run(world, sample, objects, number, CUT - 1) for number in (1, 2)]
    async with world.database.change() as connection:
        await connection.execute(update(tables.executions).where(tables.executions.c.id == held).values(principal="x"))
        assert await pruning.forget_executions(CUT) == 1
    assert await world.reads.execution(sample.project, free) is None
    assert await pruning.forget_executions(CUT) == 1


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
async def test_a_file_that_another_writes_to_is_unavailable(
    world: Any, sample: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_MS", 50)
    path = tmp_path / "orchestrator.sqlite3"
    world.add_answer(sample.project, "old", "Start", StoredAnswer("print", b"", None, 1))
    async with database_module.open_sqlite(path) as database:
        pruning = SqlPruning(database, FileObjects(tmp_path / "objects"))
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable):
                await pruning.forget_answers(100)
            # Readers go on meanwhile.
            assert await world.reads.answer(sample.project, "old", "Start") is not None
            writer.execute("ROLLBACK")
        assert await pruning.forget_answers(100) == 1
