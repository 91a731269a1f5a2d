"""Events in pages: cursors, the end, and what a message can carry."""

from __future__ import annotations

from typing import Any

import pytest
from triggerflow_chassis.errors import BadCursor, BadParameter, CursorExpired, NotFound
from triggerflow_orchestrator.app.read_history import FIRST_CURSOR, ReadHistory
from triggerflow_orchestrator.domain.execution import StoredEvent
from triggerflow_orchestrator.ports import EventPage

RUN = "01900000-0000-7000-8000-000000000001"
NO_OBJECTS: Any = None


def _id(number: int) -> str:
    return f"01900000-0000-7000-8000-{number:012x}"


class Log:
    """One execution's events, and how often they were read."""

    def __init__(self, bodies: list[str], *, ends: bool = True, expired: bool = False) -> None:
        self.events_kept = [StoredEvent(_id(index), index, body) for index, body in enumerate(bodies, 1)]
        self.ends = ends
        self.expired = expired
        self.reads = 0

    async def execution(self, project_id: str, execution_id: str) -> Any:
        return object() if execution_id == RUN else None

    async def events(self, project_id: str, execution_id: str, after: str, limit: int) -> EventPage:
        self.reads += 1
        found = [event for event in self.events_kept if event.id > after][:limit]
        last = found[-1].id if found else self.events_kept[-1].id if self.events_kept else None
        at_end = last is not None and last == self.events_kept[-1].id
        return EventPage(tuple(found), ended=self.ends and at_end, expired=self.expired)


class Settled:
    """Nothing is under way."""

    async def settled(self) -> None: ...


def _history(log: Log) -> ReadHistory:
    reads: Any = log
    return ReadHistory(reads, NO_OBJECTS, Settled())


async def test_a_long_history_is_read_in_steps_up_to_the_limit() -> None:
    log = Log(["{}"] * 1_300)
    found = await _history(log).events("p", RUN, "", 1_200)
    assert [event.sequence for event in found.events] == list(range(1, 1_201))
    assert (found.next, found.ended, log.reads) == (_id(1_200), False, 3)
    rest = await _history(log).events("p", RUN, found.next, 1_200)
    assert (len(rest.events), rest.next, rest.ended) == (100, _id(1_300), True)


async def test_a_page_stops_where_a_message_would_be_too_large_and_says_it_is_not_the_end() -> None:
    log = Log(["é" * 1024 * 1024] * 6)
    history = _history(log)
    pages, after = [], ""
    while True:
        found = await history.events("p", RUN, after, 5_000)
        pages.append(len(found.events))
        after = found.next
        if found.ended:
            break
        assert sum(len(event.body.encode()) for event in found.events) <= 8 * 1024 * 1024
    assert pages == [4, 2]


async def test_a_page_is_complete_where_it_was_cut_by_nothing() -> None:
    for bodies, limit, complete in (
        ([], 10, True),
        (["{}"] * 3, 10, True),
        (["{}"] * 3, 3, False),
        (["{}"] * 3, 2, False),
        (["{}"] * 1_300, 5_000, True),
        (["x" * 6_000_000] * 2, 10, False),
    ):
        found = await _history(Log(bodies, ends=False)).events("p", RUN, "", limit)
        assert found.complete == complete, (len(bodies), limit)
    assert (await _history(Log(["{}"] * 3)).events("p", RUN, "", 3)).complete


async def test_one_event_above_the_bound_is_still_given() -> None:
    found = await _history(Log(["x" * 9_000_000, "{}"])).events("p", RUN, "", 10)
    assert (len(found.events), found.ended) == (1, False)


async def test_next_is_a_cursor_even_where_nothing_happened_yet() -> None:
    history = _history(Log([], ends=False))
    found = await history.events("p", RUN, "", 10)
    assert (found.events, found.next, found.ended) == ([], FIRST_CURSOR, False)
    assert (await history.events("p", RUN, found.next, 10)).next == FIRST_CURSOR


async def test_next_is_the_cursor_asked_with_in_lower_case_where_nothing_follows() -> None:
    found = await _history(Log(["{}"])).events("p", RUN, _id(0xAB).upper(), 10)
    assert (found.events, found.next, found.ended) == ([], _id(0xAB), True)


async def test_an_unknown_execution_is_told_before_a_bad_cursor_or_limit() -> None:
    for execution_id in (_id(99), "no id", ""):
        with pytest.raises(NotFound):
            await _history(Log([])).events("p", execution_id, "bad", -1)


async def test_limits_and_cursors_are_checked() -> None:
    history = _history(Log(["{}"]))
    for limit in (-1, 5_001):
        with pytest.raises(BadParameter):
            await history.events("p", RUN, "", limit)
    with pytest.raises(BadCursor):
        await history.events("p", RUN, "yesterday", 5)
    with pytest.raises(BadCursor):
        await history.notices("p", "yesterday", 5, flows=True)


async def test_a_cursor_older_than_what_is_kept_has_expired() -> None:
    with pytest.raises(CursorExpired):
        await _history(Log(["{}"], expired=True)).events("p", RUN, _id(0), 5)
