"""What is to be archived, and what may be forgotten because it is. Over each database, into a real S3 bucket."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from s3_server import S3Server
from sqlalchemy import update
from triggerflow_chassis.errors import NotFound, Unavailable
from triggerflow_chassis.lifecycle import open_task
from triggerflow_orchestrator.app.archive import Archive, ReadArchive
from triggerflow_orchestrator.bucket_place import BucketPlace
from triggerflow_orchestrator.domain.archive import archive_key
from triggerflow_orchestrator.domain.execution import LargeValue
from triggerflow_orchestrator.store import tables
from triggerflow_orchestrator.store.archiving import SqlArchiving
from triggerflow_orchestrator.store.objects import FileObjects
from triggerflow_orchestrator.store.pruning import SqlPruning
from triggerflow_orchestrator.store.s3_archives import S3Archives
from triggerflow_orchestrator.store.s3_bucket import Bucket

POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)
over_each = pytest.mark.parametrize("world", ["sqlite", POSTGRES], indirect=True)
NOW = 50_000_000
_BUCKETS = itertools.count(1)


@pytest.fixture
def archives(shared_s3: S3Server) -> S3Archives:
    return S3Archives(Bucket(BucketPlace.parse(shared_s3.url(f"archives-{next(_BUCKETS)}"))))


@pytest.fixture
def archive(world: Any, archives: S3Archives) -> Archive:
    return _archive(world, archives)


def _archive(world: Any, archives: S3Archives) -> Archive:
    return Archive(SqlArchiving(world.database), world.reads, archives, lambda: NOW, after_seconds=10)


def add_run(world: Any, sample: Any, number: int, *, events: int = 3, **changes: Any) -> str:
    record = sample.execution(number, **{"status": "succeeded", "ended_at": 1_000_000 + number, **changes})
    world.add_execution(record, ["red", "blue"])
    for place in range(1, events + 1):
        kind = "log" if place < events else "execution.completed"
        world.add_event(record.id, sample.event(number * 10_000 + place, place, kind))
    return str(record.id)


def not_archived(world: Any) -> set[str]:
    rows = world.execute(tables.executions.select().where(tables.executions.c.archived_at.is_(None)))
    return {row.id for row in rows}


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not met():
            await asyncio.sleep(0.05)


@over_each
async def test_what_ended_is_archived_and_can_be_read_back(
    world: Any, sample: Any, archive: Archive, archives: S3Archives
) -> None:
    run = add_run(world, sample, 1, events=1_234)
    world.add_value(LargeValue(sample.id(9), run, 70_000, sample.id(9)))
    assert await archive.step() is False
    found = await ReadArchive(archives).get(sample.project, run)
    assert [event["sequence"] for event in found.events] == list(range(1, 1_235))
    assert found.execution["status"] == "succeeded"
    assert found.head["labels"] == ["blue", "red"]
    assert found.head["values"] == [{"ref": sample.id(9), "bytes": 70_000, "key": sample.id(9)}]
    assert not_archived(world) == set()


@over_each
async def test_what_lives_or_ended_a_moment_ago_is_not_archived(world: Any, sample: Any, archive: Archive) -> None:
    lives = add_run(world, sample, 1, status="running", ended_at=None)
    fresh = add_run(world, sample, 2, ended_at=NOW - 9_000_000)
    old = add_run(world, sample, 3, ended_at=NOW - 10_000_000)
    await archive.step()
    assert not_archived(world) == {lives, fresh}
    assert old not in not_archived(world)


@over_each
async def test_a_long_backlog_is_archived_in_steps_oldest_first(
    world: Any, sample: Any, archive: Archive, archives: S3Archives
) -> None:
    runs = [add_run(world, sample, number, events=1) for number in range(1, 71)]
    assert await archive.step() is True
    assert not_archived(world) == set(runs[32:])
    assert await archive.step() is True
    assert await archive.step() is False
    assert not_archived(world) == set()
    for run in runs:
        assert (await ReadArchive(archives).get(sample.project, run)).execution["id"] == run


@over_each
async def test_archiving_again_changes_no_archive(
    world: Any, sample: Any, archive: Archive, archives: S3Archives
) -> None:
    run = add_run(world, sample, 1)
    await archive.step()
    first = await archives.get(archive_key(sample.project, run))
    # As after a crash between the archive and the note of it; and as somebody's defect would.
    world.execute(update(tables.executions).values(archived_at=None, flow_name="Changed"))
    await archive.step()
    assert not_archived(world) == set()
    assert await archives.get(archive_key(sample.project, run)) == first


@over_each
async def test_two_that_archive_at_once_archive_each_run_once(
    world: Any, sample: Any, archive: Archive, archives: S3Archives
) -> None:
    runs = [add_run(world, sample, number) for number in range(1, 11)]
    await asyncio.gather(archive.step(), _archive(world, archives).step())
    assert not_archived(world) == set()
    for run in runs:
        assert len((await ReadArchive(archives).get(sample.project, run)).events) == 3


@over_each
async def test_one_that_cannot_be_archived_keeps_no_other_from_it(world: Any, sample: Any, archive: Archive) -> None:
    # No UUID, so it has no place in the bucket.
    world.execute(tables.executions.insert().values(**_row("broken", sample.project)))
    fine = add_run(world, sample, 2)
    for _ in range(2):
        await archive.step()
    assert not_archived(world) == {"broken"}
    assert fine not in not_archived(world)


async def test_an_archive_that_is_not_there_is_not_found(archives: S3Archives, sample: Any) -> None:
    with pytest.raises(NotFound):
        await ReadArchive(archives).get(sample.project, sample.id(1))


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
async def test_while_the_store_is_gone_archiving_waits_and_then_catches_up(
    world: Any, sample: Any, own_s3: S3Server
) -> None:
    archives = S3Archives(Bucket(BucketPlace.parse(own_s3.url())))
    await archives.create("first", b"makes the bucket")
    own_s3.kill()
    runs = [add_run(world, sample, number) for number in range(1, 6)]
    archive = _archive(world, archives)
    with pytest.raises(Unavailable, match="S3_URL"):
        await archive.step()
    assert not_archived(world) == set(runs)
    async with open_task("archive", archive.run) as task:
        own_s3.start()
        await until(lambda: not_archived(world) == set())
        assert not task.done()


@over_each
async def test_only_what_is_archived_is_forgotten_and_its_values_stay(
    world: Any, sample: Any, archive: Archive, tmp_path: Path
) -> None:
    objects = FileObjects(tmp_path / "objects")
    archived = add_run(world, sample, 1)
    world.add_value(LargeValue(sample.id(9), archived, 4, await objects.put(sample.id(9), b"text")))
    await archive.step()
    waiting = add_run(world, sample, 2)
    pruning = SqlPruning(world.database, objects, archived=True)
    after_all_ids = (0x0190_0000_0000 + 1) * 1_000
    assert await pruning.forget_executions(after_all_ids) == 1
    assert await world.reads.execution(sample.project, archived) is None
    assert await world.reads.execution(sample.project, waiting) is not None
    assert await objects.get(sample.id(9), 0, 9) == b"text"


def _row(id: str, project: str) -> dict[str, Any]:
    return {
        **{"id": id, "project_id": project, "principal": "p", "flow_id": "f", "flow_name": "F", "version": "1"},
        **{"content_hash": "h", "status": "succeeded", "priority": 1, "inputs": "{}", "outputs": "{}"},
        **{"context": "{}", "options": "{}", "epoch": 1, "created_at": 1, "ended_at": 2},
    }
