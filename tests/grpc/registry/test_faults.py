"""A database that is locked, full, damaged or too new: a clear answer, and nothing lost."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from triggerflow_chassis.errors import ServiceError, Unavailable


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another program that is writing."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def at_most(pages: int) -> Iterator[None]:
    """Every file opened meanwhile may grow to so many pages: a full disk, as SQLite sees it."""

    def limit(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={pages}")
        cursor.close()

    event.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(Engine, "connect", limit)


def mutations(caller: Any, flow: Any, pencil: Any, name: str) -> list[Any]:
    """Every kind of write, each of which would change something."""
    return [
        caller.create({"name": "Another"}, request_id=name and f"{name} 1"),
        caller.update(flow.id, pencil.chain("Changed"), "*", request_id=name and f"{name} 2"),
        caller.put_node(flow.id, pencil.node(2, name="Changed"), "*", request_id=name and f"{name} 3"),
        caller.delete_node(flow.id, pencil.id(2), "*", request_id=name and f"{name} 4"),
        caller.publish(flow.id, request_id=name and f"{name} 5"),
        caller.delete(flow.id, "*", request_id=name and f"{name} 6"),
    ]


@pytest.mark.parametrize("name", ["", "named"])
async def test_a_locked_database_refuses_writes_and_answers_reads(
    caller: Any, house: Any, pencil: Any, name: str
) -> None:
    flow = await caller.create(pencil.chain())
    with locked(house.database):
        for call in mutations(caller, flow, pencil, name):
            refused = await caller.refusal(call)
            assert isinstance(refused, Unavailable)
            assert "locked" in refused.detail
            assert "try again" in refused.detail
        assert await caller.get(flow.id) == flow
    assert len(await caller.events()) == len(house.told) == 1
    # What was refused was not kept: the same requests go well now.
    for call in mutations(caller, flow, pencil, name):
        await call


async def test_a_lock_that_never_ends_does_not_keep_the_registry_from_stopping(house: Any) -> None:
    caller = await house.open(busy_ms=60_000)
    await caller.flows()
    with locked(house.database):
        calls = [asyncio.ensure_future(caller.create({"name": "A"})) for _ in range(3)]
        answered = await caller.events()
        await asyncio.wait_for(house.close(), 8)
        ended = await asyncio.gather(*calls, return_exceptions=True)
    assert answered == []
    # The callers left with the channel; whether they were told so is gRPC's affair.
    assert all(isinstance(each, BaseException) for each in ended)
    caller = await house.open()
    made = await caller.create({"name": "After"})
    assert await caller.get(made.id) == made


@pytest.mark.parametrize("name", ["", "named"])
async def test_a_full_disk_refuses_what_does_not_fit_and_keeps_the_rest(
    caller: Any, house: Any, pencil: Any, name: str
) -> None:
    flow = await caller.create(pencil.chain())
    await house.close()
    with closing(sqlite3.connect(house.database)) as database:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
    with at_most(pages + 8):
        caller = await house.open()
        kept, refused = [], None
        for number in range(200):
            body = {"name": f"Flow {number}", "description": "x" * 3_000}
            try:
                kept.append(await caller.create(body, request_id=name and f"{name} {number}"))
            except ServiceError as error:
                refused = error
                break
        assert isinstance(refused, Unavailable)
        assert "full" in refused.detail
        assert "free some space" in refused.detail
        assert await caller.get(flow.id) == flow
        listed = {each.id for each in (await caller.flows(page_size=250)).flows}
        assert listed == {flow.id, *(each.id for each in kept)}
        assert len(await caller.events()) == len(listed)
        # What makes room is still possible.
        await caller.delete(kept[0].id, "*")
        await house.close()
    # With room again nothing is missing, and the refused request goes well.
    caller = await house.open()
    made = await caller.create(body, request_id=name and f"{name} {number}")
    listed = {each.id for each in (await caller.flows(page_size=250)).flows}
    assert listed == {flow.id, made.id, *(each.id for each in kept[1:])}
    with closing(sqlite3.connect(house.database)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_large_flow_that_does_not_fit_leaves_the_draft_as_it_was(caller: Any, house: Any, pencil: Any) -> None:
    flow = await caller.create(pencil.chain())
    await house.close()
    with closing(sqlite3.connect(house.database)) as database:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
    with at_most(pages + 20):
        caller = await house.open()
        large = pencil.chain() | {"description": "x" * 1_000_000}
        for request_id in ("", "named"):
            refused = await caller.refusal(caller.update(flow.id, large, flow.etag, request_id=request_id))
            assert isinstance(refused, Unavailable)
            assert "full" in refused.detail
        assert await caller.get(flow.id) == flow
        small = await caller.update(flow.id, pencil.chain("Small"), flow.etag)
        assert (await caller.get(flow.id)) == small


async def test_a_database_of_a_newer_version_is_left_alone(caller: Any, house: Any) -> None:
    await caller.create({"name": "A"})
    await house.close()
    with closing(sqlite3.connect(house.database)) as database, database:
        database.execute("UPDATE schema_version SET version_num = '9999', works_with = '9999'")
    with pytest.raises(Unavailable, match="newer version"):
        await house.open()


async def test_a_file_that_is_no_database_says_so(house: Any) -> None:
    house.database.write_bytes(b"This is a letter to my aunt. " * 100)
    with pytest.raises(Unavailable, match="no database"):
        await house.open()


async def test_a_folder_that_is_missing_is_made(house: Any) -> None:
    house.database = house.database.parent / "deep" / "er" / "registry.sqlite3"
    caller = await house.open()
    assert await caller.create({"name": "A"})
    await house.close()
    shutil.rmtree(house.database.parent)
