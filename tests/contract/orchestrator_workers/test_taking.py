"""Runs are taken once, in the order of weights, no more than there is room for, and none is forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from journal_units import PROJECT
from lease_world import LeaseWorld
from triggerflow_chassis.ids import uuid7

pytestmark = pytest.mark.postgres


async def test_what_a_kick_names_is_taken_at_once_and_what_is_nobodys_business_is_not(
    world: LeaseWorld, hire: Any, wait_until: Any
) -> None:
    worker = await hire()
    runs = [await world.queued() for _ in range(3)]
    ended = await world.queued()
    await world.end(ended)
    worker.taking.offer([*(run.id for run in runs), ended.id, uuid7(), runs[0].id])
    await wait_until(lambda: len(worker.host.runs) == 3)
    assert {record.epoch for record in worker.host.runs.values()} == {2}
    assert worker.host.tries == 3


async def test_what_nobody_was_told_of_is_taken_once_it_waited_a_moment(
    world: LeaseWorld, hire: Any, wait_until: Any
) -> None:
    run = await world.queued(age_seconds=5)
    worker = await hire()
    await wait_until(lambda: run.id in worker.host.runs)


async def test_two_workers_take_each_run_once(world: LeaseWorld, hire: Any, wait_until: Any) -> None:
    first, second = await hire(100), await hire(100)
    runs = [(await world.queued()).id for _ in range(60)]
    for start in range(0, 60, 5):
        first.taking.offer(runs[start : start + 5])
        second.taking.offer(runs[start : start + 5])
    await wait_until(lambda: len(first.host.runs) + len(second.host.runs) == 60)
    assert not set(first.host.runs) & set(second.host.runs)


async def test_no_more_are_taken_than_there_is_room_for_and_the_gate_is_told(
    world: LeaseWorld, hire: Any, wait_until: Any
) -> None:
    worker = await hire(3)
    runs = [(await world.queued(age_seconds=60)).id for _ in range(8)]
    worker.taking.offer(runs)
    await wait_until(lambda: len(worker.host.runs) == 3)
    await wait_until(lambda: worker.room == [False])
    for taken in (4, 5, 6, 7, 8):
        worker.end(next(iter(worker.host.runs)))
        await wait_until(lambda taken=taken: worker.host.tries == taken)
        assert len(worker.host.runs) == 3
    worker.end(next(iter(worker.host.runs)))
    await wait_until(lambda: worker.room[-1] is True)
    assert set(runs) >= set(worker.host.runs)


@pytest.mark.parametrize("method", ["claim", "claim_waiting"])
async def test_a_claim_whose_answer_was_lost_loses_no_run(
    world: LeaseWorld, hire: Any, wait_until: Any, method: str
) -> None:
    worker = await hire()
    worker.leases.lost.add(method)
    run = await world.queued(age_seconds=0 if method == "claim" else 60)
    if method == "claim":
        worker.taking.offer([run.id])
    await wait_until(lambda: run.id in worker.host.runs)
    # Claimed twice, with letting go between: nobody else could have written meanwhile.
    assert worker.host.runs[run.id].epoch == 4
    assert (await world.row(run))["epoch"] == 4


async def test_a_run_whose_version_does_not_answer_is_held_a_while_then_given_back_and_taken_later(
    world: LeaseWorld, hire: Any, wait_until: Any
) -> None:
    worker = await hire()
    worker.host.reachable = False
    run = await world.queued()
    worker.taking.offer([run.id])
    await wait_until(lambda: worker.host.tries == 5)

    async def is_nobodys() -> bool:
        return (await world.row(run))["owner"] is None

    await wait_until(is_nobodys)
    assert worker.taking.taken == 0
    worker.host.reachable = True
    await wait_until(lambda: run.id in worker.host.runs)


async def test_a_run_that_is_to_end_is_ended_and_not_begun(world: LeaseWorld, hire: Any, wait_until: Any) -> None:
    run = await world.queued()
    dead = await world.worker()
    await world.leases.claim(dead, [run.id])
    asked = await world.commands.ask_cancel(PROJECT, run.id, "somebody", None)
    assert asked.owner == dead  # type: ignore[union-attr]
    await world.lapse(dead)
    worker = await hire()
    for queued in await world.leases.reap():
        worker.taking.offer([queued.execution_id])

    async def ended() -> bool:
        return (await world.row(run))["status"] == "cancelled"

    await wait_until(ended)
    assert worker.host.tries == 0
    assert await world.commands.of_worker(worker.keeper.id or "") == []


async def test_a_run_that_waits_for_its_version_can_be_cancelled(world: LeaseWorld, hire: Any, wait_until: Any) -> None:
    worker = await hire()
    worker.host.reachable = False
    run = await world.queued()
    worker.taking.offer([run.id])
    await wait_until(lambda: worker.host.tries == 1)
    await world.commands.ask_cancel(PROJECT, run.id, "somebody", None)
    worker.carrying_out.nudge()

    async def ended() -> bool:
        return (await world.row(run))["status"] == "cancelled"

    await wait_until(ended)
    await wait_until(lambda: worker.taking.taken == 0)


async def test_a_run_that_only_the_database_knows_of_is_ended_soon_when_somebody_wants_it(
    world: LeaseWorld, hire: Any, wait_until: Any
) -> None:
    worker = await hire()
    run = await world.queued()
    assert await world.leases.claim(worker.keeper.id, [run.id])  # behind the worker's back
    await world.commands.ask_cancel(PROJECT, run.id, "somebody", None)
    worker.carrying_out.nudge()

    async def ended() -> bool:
        return (await world.row(run))["status"] == "cancelled"

    await wait_until(ended)
    assert worker.host.tries == 0
