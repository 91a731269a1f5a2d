"""The seam between history and live, at many interleavings."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from triggerflow_chassis.ids import uuid7
from triggerflow_stream.app.watch_execution import BATCH, ExecutionWatch, WatchExecution


def _watch(log: Any, after: str = "", *, capacity: int = 256, idle_seconds: float = 5.0) -> ExecutionWatch:
    return ExecutionWatch(
        WatchExecution("p", "e", after), history=log, live=log, capacity=capacity, idle_seconds=idle_seconds
    )


async def _collect(watch: ExecutionWatch) -> list[Any]:
    return [event async for batch in watch.batches() for event in batch.events]


async def _append(log: Any, count: int, *, lose: float = 0.0) -> None:
    for number in range(1, count + 1):
        log.append(last=number == count)
        await log.pause()
        if log.dice.random() < 0.6:
            log.announce(lose=log.dice.random() < lose)
            await log.pause()
    log.announce()


@pytest.mark.parametrize("seed", range(80))
async def test_nobody_sees_a_gap_or_a_repeat_however_appends_and_reading_interleave(make_log: Any, seed: int) -> None:
    log = make_log(seed)
    count = log.dice.choice([1, 2, 7, 80, 300])
    before = log.dice.randrange(count)
    for _ in range(before):
        log.append()
    log.announce()
    readers = [asyncio.create_task(_collect(_watch(log))) for _ in range(3)]
    await log.pause()
    await _append(log, count)
    for events in await asyncio.wait_for(asyncio.gather(*readers), 10):
        assert events == [entry.event for entry in log.entries]
    assert not log.callbacks


@pytest.mark.parametrize("seed", range(25))
async def test_a_small_mailbox_that_overflows_is_made_good_from_the_log(make_log: Any, seed: int) -> None:
    log = make_log(seed)
    reader = asyncio.create_task(_collect(_watch(log, capacity=2)))
    await _append(log, 120)
    assert await asyncio.wait_for(reader, 10) == [entry.event for entry in log.entries]


@pytest.mark.parametrize("seed", range(25))
async def test_words_that_get_lost_are_made_good_from_the_log(make_log: Any, seed: int) -> None:
    log = make_log(seed)
    reader = asyncio.create_task(_collect(_watch(log)))
    await _append(log, 60, lose=0.5)
    assert await asyncio.wait_for(reader, 10) == [entry.event for entry in log.entries]


async def test_a_watch_goes_live_though_something_happens_whenever_the_log_is_read(make_log: Any) -> None:
    log = make_log(1)
    log.append()
    log.tells = True
    watch = _watch(log)
    read = log.read

    async def read_while_it_grows(*arguments: Any) -> Any:
        page = await read(*arguments)
        if len(log.entries) < 40:
            log.append()
            log.announce()
        return page

    log.read = read_while_it_grows
    events: list[Any] = []
    async for batch in watch.batches():
        events += batch.events
        if len(log.entries) < 50:
            log.append(last=len(log.entries) == 49)
            log.announce()
    assert events == [entry.event for entry in log.entries]
    assert log.reads < 5


async def test_a_lost_word_of_the_last_event_is_made_good_when_idle(make_log: Any) -> None:
    log = make_log(1)
    log.append()
    log.announce()
    reader = asyncio.create_task(_collect(_watch(log, idle_seconds=0.02)))
    log.append(last=True)
    log.announce(lose=True)
    assert await asyncio.wait_for(reader, 10) == ["event 1", "event 2"]


@pytest.mark.parametrize("seed", range(25))
async def test_while_no_word_comes_the_log_is_looked_at_and_nothing_is_missed_when_it_comes_again(
    make_log: Any, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triggerflow_stream.app.watch_execution.WITHOUT_WORD_SECONDS", 0.01)
    log = make_log(seed)
    readers = [asyncio.create_task(_collect(_watch(log, idle_seconds=60))) for _ in range(2)]
    for number in range(1, 81):
        log.append(last=number == 80)
        await log.pause()
        if log.dice.random() < 0.1:
            log.turn(comes=not log.comes)
        if not log.comes or log.dice.random() < 0.6:
            log.announce(lose=not log.comes)
            await log.pause()
    # The last word is lost with the broker, which does not come back.
    log.turn(comes=False)
    for events in await asyncio.wait_for(asyncio.gather(*readers), 10):
        assert events == [entry.event for entry in log.entries]
    assert not log.callbacks
    assert not log.losses


@pytest.mark.parametrize("seed", range(20))
async def test_any_cursor_resumes_right_behind_it(make_log: Any, seed: int) -> None:
    log = make_log(seed)
    for _ in range(30):
        log.append()
    log.announce()
    cut = log.dice.randrange(30)
    reader = asyncio.create_task(_collect(_watch(log, log.entries[cut].id)))
    await log.pause()
    await _append(log, 20)
    assert await asyncio.wait_for(reader, 10) == [entry.event for entry in log.entries[cut + 1 :]]


async def test_a_cursor_is_compared_and_not_looked_up(make_log: Any) -> None:
    log = make_log(3)
    log.append()
    between = uuid7(int(log.entries[0].id.replace("-", "")[:12], 16) + 5)
    reader = asyncio.create_task(_collect(_watch(log, between)))
    await log.pause()
    log.append(last=True)
    # The log's ids run on from the first one, so the second may lie before the cursor; then there is nothing to tell.
    log.announce()
    assert await asyncio.wait_for(reader, 10) == [entry.event for entry in log.entries if entry.id > between]


async def test_a_cursor_at_or_past_the_end_of_an_ended_execution_ends_the_watch_at_once(make_log: Any) -> None:
    log = make_log(4)
    log.append()
    log.append(last=True)
    assert await asyncio.wait_for(_collect(_watch(log, log.entries[-1].id)), 10) == []
    assert await asyncio.wait_for(_collect(_watch(log, "ffffffff-ffff-7fff-bfff-ffffffffffff")), 10) == []


async def test_a_cursor_past_the_end_of_a_running_execution_ends_with_it(make_log: Any) -> None:
    log = make_log(5)
    log.append()
    log.announce()
    reader = asyncio.create_task(_collect(_watch(log, "ffffffff-ffff-7fff-bfff-ffffffffffff")))
    await _append(log, 5)
    assert await asyncio.wait_for(reader, 10) == []


async def test_an_announced_event_goes_out_without_reading_the_log_again(make_log: Any) -> None:
    log = make_log(6)
    log.append()
    log.announce()
    batches = _watch(log).batches()
    assert (await anext(batches)).events == ["event 1"]
    following = asyncio.ensure_future(anext(batches))
    # It has read the log to its end and waits; a few turns of the loop are all it takes.
    for _ in range(20):
        await asyncio.sleep(0)
    reads = log.reads
    log.append()
    log.announce()
    batch = await following
    assert (batch.events, batch.cursor, log.reads) == (["event 2"], log.entries[-1].id, reads)
    await batches.aclose()
    assert not log.callbacks


async def test_idle_watches_send_checkpoints_with_the_cursor(make_log: Any) -> None:
    log = make_log(7)
    log.append()
    batches = _watch(log, idle_seconds=0.01).batches()
    await anext(batches)
    checkpoint = await anext(batches)
    assert (list(checkpoint.events), checkpoint.cursor) == ([], log.entries[0].id)
    await batches.aclose()


async def test_batches_hold_at_most_sixty_four(make_log: Any) -> None:
    log = make_log(8)
    for number in range(1_000):
        log.append(last=number == 999)
    sizes = [len(batch.events) async for batch in _watch(log).batches()]
    assert sum(sizes) == 1_000
    assert max(sizes) == BATCH
