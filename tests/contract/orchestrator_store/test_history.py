"""What was told: events, notices, answers, and where large values are kept."""

from __future__ import annotations

from typing import Any

import pytest
from triggerflow_orchestrator.domain.execution import LargeValue
from triggerflow_orchestrator.ports import NoticePage, StoredAnswer


@pytest.fixture
def run(world: Any, sample: Any) -> str:
    world.add_execution(sample.execution(1))
    world.add_execution(sample.execution(2))
    return str(sample.id(1))


async def test_events_come_after_the_cursor_and_in_order(world: Any, sample: Any, run: str) -> None:
    events = [sample.event(10 + n, n) for n in range(1, 6)]
    for event in reversed(events):
        world.add_event(run, event)
    world.add_event(sample.id(2), sample.event(12, 1))
    page = await world.reads.events(sample.project, run, "", 50)
    assert (page.events, page.ended, page.expired) == (tuple(events), False, False)
    page = await world.reads.events(sample.project, run, events[1].id, 2)
    assert (page.events, page.expired) == ((events[2], events[3]), False)


async def test_a_cursor_is_compared_and_need_not_be_an_event(world: Any, sample: Any, run: str) -> None:
    world.add_event(run, sample.event(10, 1))
    world.add_event(run, sample.event(20, 2))
    for cursor, wanted in ((5, [10, 20]), (15, [20]), (25, [])):
        page = await world.reads.events(sample.project, run, sample.id(cursor), 50)
        assert [event.id for event in page.events] == [sample.id(n) for n in wanted]
        assert page.expired is False


@pytest.mark.parametrize("last", ["execution.completed", "execution.failed"])
async def test_the_page_that_holds_or_follows_the_last_event_says_it_ended(
    world: Any, sample: Any, run: str, last: str
) -> None:
    world.add_event(run, sample.event(10, 1, "execution.started"))
    world.add_event(run, sample.event(11, 2, "chunk.completed"))
    world.add_event(run, sample.event(12, 3, last))
    ended = [
        (await world.reads.events(sample.project, run, after, limit)).ended
        for after, limit in (("", 2), ("", 3), (sample.id(11), 9), (sample.id(12), 9), (sample.id(99), 9))
    ]
    assert ended == [False, True, True, True, True]


async def test_an_execution_without_events_has_not_ended(world: Any, sample: Any, run: str) -> None:
    page = await world.reads.events(sample.project, run, "", 50)
    assert (page.events, page.ended, page.expired) == ((), False, False)


async def test_a_cursor_before_what_is_kept_has_expired(world: Any, sample: Any, run: str) -> None:
    for number in range(1, 5):
        world.add_event(run, sample.event(10 + number, number))
    world.forget_event(run, sample.id(11))
    world.forget_event(run, sample.id(12))
    assert (await world.reads.events(sample.project, run, sample.id(11), 50)).expired is True
    assert (await world.reads.events(sample.project, run, sample.id(13), 50)).expired is False
    from_the_oldest_kept = await world.reads.events(sample.project, run, "", 50)
    assert (len(from_the_oldest_kept.events), from_the_oldest_kept.expired) == (2, False)


async def test_notices_of_a_project_come_after_the_cursor_and_in_order(world: Any, sample: Any) -> None:
    notices = [sample.notice(n) for n in (1, 2, 3)]
    world.add_notice(notices[0])
    world.add_notice(notices[1])
    world.add_notice(sample.notice(9, project_id=sample.other_project))
    world.add_notice(notices[2])
    assert await world.reads.notices(sample.project, "", 50, flows=True) == NoticePage(tuple(notices), expired=False)
    assert await world.reads.notices(sample.project, sample.id(1), 1, flows=True) == NoticePage(
        (notices[1],), expired=False
    )
    assert await world.reads.notices(sample.project, sample.id(3), 50, flows=True) == NoticePage((), expired=False)


async def test_notices_of_flows_come_only_where_asked_for(world: Any, sample: Any) -> None:
    assert await world.reads.newest_notice(sample.project) == ""
    of_run, of_flow = sample.notice(1), sample.notice(2, type="flow.updated", execution_id=None)
    world.add_notice(of_run)
    world.add_notice(of_flow)
    world.add_notice(sample.notice(9, project_id=sample.other_project))
    assert await world.reads.notices(sample.project, "", 50, flows=True) == NoticePage((of_run, of_flow), expired=False)
    assert await world.reads.notices(sample.project, "", 50, flows=False) == NoticePage((of_run,), expired=False)
    assert await world.reads.newest_notice(sample.project) == of_flow.id


async def test_a_log_that_was_never_followed_is_followed_from_its_start(world: Any) -> None:
    assert await world.reads.followed_to("flow-events") == ""


async def test_a_large_value_is_as_visible_as_its_execution(world: Any, sample: Any, run: str) -> None:
    value = LargeValue(sample.id(50), run, 70_000, sample.id(50))
    world.add_value(value)
    assert await world.reads.large_value(sample.project, value.ref) == value
    assert await world.reads.large_value(sample.other_project, value.ref) is None
    assert await world.reads.large_value(sample.project, sample.id(51)) is None


async def test_an_answer_is_found_by_project_request_and_method(world: Any, sample: Any) -> None:
    answer = StoredAnswer("print", b"\x00\xff", None, 5)
    refusal = StoredAnswer("other", None, b"no", 6)
    world.add_answer(sample.project, "key", "Start", answer)
    world.add_answer(sample.project, "key", "Cancel", refusal)
    assert await world.reads.answer(sample.project, "key", "Start") == answer
    assert await world.reads.answer(sample.project, "key", "Cancel") == refusal
    assert await world.reads.answer(sample.other_project, "key", "Start") is None
    assert await world.reads.answer(sample.project, "KEY", "Start") is None
