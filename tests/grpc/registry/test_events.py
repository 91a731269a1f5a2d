"""What happened to flows: told live after the commit, and kept as history in the same order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from triggerflow_chassis.clock import from_timestamp
from triggerflow_chassis.errors import BadCursor, BadParameter, CursorExpired
from triggerflow_chassis.identity import LOCAL

BACKENDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
pytestmark = pytest.mark.parametrize("house", BACKENDS, indirect=True)

UPDATED, PUBLISHED = 1, 2


async def test_each_change_is_one_event(caller: Any, house: Any, pencil: Any) -> None:
    made = await caller.create(pencil.chain())
    await caller.update(made.id, pencil.chain("New"), "*")
    await caller.put_node(made.id, pencil.node(2, name="New"), "*")
    await caller.publish(made.id)
    await caller.delete_node(made.id, pencil.id(3), "*")
    await caller.delete(made.id, "*")
    events = await caller.events()
    assert [event.type for event in events] == [UPDATED, UPDATED, UPDATED, PUBLISHED, UPDATED, UPDATED]
    assert [event.deleted for event in events] == [False] * 5 + [True]
    assert {(event.flow_id, event.project_id) for event in events} == {(made.id, LOCAL.project_id)}
    assert house.told == [
        {
            "id": event.id,
            "type": "flow.published" if event.type == PUBLISHED else "flow.updated",
            "timestamp": from_timestamp(event.timestamp),
            "projectId": LOCAL.project_id,
            "flowId": made.id,
            "deleted": event.deleted,
        }
        for event in events
    ]


async def test_what_is_refused_is_no_event(caller: Any, house: Any) -> None:
    made = await caller.create({"name": "A"})
    await caller.refusal(caller.update(made.id, {"name": ""}, "*"))
    await caller.refusal(caller.update(made.id, {"name": "B"}, "old", request_id="key"))
    assert len(await caller.events()) == len(house.told) == 1


async def test_ids_rise_strictly_also_when_the_clock_does_not(house: Any) -> None:
    # The clock stands still, then goes back by an hour.
    now = 1_800_000_000_000_000
    house.clock = lambda: now
    caller = await house.open()
    await asyncio.gather(*(caller.create({"name": "A"}) for _ in range(20)))
    now -= 3_600_000_000
    await caller.create({"name": "B"})
    ids = [event.id for event in await caller.events()]
    assert len(ids) == 21
    assert ids == sorted(set(ids))
    assert [item["id"] for item in house.told] == ids


async def test_a_cursor_leads_on(caller: Any) -> None:
    for number in range(5):
        await caller.create({"name": str(number)})
    events = await caller.events()
    assert await caller.events(limit=2) == events[:2]
    assert await caller.events(after=events[1].id.upper(), limit=2) == events[2:4]
    assert await caller.events(after=events[-1].id) == []
    assert isinstance(await caller.refusal(caller.events(after="yesterday")), BadCursor)
    for limit in (-1, 5_001):
        assert isinstance(await caller.refusal(caller.events(limit=limit)), BadParameter)


async def test_events_older_than_what_is_kept_are_forgotten_and_a_cursor_before_them_has_expired(house: Any) -> None:
    now = 1_800_000_000_000_000
    house.clock = lambda: now
    caller = await house.open()
    old = [(await caller.create({"name": str(number)})).id for number in range(3)]
    events = await caller.events()
    now += 31 * 86_400_000_000
    kept = await caller.create({"name": "new"})
    await house.close()
    caller = await house.open(keep_days=30)
    async with asyncio.timeout(20):
        while [event.flow_id for event in await caller.events()] != [kept.id]:
            await asyncio.sleep(0.01)
    assert isinstance(await caller.refusal(caller.events(after=events[1].id)), CursorExpired)
    assert [event.flow_id for event in await caller.events(after=events[2].id)] == [kept.id]
    assert {flow.id for flow in (await caller.flows()).flows} == {*old, kept.id}
