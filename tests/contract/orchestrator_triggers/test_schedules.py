"""What schedules promise, over each database: each due time once, whoever comes first; missed ones told; pauses."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import select, update
from triggerflow_orchestrator.store.firings import SqlFirings
from triggerflow_orchestrator.store.schedules import SqlSchedules
from triggerflow_orchestrator.store.tables import firings, schedules

PROJECT = "00000000-0000-7000-8000-000000000001"
OTHER = "00000000-0000-7000-8000-000000000002"
MINUTE = 60_000_000


@pytest.fixture
def store(database: Any) -> SqlSchedules:
    return SqlSchedules(database)


@pytest.fixture
def came(database: Any) -> SqlFirings:
    return SqlFirings(database)


def minutely(make: Any, node_id: str = "n1", missed: str = "once", **more: Any) -> Any:
    config = {"cron": "* * * * *", "timeZone": "UTC", "missed": missed, **more}
    return make.node(node_id, kind="core:schedule", **config)


async def passed(database: Any, minutes: int, node_id: str = "n1") -> int:
    """As if nobody came by for so long; the due time that is next now."""
    async with database.change() as connection:
        mine = schedules.c.node_id == node_id
        next_at = (await connection.execute(select(schedules.c.next_at).where(mine))).scalar_one()
        await connection.execute(update(schedules).where(mine).values(next_at=next_at - minutes * MINUTE))
    return int(next_at - minutes * MINUTE)


async def all_firings(database: Any) -> list[Any]:
    async with database.snapshot() as connection:
        return list(await connection.execute(select(firings).order_by(firings.c.due_at)))


async def test_a_schedule_is_next_due_once_its_trigger_is_in_the_book(book: Any, make: Any, store: Any) -> None:
    await book.take(None, "e1", [make.flow("f1", minutely(make), make.node("n2", key="hook"), name="Report")])
    assert await store.keep() == 1
    assert await store.keep() == 0
    found = await store.schedule(PROJECT, "f1", "n1")
    assert (found.cron, found.time_zone, found.missed) == ("* * * * *", "UTC", "once")
    assert found.trigger.flow_name == "Report" and found.last_at is None
    assert 0 < await store.next_in() <= 60
    assert await store.schedule(OTHER, "f1", "n1") is None
    assert await store.schedule(PROJECT, "f1", "n2") is None
    assert await store.fire_due(10) == 0


async def test_what_is_due_is_written_once_whoever_comes_first(database: Any, book: Any, make: Any, store: Any) -> None:
    await book.take(None, "e1", [make.flow("f1", minutely(make))])
    await store.keep()
    due = await passed(database, 1)
    assert sum(await asyncio.gather(*(store.fire_due(10) for _ in range(6)))) == 1
    (row,) = await all_firings(database)
    assert (row.due_at, row.status, row.request_id) == (due, "ready", f"due:{due}")
    inputs = json.loads(row.inputs)
    assert inputs["reason"] == "due" and inputs["standsFor"] == 0 and inputs["timeZone"] == "UTC"
    assert (await store.schedule(PROJECT, "f1", "n1")).next_at == due + MINUTE


async def test_missed_times_follow_the_policy_and_are_told(
    database: Any, book: Any, make: Any, store: Any, came: Any
) -> None:
    nodes = [minutely(make, "all", "all"), minutely(make, "once", "once"), minutely(make, "skip", "skip")]
    await book.take(None, "e1", [make.flow("f1", *nodes)])
    await store.keep()
    for node in nodes:
        await passed(database, 10, node.node_id)
    assert await store.fire_due(10) == 3
    fired = {
        node.node_id: [each.due_at for each in await came.history(PROJECT, "f1", node.node_id, ["ready"], None, 50)]
        for node in nodes
    }
    missed = {node.node_id: await came.history(PROJECT, "f1", node.node_id, ["missed"], None, 50) for node in nodes}
    # One or two of the ten are less than a minute late, and so on time.
    assert len(fired["all"]) == 10 and not missed["all"]
    on_time = len(fired["skip"])
    assert on_time in (1, 2)
    assert len(missed["skip"]) == 10 - on_time and len(fired["once"]) == on_time + 1
    assert len(missed["once"]) == 10 - on_time - 1
    assert {each.reason for each in missed["once"]} == {"Nothing ran at this time; one run stood for it."}
    assert fired["all"] == sorted(fired["all"], reverse=True)


async def test_a_changed_time_counts_from_now_and_an_unchanged_one_stays(
    database: Any, book: Any, make: Any, store: Any
) -> None:
    await book.take(None, "e1", [make.flow("f1", minutely(make, "n1"), minutely(make, "n2"))])
    await store.keep()
    first, second = await passed(database, 5, "n1"), await passed(database, 5, "n2")
    changed = make.node("n2", kind="core:schedule", cron="*/2 * * * *", timeZone="UTC", missed="once")
    await book.take("e1", "e2", [make.flow("f1", minutely(make, "n1", "all"), changed, version="2")])
    assert await store.keep() == 2
    stays = await store.schedule(PROJECT, "f1", "n1")
    assert stays.next_at == first and stays.missed == "all"
    assert (await store.schedule(PROJECT, "f1", "n2")).next_at > second + 5 * MINUTE - 1


async def test_a_schedule_goes_with_its_trigger(database: Any, book: Any, make: Any, store: Any) -> None:
    await book.take(None, "e1", [make.flow("f1", minutely(make)), make.flow("f2", minutely(make))])
    await store.keep()
    await book.take("e1", "e2", [make.gone("f1"), make.flow("f2", make.node("n1", key="hook"), version="2")])
    assert await store.keep() == 2
    assert await store.next_in() is None and await store.schedules(PROJECT, None, 10) == []


async def test_paused_it_has_no_due_times_and_resumed_it_counts_from_now(
    database: Any, book: Any, make: Any, store: Any
) -> None:
    await book.take(None, "e1", [make.flow("f1", minutely(make))])
    await store.keep()
    late = await passed(database, 30)
    assert await store.pause(PROJECT, "f1", "n1", True) == 1
    assert await store.pause(OTHER, "f1", "n1", True) == 0
    paused = await store.schedule(PROJECT, "f1", "n1")
    assert paused.trigger.paused and paused.next_at is None
    assert await store.fire_due(10) == 0 and await store.next_in() is None
    assert await store.pause(PROJECT, "f1", "n1", False) == 1
    assert (await store.schedule(PROJECT, "f1", "n1")).next_at > late + 29 * MINUTE
    assert await store.fire_due(10) == 0 and await all_firings(database) == []


async def test_a_new_version_leaves_a_pause_in_force(book: Any, make: Any, store: Any) -> None:
    await book.take(None, "e1", [make.flow("f1", minutely(make))])
    await store.keep()
    await store.pause(PROJECT, "f1", "n1", True)
    changed = make.node("n1", kind="core:schedule", cron="*/2 * * * *", timeZone="UTC", missed="once")
    await book.take("e1", "e2", [make.flow("f1", changed, version="2")])
    await store.keep()
    found = await store.schedule(PROJECT, "f1", "n1")
    assert found.cron == "*/2 * * * *" and found.next_at is None and found.trigger.paused


async def test_all_of_a_project_are_paused_and_resumed_at_once(book: Any, make: Any, store: Any) -> None:
    await book.take(None, "e1", [make.flow("f1", minutely(make)), make.flow("f2", minutely(make))])
    await store.keep()
    assert await store.pause(OTHER, None, None, True) == 0
    assert await store.pause(PROJECT, None, None, True) == 2
    assert [each.trigger.paused for each in await store.schedules(PROJECT, None, 10)] == [True, True]
    assert await store.pause(PROJECT, None, None, False) == 2
    assert all(each.next_at for each in await store.schedules(PROJECT, None, 10))


async def test_they_are_listed_newest_flow_first_in_pages(book: Any, make: Any, store: Any) -> None:
    flows = [make.flow(f"f{n}", minutely(make, "n1"), minutely(make, "n2")) for n in range(3)]
    await book.take(None, "e1", flows)
    await store.keep()
    names = [(each.trigger.flow_id, each.trigger.node_id) for each in await store.schedules(PROJECT, None, 10)]
    assert names == sorted(names, reverse=True) and len(names) == 6
    rest = await store.schedules(PROJECT, names[3], 10)
    assert [(each.trigger.flow_id, each.trigger.node_id) for each in rest] == names[4:]


async def test_many_replicas_keep_them_in_step_beside_each_other(book: Any, make: Any, store: Any) -> None:
    await book.take(None, "e1", [make.flow(f"f{n}", minutely(make)) for n in range(5)])
    assert sum(await asyncio.gather(*(store.keep() for _ in range(6)))) == 5
