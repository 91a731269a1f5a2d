"""Waiting for an end: told by the bus, bounded, and never asking again and again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from triggerflow_chassis.bus import EXECUTION_NOTICES, InProcessBus
from triggerflow_orchestrator.app.waiters import EndWaiters


@dataclass
class Record:
    id: str = "run"
    project_id: str = "project"
    status: str = "running"

    @property
    def ended(self) -> bool:
        return self.status == "succeeded"


@dataclass
class Store:
    status: str = "running"
    reads: list[str] = field(default_factory=list)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def execution(self, project_id: str, execution_id: str) -> Any:
        self.reads.append(execution_id)
        return Record(status=self.status)

    async def ended(self, execution_ids: Any) -> frozenset[str]:
        self.asked.append(tuple(execution_ids))
        return frozenset(execution_ids if self.status == "succeeded" else ())

    def end(self, bus: InProcessBus) -> None:
        self.status = "succeeded"
        bus.publish(EXECUTION_NOTICES, "project", [{"type": "execution.completed", "executionId": "run"}])


@pytest.fixture
def bus() -> InProcessBus:
    return InProcessBus()


def _waiters(bus: InProcessBus, store: Any, live: Any = None) -> EndWaiters:
    return EndWaiters(bus, store, live or (lambda execution_id: None))


async def _until_asleep(task: asyncio.Task[Any]) -> None:
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()


async def test_the_end_wakes_who_waits_and_is_read_once(bus: InProcessBus) -> None:
    store, record = Store(), Record()
    waiters = _waiters(bus, store)
    task = asyncio.create_task(waiters.wait(record, 30, fresh=True))  # type: ignore[arg-type]
    await _until_asleep(task)
    bus.publish(EXECUTION_NOTICES, "project", [{"type": "execution.started", "executionId": "run"}])
    bus.publish(EXECUTION_NOTICES, "project", [{"type": "execution.failed", "executionId": "other"}])
    await _until_asleep(task)
    store.end(bus)
    assert (await task).status == "succeeded"
    assert store.reads == ["run"]


async def test_an_end_that_this_process_still_knows_is_not_read(bus: InProcessBus) -> None:
    store, known = Store(), Record(status="succeeded")
    waiters = _waiters(bus, store, {"run": known}.get)
    tasks = [asyncio.create_task(waiters.wait(Record(), 30, fresh=True)) for _ in range(2)]  # type: ignore[arg-type]
    await _until_asleep(tasks[1])
    store.end(bus)
    found: list[Any] = [await task for task in tasks]
    assert all(record is known for record in found)
    assert store.reads == []


async def test_what_this_process_has_not_ended_is_not_taken_for_the_end(bus: InProcessBus) -> None:
    store = Store()
    waiters = _waiters(bus, store, {"run": Record(status="running")}.get)
    task = asyncio.create_task(waiters.wait(Record(), 30, fresh=True))  # type: ignore[arg-type]
    await _until_asleep(task)
    store.end(bus)
    assert (await task).status == "succeeded"


async def test_an_end_before_the_wait_is_not_missed(bus: InProcessBus) -> None:
    store = Store()
    waiters = _waiters(bus, store)
    store.end(bus)
    assert (await waiters.wait(Record(), 30, fresh=True)).status == "succeeded"  # type: ignore[arg-type]


async def test_an_end_of_long_ago_is_found_in_the_store(bus: InProcessBus) -> None:
    store = Store(status="succeeded")
    found = await _waiters(bus, store).wait(Record(), 30, fresh=False)  # type: ignore[arg-type]
    assert found.status == "succeeded"


async def test_a_wait_that_is_over_gives_the_execution_as_it_is(bus: InProcessBus) -> None:
    store = Store()
    found = await _waiters(bus, store).wait(Record(), 0.01, fresh=True)  # type: ignore[arg-type]
    assert (found.status, store.reads) == ("running", ["run"])


async def test_nobody_waits_for_what_has_ended_or_without_time(bus: InProcessBus) -> None:
    store = Store()
    waiters = _waiters(bus, store)
    ended, running = Record(status="succeeded"), Record()
    assert await waiters.wait(ended, 30, fresh=True) is ended  # type: ignore[arg-type,comparison-overlap]
    assert await waiters.wait(running, 0, fresh=True) is running  # type: ignore[arg-type,comparison-overlap]
    assert store.reads == []


async def test_closing_lets_everybody_go(bus: InProcessBus) -> None:
    waiters = _waiters(bus, Store())
    task = asyncio.create_task(waiters.wait(Record(), 30, fresh=True))  # type: ignore[arg-type]
    await _until_asleep(task)
    waiters.close()
    assert (await task).status == "running"


async def test_a_caller_that_hangs_up_leaves_nothing_behind(bus: InProcessBus) -> None:
    waiters = _waiters(bus, Store())
    task = asyncio.create_task(waiters.wait(Record(), 30, fresh=True))  # type: ignore[arg-type]
    await _until_asleep(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waiters._waiting == {}


async def test_where_the_bus_brings_nothing_one_question_asks_for_all_who_wait(bus: InProcessBus) -> None:
    store = Store()
    waiters = _waiters(bus, store)
    asking = asyncio.create_task(waiters.ask(lambda: False))
    waits = [asyncio.create_task(waiters.wait(Record(), 10, fresh=True)) for _ in range(3)]  # type: ignore[arg-type]
    await _until_asleep(waits[0])
    store.status = "succeeded"  # and nobody publishes
    assert [(await wait).status for wait in waits] == ["succeeded"] * 3
    assert set(store.asked) == {("run",)}
    asking.cancel()
