"""A worker knows at any moment whether its lease surely lasts, and a lost one never comes back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lease_world import LeaseWorld

pytestmark = pytest.mark.postgres


async def test_a_lease_that_is_renewed_lasts(world: LeaseWorld, hire: Any, wait_until: Any) -> None:
    worker = await hire()
    first = (await world.leases.load()).workers[0].lease_seconds
    joined = worker.keeper.id
    renewals = 0

    def renewed() -> None:
        nonlocal renewals
        renewals += 1

    worker.keeper.on_renewed = renewed
    await wait_until(lambda: renewals >= 6)
    assert worker.keeper.sure
    assert worker.joined == [joined]
    assert (await world.leases.load()).workers[0].lease_seconds > 0
    assert first > 0


async def test_while_the_database_is_away_it_is_unsure_after_a_lease_and_sure_again_with_it(
    world: LeaseWorld, hire: Any, wait_until: Any
) -> None:
    worker = await hire()
    worker.leases.away.add("beat")
    await wait_until(lambda: not worker.keeper.sure)
    waiting = asyncio.create_task(worker.keeper.until_sure())
    run = await world.queued()
    worker.taking.offer([run.id])
    worker.leases.away.clear()
    await waiting
    assert worker.keeper.sure
    assert worker.lost == 0, "nobody reaped it, so it keeps its runs"
    await wait_until(lambda: run.id in worker.host.runs)


async def test_a_lease_that_was_reaped_is_noticed_all_runs_are_dropped_and_a_new_one_taken(
    world: LeaseWorld, hire: Any, wait_until: Any
) -> None:
    worker = await hire()
    run = await world.queued()
    worker.taking.offer([run.id])
    await wait_until(lambda: run.id in worker.host.runs)
    await world.lapse(worker.keeper.id)
    reaped = await world.leases.reap()
    assert [queued.execution_id for queued in reaped] == [run.id]
    await wait_until(lambda: worker.lost == 1)
    assert worker.host.runs == {}
    await wait_until(lambda: len(worker.joined) == 2)
    assert worker.joined[0] != worker.joined[1]
    assert worker.keeper.sure
    worker.taking.offer([run.id])
    await wait_until(lambda: run.id in worker.host.runs)
    assert worker.host.runs[run.id].owner == worker.joined[1]


async def test_a_join_whose_answer_was_lost_is_one_lease(world: LeaseWorld, hire: Any) -> None:
    worker = await hire(lost=["join"])
    assert worker.leases.lost == set()
    assert [lease.id for lease in (await world.leases.load()).workers] == [worker.keeper.id]


async def test_a_renewal_whose_answer_was_lost_loses_nothing(world: LeaseWorld, hire: Any, wait_until: Any) -> None:
    worker = await hire(lost=["beat"])
    renewals: list[None] = []
    worker.keeper.on_renewed = lambda: renewals.append(None)
    await wait_until(lambda: worker.leases.lost == set() and len(renewals) >= 2)
    assert (worker.lost, len(worker.joined)) == (0, 1)
