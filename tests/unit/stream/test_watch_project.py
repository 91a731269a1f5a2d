"""Two logs, one stream."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.ids import uuid7
from triggerflow_stream.app.watch_project import ProjectWatch, WatchProject


def _watch(log: Any, after: str = "", *, capacity: int = 256, idle_seconds: float = 5.0) -> ProjectWatch:
    return ProjectWatch(
        WatchProject("p", after),
        history=log,
        live=log,
        now=uuid7(now_us() // 1_000 - 1),
        capacity=capacity,
        idle_seconds=idle_seconds,
    )


async def _take(watch: ProjectWatch, count: int, listening: asyncio.Event | None = None) -> list[str]:
    events: list[str] = []
    batches = watch.batches()
    async for batch in batches:
        if listening:
            listening.set()
        events.extend(batch.events)
        if len(events) >= count:
            break
    await batches.aclose()
    return events


async def _fill(log: Any, count: int) -> None:
    for _ in range(count):
        log.append(log.dice.choice(log.logs))
        for _ in range(log.dice.randrange(3)):
            await asyncio.sleep(0)


def _all(log: Any, after: str = "") -> list[str]:
    return [entry.event for each in log.logs for entry in log.entries[each] if entry.id > after]


@pytest.mark.parametrize("seed", range(60))
async def test_each_log_is_told_whole_and_in_order_from_a_cursor(make_project_log: Any, seed: int) -> None:
    log = make_project_log(seed)
    await _fill(log, 400)
    cursor = min(log.entries[each][0].id for each in log.logs)
    expected = len(_all(log, cursor)) + 100
    reader = asyncio.create_task(_take(_watch(log, cursor), expected))
    await _fill(log, 100)
    events = await asyncio.wait_for(reader, 10)
    for each in log.logs:
        own = [entry.event for entry in log.entries[each] if entry.id > cursor]
        assert [event for event in events if event.startswith(each)] == own


async def test_history_is_merged_by_rising_id(make_project_log: Any) -> None:
    log = make_project_log(1)
    await _fill(log, 700)
    everything = sorted((entry for each in log.logs for entry in log.entries[each]), key=lambda entry: entry.id)
    events = await asyncio.wait_for(_take(_watch(log, everything[0].id), 699), 10)
    assert events == [entry.event for entry in everything[1:]]


@pytest.mark.parametrize("seed", range(30))
async def test_without_a_cursor_it_tells_what_comes_from_the_first_checkpoint_on(
    make_project_log: Any, seed: int
) -> None:
    log = make_project_log(seed)
    await _fill(log, 20)
    before = set(_all(log))
    listening = asyncio.Event()
    reader = asyncio.create_task(_take(_watch(log), 40, listening))
    await listening.wait()
    await _fill(log, 40)
    events = await asyncio.wait_for(reader, 10)
    assert sorted(events) == sorted(set(_all(log)) - before)


@pytest.mark.parametrize("seed", range(30))
async def test_overflow_and_a_lost_last_word_are_made_good(make_project_log: Any, seed: int) -> None:
    log = make_project_log(seed)
    listening = asyncio.Event()
    reader = asyncio.create_task(_take(_watch(log, capacity=2, idle_seconds=0.02), 51, listening))
    await listening.wait()
    await _fill(log, 50)
    log.append("flow", announce=False)
    assert sorted(await asyncio.wait_for(reader, 5)) == sorted(_all(log))
