"""The loop that fires what is due and wakes runs: asked when something is due or told, and not again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from triggerflow_chassis.errors import Unavailable
from triggerflow_orchestrator.app import resume
from triggerflow_orchestrator.app.resume import Waking


class Waits:
    """`ports.Waits` as far as the loop asks."""

    def __init__(self) -> None:
        self.due_in: float | None = None
        self.due: list[Any] = []
        self.ready: list[Any] = []
        self.asked = 0
        self.away = 0
        self.steps = asyncio.Event()

    async def fire_due(self, limit: int) -> list[Any]:
        self.asked += 1
        self.steps.set()
        if self.away:
            self.away -= 1
            raise Unavailable("the database is away")
        fired, self.due = self.due[:limit], self.due[limit:]
        return fired

    async def wake(self, limit: int, *, claim: bool) -> list[Any]:
        woken, self.ready = self.ready[:limit], self.ready[limit:]
        return woken

    async def next_due_in(self) -> float | None:
        return self.due_in


class House:
    longest_seconds = 60.0
    claims = True

    def __init__(self) -> None:
        self.room = 10
        self.told = 0
        self.woken: list[Any] = []

    async def tell(self, owners: Sequence[str | None]) -> None:
        self.told += len(owners)

    async def go_on(self, woken: Sequence[Any]) -> None:
        self.woken += woken


class Fired:
    owner = None


@pytest.fixture
async def lab() -> Any:
    waits, house = Waits(), House()
    waking = Waking(waits)  # type: ignore[arg-type]
    task = asyncio.create_task(waking.run(house))
    await step(waits)
    yield waits, house, waking
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def step(waits: Waits) -> None:
    async with asyncio.timeout(5):
        await waits.steps.wait()
    waits.steps.clear()
    for _ in range(5):
        await asyncio.sleep(0)


async def test_where_nothing_is_due_nothing_is_asked_until_it_is_told(lab: Any) -> None:
    waits, house, waking = lab
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await waits.steps.wait()
    assert waits.asked == 1
    waits.ready = ["run"]
    waking.nudge()
    await step(waits)
    assert house.woken == ["run"]


async def test_it_asks_again_when_the_next_is_due(lab: Any) -> None:
    waits, house, waking = lab
    waits.due_in = 0.05
    waking.nudge()
    await step(waits)
    waits.due, waits.due_in = [Fired()], None
    await step(waits)
    assert house.told == 1


async def test_what_fills_a_round_is_followed_by_another_at_once(lab: Any) -> None:
    waits, house, waking = lab
    waits.ready = [f"run {number}" for number in range(25)]
    waking.nudge()
    async with asyncio.timeout(5):
        while len(house.woken) < 25:
            await step(waits)


async def test_without_room_nothing_is_woken_until_there_is(lab: Any) -> None:
    waits, house, waking = lab
    house.room, waits.ready = 0, ["run"]
    waking.nudge()
    await step(waits)
    assert house.woken == []
    house.room = 1
    waking.nudge()
    await step(waits)
    assert house.woken == ["run"]


async def test_a_database_that_is_away_is_asked_again(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, house, waking = lab
    monkeypatch.setattr(resume, "_AGAIN_SECONDS", 0.01)
    waits.away, waits.ready = 2, ["run"]
    waking.nudge()
    async with asyncio.timeout(5):
        while not house.woken:
            await step(waits)
