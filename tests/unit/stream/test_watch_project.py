"""One log, one cursor: whoever resumes anywhere gets what follows, once and in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from triggerflow_stream.app.watch_project import ProjectWatch, WatchProject


def _watch(log: Any, after: str = "", *, capacity: int = 256, idle_seconds: float = 5.0) -> ProjectWatch:
    return ProjectWatch(WatchProject("p", after), history=log, live=log, capacity=capacity, idle_seconds=idle_seconds)


async def _take(watch: ProjectWatch, count: int, listening: asyncio.Event | None = None) -> tuple[list[str], str]:
    """At least so many events, and the cursor behind them."""
    events: list[str] = []
    cursor = ""
    batches = watch.batches()
    async for batch in batches:
        if listening:
            listening.set()
        events.extend(batch.events)
        cursor = batch.cursor
        if len(events) >= count:
            break
    await batches.aclose()
    return events, cursor


async def _fill(log: Any, count: int, *, lose: float = 0.0) -> None:
    for _ in range(count):
        log.append()
        await log.pause()
        if log.dice.random() < 0.6:
            log.announce(lose=log.dice.random() < lose)
            await log.pause()
    log.announce()


@pytest.mark.parametrize("seed", range(60))
async def test_a_reader_that_leaves_and_comes_back_anywhere_sees_neither_gap_nor_repeat(
    make_project_log: Any, seed: int
) -> None:
    log = make_project_log(seed)
    await _fill(log, 60)
    start = log.dice.randrange(60)
    filling = asyncio.create_task(_fill(log, 240, lose=0.2))
    events: list[str] = []
    cursor = log.entries[start].id
    whole = 300 - start - 1
    async with asyncio.timeout(20):
        while len(events) < whole:
            wanted = min(1 + log.dice.randrange(40), whole - len(events))
            watch = _watch(log, cursor, capacity=log.dice.choice([2, 16, 256]), idle_seconds=0.02)
            some, cursor = await _take(watch, wanted)
            events += some
    await filling
    assert events == [entry.event for entry in log.entries[start + 1 :]]
    assert not log.callbacks
    assert not log.losses


@pytest.mark.parametrize("seed", range(30))
async def test_without_a_cursor_it_tells_what_comes_from_the_first_checkpoint_on(
    make_project_log: Any, seed: int
) -> None:
    log = make_project_log(seed)
    await _fill(log, 20)
    listening = asyncio.Event()
    reader = asyncio.create_task(_take(_watch(log), 40, listening))
    await listening.wait()
    await _fill(log, 40, lose=0.3)
    events, _ = await asyncio.wait_for(reader, 10)
    assert events == [entry.event for entry in log.entries[20:]]


@pytest.mark.parametrize("seed", range(30))
async def test_while_no_word_comes_the_log_is_looked_at(
    make_project_log: Any, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triggerflow_stream.app.watch_project.WITHOUT_WORD_SECONDS", 0.01)
    log = make_project_log(seed)
    log.comes = False
    listening = asyncio.Event()
    reader = asyncio.create_task(_take(_watch(log, idle_seconds=60), 50, listening))
    await listening.wait()
    for _ in range(50):
        log.append()
        await log.pause()
    events, _ = await asyncio.wait_for(reader, 10)
    assert events == [entry.event for entry in log.entries]


async def test_a_lost_last_word_is_made_good_when_idle(make_project_log: Any) -> None:
    log = make_project_log(1)
    log.append()
    first = log.entries[0].id
    reader = asyncio.create_task(_take(_watch(log, first, idle_seconds=0.02), 1))
    log.append()
    assert (await asyncio.wait_for(reader, 5))[0] == ["event 2"]
