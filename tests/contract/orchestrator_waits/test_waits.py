"""Waits: settled once, found by what they are, and never forgotten on the way to their run."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from journal_units import FLOW, PROJECT
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.ids import uuid7
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.lease import RequestTaken
from triggerflow_orchestrator.ports import LargeValueRow, Position, RequestRow, WaitAnswer, WaitFilter

SECOND = 1_000_000
SOMEBODY_ELSE = "00000000-0000-7000-8000-000000000002"


def said(data: Any, by: str = "anna") -> WaitAnswer:
    return WaitAnswer(orjson.dumps({"decision": "approved", "data": data, "by": by, "at": "x"}).decode(), now_us())


def request_row(request_id: str, response: bytes = b"answer") -> RequestRow:
    return RequestRow(PROJECT, request_id, "ResumeExecution", "print", response, None, now_us())


async def test_a_wait_is_there_with_its_unit_and_is_of_its_project(world: Any) -> None:
    run = await world.run()
    wait_id = await world.begin(run, assignees="\nanna\nbo\n", due_at=now_us() + 60 * SECOND)
    wait = await world.waits.one(PROJECT, wait_id)
    assert (wait.id, wait.execution_id, wait.flow_id, wait.status) == (wait_id, run.id, FLOW, "open")
    assert wait.assignees == ("anna", "bo") and wait.answer_json is None and wait.due_at is not None
    assert await world.waits.one(SOMEBODY_ELSE, wait_id) is None
    assert [wait.id for wait in (await world.reads.remembered(run.id)).waits] == [wait_id]


async def test_of_many_answers_at_once_one_wins_and_all_see_it(world: Any) -> None:
    run = await world.run()
    for _ in range(5):
        wait_id = await world.begin(run)
        sides = [world.waits, world.others]
        decided = await asyncio.gather(*(sides[n % 2].answer(wait_id, said(n), (), None) for n in range(8)))
        (winner,) = [each for each in decided if each.won]
        assert winner.wait.status == "answered"
        assert {each.wait.answer_json for each in decided} == {winner.wait.answer_json}


async def test_an_answer_keeps_its_request_and_values_where_it_wins_alone(world: Any) -> None:
    run = await world.run()
    wait_id = await world.begin(run)
    first, second = uuid7(), uuid7()
    value = LargeValueRow(uuid7(), 100_000, "key")
    assert (await world.waits.answer(wait_id, said(1), [value], request_row(first))).won
    assert not (await world.waits.answer(wait_id, said(2), [], request_row(second))).won
    assert (await world.reads.answer(PROJECT, first, "ResumeExecution")).response == b"answer"
    assert await world.reads.answer(PROJECT, second, "ResumeExecution") is None
    assert (await world.reads.large_value(PROJECT, value.ref)).execution_id == run.id


async def test_a_request_id_that_has_an_answer_decides_nothing(world: Any) -> None:
    run = await world.run()
    one, other = await world.begin(run), await world.begin(run)
    key = uuid7()
    await world.waits.answer(one, said(1), [], request_row(key))
    with pytest.raises(RequestTaken):
        await world.waits.answer(other, said(2), [], request_row(key))
    assert (await world.waits.one(PROJECT, other)).status == "open"


async def test_an_event_answers_all_of_its_name_and_key_and_nothing_else(world: Any) -> None:
    runs = [await world.run() for _ in range(4)]
    named = [("paid", "1"), ("paid", "1"), ("paid", "2"), ("sent", "1")]
    waits = [
        await world.begin(run, kind="event", name=name, key=key) for run, (name, key) in zip(runs, named, strict=True)
    ]
    key = uuid7()
    answer = WaitAnswer(said({"cents": 1}).json, now_us(), render=lambda count: str(count).encode())
    fired = await world.waits.signal(PROJECT, "paid", "1", answer, request_row(key, b""))
    assert {firing.wait.id for firing in fired} == set(waits[:2])
    assert (await world.reads.answer(PROJECT, key, "ResumeExecution")).response == b"2"
    assert await world.waits.signal(PROJECT, "paid", "1", answer, None) == []
    assert await world.waits.signal(SOMEBODY_ELSE, "paid", "2", answer, None) == []
    assert [(await world.waits.one(PROJECT, each)).status for each in waits] == ["answered"] * 2 + ["open"] * 2


async def test_what_is_due_is_fired_once_whoever_fires(world: Any) -> None:
    run = await world.run()
    due = {await world.begin(run, kind="timer", due_at=now_us() - SECOND) for _ in range(20)}
    later = await world.begin(run, kind="timer", due_at=now_us() + 600 * SECOND)
    fired = []
    while round_ := await asyncio.gather(*(side.fire_due(7) for side in (world.waits, world.others) * 2)):
        if not any(round_):
            break
        fired += [firing.wait.id for some in round_ for firing in some]
    assert sorted(fired) == sorted(due)
    one = await world.waits.one(PROJECT, fired[0])
    assert one.status == "expired" and orjson.loads(one.answer_json)["by"] == "clock"
    assert (await world.waits.one(PROJECT, later)).status == "open"
    assert 590 < await world.waits.next_due_in() <= 600


async def test_an_answer_and_the_clock_never_both_win(world: Any) -> None:
    run = await world.run()
    for _ in range(10):
        wait_id = await world.begin(run, due_at=now_us())
        decided, fired = await asyncio.gather(world.waits.answer(wait_id, said(1), [], None), world.others.fire_due(10))
        if not decided.won and not fired:
            fired = await world.waits.fire_due(10)
        assert decided.won == (wait_id not in [firing.wait.id for firing in fired])
        status = (await world.waits.one(PROJECT, wait_id)).status
        assert status == ("answered" if decided.won else "expired")


async def test_a_run_that_left_is_woken_once_it_is_answered_and_not_before(world: Any) -> None:
    run = await world.run()
    wait_id = await world.begin(run, leave=True)
    assert await world.status(run) == "waiting"
    assert run.id not in [record.id for record in await world.reads.live()]
    assert await world.waits.wake(10, claim=True) == []
    await world.waits.answer(wait_id, said(1), [], None)
    rounds = await asyncio.gather(world.waits.wake(10, claim=True), world.others.wake(10, claim=True))
    (woken,) = [record for records in rounds for record in records]
    assert (woken.id, woken.status, woken.epoch) == (run.id, "running", run.epoch + 1)
    assert run.id in [record.id for record in await world.reads.live()]


async def test_in_the_mesh_waking_leaves_the_epoch_to_who_claims(world: Any) -> None:
    run = await world.run()
    wait_id = await world.begin(run, leave=True)
    await world.waits.answer(wait_id, said(1), [], None)
    (woken,) = await world.waits.wake(10, claim=False)
    assert (woken.epoch, woken.owner, woken.queued_at is not None) == (run.epoch, None, True)


async def test_an_answer_that_came_before_the_run_left_wakes_it_all_the_same(world: Any) -> None:
    run = await world.run()
    wait_id = await world.begin(run)
    await world.waits.answer(wait_id, said(1), [], None)
    assert [wait.id for wait in await world.waits.to_apply(None)] == [wait_id]
    await world.park(run)
    assert [record.id for record in await world.waits.wake(10, claim=True)] == [run.id]


async def test_a_run_goes_on_by_itself_at_its_time(world: Any) -> None:
    soon, late = await world.run(), await world.run()
    await world.begin(soon, leave=True, wake_at=now_us() - SECOND)
    await world.begin(late, leave=True, wake_at=now_us() + 600 * SECOND)
    (woken,) = await world.waits.wake(10, claim=True)
    assert woken.id == soon.id and woken.wake_at is not None
    assert 590 < await world.waits.next_due_in() <= 600
    assert await world.waits.claim(late.id) is not None
    assert await world.waits.claim(late.id) is None
    assert await world.waits.next_due_in() is None


async def test_what_a_run_took_up_is_not_to_be_taken_up_again(world: Any) -> None:
    run = await world.run()
    wait_id = await world.begin(run)
    await world.waits.answer(wait_id, said(1), [], None)
    unit = Unit(fence=run.fence)
    unit.rows.append((Kind.WAIT_OVER, (None, None, wait_id)))
    assert await world.write(unit) is None
    assert await world.waits.to_apply(None) == []
    wait = await world.waits.one(PROJECT, wait_id)
    assert wait.status == "answered" and orjson.loads(wait.answer_json)["data"] == 1
    assert (await world.reads.remembered(run.id)).waits == ()


async def test_the_end_of_a_run_cancels_what_is_open_and_leaves_answers_alone(world: Any) -> None:
    run = await world.run()
    answered, open_one = await world.begin(run), await world.begin(run)
    await world.waits.answer(answered, said(1), [], None)
    unit = run.state("cancelled", ended_at=9)
    for wait_id in (answered, open_one):
        unit.rows.append((Kind.WAIT_OVER, ('{"decision":"cancelled","by":"run","at":"x"}', 9, wait_id)))
    assert await world.write(unit) is None
    assert (await world.waits.one(PROJECT, answered)).status == "answered"
    assert (await world.waits.one(PROJECT, open_one)).status == "cancelled"
    decided = await world.waits.answer(open_one, said(2), [], None)
    assert not decided.won and orjson.loads(decided.wait.answer_json)["decision"] == "cancelled"
    assert await world.waits.to_apply(None) == []


async def test_a_wait_that_begins_and_ends_in_one_group_of_commits_is_over(world: Any) -> None:
    run = await world.run()
    unit = Unit(fence=run.fence)
    wait_id = uuid7()
    head = (wait_id, run.id, PROJECT, FLOW, "Flow", uuid7(), "node", "", "timer", "open", None)
    unit.rows.append((Kind.WAIT, (*head, "", "{}", None, None, False, now_us(), None, False)))
    world.journal.told.submit("begun", unit)
    over = run.state("cancelled", ended_at=9)
    over.rows.append((Kind.WAIT_OVER, ('{"by":"run","at":"x"}', 9, wait_id)))
    world.journal.told.submit("over", over)
    assert await world.journal.told.all(2) == [("begun", None), ("over", None)]
    assert (await world.waits.one(PROJECT, wait_id)).status == "cancelled"


async def test_who_lost_the_run_neither_begins_a_wait_nor_leaves(world: Any) -> None:
    run = await world.run()
    wait_id = await world.begin(run, leave=True)
    await world.waits.answer(wait_id, said(1), [], None)
    await world.waits.wake(10, claim=True)
    unit = Unit(fence=run.fence)
    unit.rows.append((Kind.PARK, (None, run.id)))
    assert await world.write(unit) is not None
    assert await world.status(run) == "running"


async def test_pages_go_by_falling_time_within_every_filter(world: Any) -> None:
    run, other = await world.run(), await world.run()
    mine = [await world.begin(run, assignees="\nanna\n") for _ in range(5)]
    anybody = await world.begin(other)
    await world.waits.answer(mine[0], said(1), [], None)

    async def ids(**where: Any) -> list[str]:
        return [wait.id for wait in await world.waits.page(PROJECT, WaitFilter(**where), None, 50)]

    assert await ids() == [anybody, *reversed(mine)]
    assert await ids(status="open", execution_id=run.id) == [*reversed(mine[1:])]
    assert await ids(status="answered") == [mine[0]]
    assert await ids(assignee="anna") == [anybody, *reversed(mine)]
    assert await ids(assignee="bo") == [anybody]
    assert await ids(flow_id=uuid7()) == []
    first = await world.waits.page(PROJECT, WaitFilter(), None, 2)
    after = Position(first[-1].created_at, first[-1].id)
    rest = await world.waits.page(PROJECT, WaitFilter(), after, 50)
    assert [wait.id for wait in (*first, *rest)] == [anybody, *reversed(mine)]
