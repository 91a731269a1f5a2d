"""Leases on PostgreSQL: a run has one holder, whoever claims, reaps and dies at the same time."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from journal_units import PROJECT, Told
from lease_world import LeaseWorld
from triggerflow_chassis.ids import uuid7
from triggerflow_orchestrator.app.units import Kind
from triggerflow_orchestrator.domain.intervention import Intervention
from triggerflow_orchestrator.domain.lease import LeaseLost, Queued
from triggerflow_orchestrator.store.interventions import SqlInterventions
from triggerflow_orchestrator.store.postgres import open_postgres
from triggerflow_orchestrator.store.postgres_journal import PostgresJournal

pytestmark = pytest.mark.postgres

WEIGHTS = {0: 6, 1: 3, 2: 1}


async def test_a_claim_takes_what_nobody_holds_and_raises_its_epoch(leases: LeaseWorld) -> None:
    worker, other = await leases.worker(), await leases.worker()
    first, second, ended = [await leases.queued() for _ in range(3)]
    await leases.end(ended)
    assert [record.id for record in await leases.leases.claim(other, [second.id])] == [second.id]
    claimed = await leases.leases.claim(worker, [first.id, second.id, ended.id, uuid7()])
    assert [(record.id, record.epoch, record.owner) for record in claimed] == [(first.id, 2, worker)]
    assert await leases.leases.claim(worker, [first.id]) == []
    assert await leases.leases.claim(worker, []) == []


async def test_each_run_is_claimed_once_however_many_ask(leases: LeaseWorld) -> None:
    runs = [await leases.queued() for _ in range(40)]
    workers = [await leases.worker() for _ in range(8)]
    ids = [run.id for run in runs]
    taken = await asyncio.gather(
        *(leases.leases.claim(worker, ids) for worker in workers),
        *(leases.leases.claim_waiting(worker, 40, 0, WEIGHTS) for worker in workers),
    )
    counted = Counter(record.id for records in taken for record in records)
    assert counted == Counter(ids)
    assert {record.epoch for records in taken for record in records} == {2}


async def test_a_worker_without_a_lease_claims_nothing(leases: LeaseWorld) -> None:
    run = await leases.queued()
    lapsed = await leases.worker()
    await leases.lapse(lapsed)
    for worker in (lapsed, uuid7()):
        assert await leases.leases.claim(worker, [run.id]) == []
        assert await leases.leases.claim_waiting(worker, 5, 0, WEIGHTS) == []


async def test_waiting_runs_are_taken_by_weight_and_within_a_priority_the_oldest_first(leases: LeaseWorld) -> None:
    worker = await leases.worker()
    by_priority = {p: [await leases.queued(priority=p, age_seconds=60 - n) for n in range(12)] for p in (0, 1, 2)}
    claimed = await leases.leases.claim_waiting(worker, 10, 1, WEIGHTS)
    assert [record.id for record in claimed] == [
        run.id for priority, most in WEIGHTS.items() for run in by_priority[priority][:most]
    ]


async def test_one_at_a_time_low_has_its_turn_too(leases: LeaseWorld) -> None:
    worker = await leases.worker()
    for priority in (0, 1, 2):
        for _ in range(20):
            await leases.queued(priority=priority, age_seconds=5)
    taken = [(await leases.leases.claim_waiting(worker, 1, 0, WEIGHTS))[0].priority for _ in range(20)]
    assert Counter(taken) == {0: 12, 1: 6, 2: 2}


async def test_what_one_priority_leaves_goes_to_the_others(leases: LeaseWorld) -> None:
    worker = await leases.worker()
    for _ in range(10):
        await leases.queued(priority=2)
    await leases.queued(priority=0)
    claimed = await leases.leases.claim_waiting(worker, 8, 0, WEIGHTS)
    assert [record.priority for record in claimed] == [0, *[2] * 7]


async def test_only_what_waited_long_enough_is_taken(leases: LeaseWorld) -> None:
    worker = await leases.worker()
    await leases.queued()
    old = await leases.queued(age_seconds=10)
    assert [record.id for record in await leases.leases.claim_waiting(worker, 5, 5, WEIGHTS)] == [old.id]


async def test_a_heartbeat_renews_a_lease_that_no_reaper_took(leases: LeaseWorld) -> None:
    worker = await leases.worker()
    run = await leases.queued()
    await leases.leases.claim(worker, [run.id])
    await leases.lapse(worker)
    assert await leases.leases.beat(worker, 1, 2)
    assert await leases.leases.reap() == []
    assert (await leases.row(run))["owner"] == worker
    whole = await leases.leases.load()
    [load] = whole.workers
    assert (load.live, load.most, load.name, load.strays, whole.strays) == (1, 100, "worker", 2, 2)
    assert 25 < load.lease_seconds <= 30


async def test_a_reaper_takes_the_runs_of_a_lapsed_worker_and_its_late_writes_are_refused(leases: LeaseWorld) -> None:
    worker, other = await leases.worker(), await leases.worker()
    mine, theirs, ended = [await leases.queued(priority=2) for _ in range(3)]
    records = await leases.leases.claim(worker, [mine.id, ended.id])
    await leases.leases.claim(other, [theirs.id])
    await leases.end(ended)
    await leases.lapse(worker)
    assert await leases.leases.reap() == [Queued(mine.id, 2)]
    row = await leases.row(mine)
    assert (row["owner"], row["epoch"]) == (None, 3)
    assert not await leases.leases.beat(worker, 1)
    stale = leases.holder(next(record for record in records if record.id == mine.id))
    assert isinstance(await leases.mesh.told.of(stale.step()), LeaseLost)
    assert (await leases.row(theirs))["owner"] == other


async def test_reapers_beside_each_other_and_heartbeats_give_each_run_to_one(leases: LeaseWorld) -> None:
    for _ in range(10):
        worker, beats = await leases.worker(), await leases.worker()
        runs = [await leases.queued() for _ in range(10)]
        kept = await leases.queued()
        await leases.leases.claim(worker, [run.id for run in runs])
        await leases.leases.claim(beats, [kept.id])
        await leases.lapse(worker)
        await leases.lapse(beats)
        alive, *reaped = await asyncio.gather(
            leases.leases.beat(beats, 1), *(leases.leases.reap() for _ in range(6)), return_exceptions=False
        )
        counted = Counter(queued.execution_id for found in reaped for queued in found)
        # A reaper passes over rows that another holds, so the rest is for the next round.
        counted += Counter(queued.execution_id for queued in await leases.leases.reap())
        expected = Counter(run.id for run in runs)
        assert counted == (expected if alive else expected + Counter([kept.id]))
        assert ((await leases.row(kept))["owner"] == beats) is alive


async def test_runs_of_an_owner_that_has_no_row_are_queued(leases: LeaseWorld) -> None:
    run = await leases.queued()
    await leases.mesh.look.execute("UPDATE executions SET owner = 'nobody' WHERE id = $1", run.id)
    assert await leases.leases.reap() == [Queued(run.id, 1)]
    assert await leases.leases.reap() == []


async def test_what_is_given_back_is_queued_with_a_new_epoch_and_only_by_its_owner(leases: LeaseWorld) -> None:
    worker, other = await leases.worker(), await leases.worker()
    run = await leases.queued(age_seconds=100)
    before = (await leases.row(run))["queued_at"]
    [record] = await leases.leases.claim(worker, [run.id])
    assert await leases.leases.give_back(other, [run.id]) == []
    assert await leases.leases.give_back(worker, [run.id, uuid7()]) == [Queued(run.id, 1)]
    row = await leases.row(run)
    assert (row["owner"], row["epoch"]) == (None, 3)
    assert row["queued_at"] > before + 50_000_000
    assert isinstance(await leases.mesh.told.of(leases.holder(record).step()), LeaseLost)


async def test_who_leaves_lets_go_of_all_and_its_lease_is_gone(leases: LeaseWorld) -> None:
    worker = await leases.worker()
    runs = [await leases.queued() for _ in range(3)]
    await leases.leases.claim(worker, [run.id for run in runs])
    left = await leases.leases.leave(worker)
    assert {queued.execution_id for queued in left} == {run.id for run in runs}
    assert not await leases.leases.beat(worker, 0)
    assert (await leases.leases.load()).workers == ()


async def test_a_kick_that_seems_lost_is_told_once_and_keeps_the_epoch(leases: LeaseWorld) -> None:
    worker = await leases.worker()
    fresh, old, taken = await leases.queued(), await leases.queued(age_seconds=10), await leases.queued(age_seconds=10)
    await leases.leases.claim(worker, [taken.id])
    assert await leases.leases.requeue(5) == [Queued(old.id, 1)]
    assert await leases.leases.requeue(5) == []
    assert (await leases.row(old))["epoch"] == 1
    assert (await leases.row(fresh))["epoch"] == 1


async def test_the_load_counts_what_waits_by_priority_and_from_when_it_was_accepted(leases: LeaseWorld) -> None:
    assert (await leases.leases.load()).queued == {0: 0, 1: 0, 2: 0}
    worker = await leases.worker()
    await leases.queued(priority=2)
    old = await leases.queued(priority=0, age_seconds=100)
    claimed = await leases.queued(priority=0)
    await leases.leases.claim(worker, [claimed.id])
    await leases.leases.requeue(5)
    load = await leases.leases.load()
    assert load.queued == {0: 1, 1: 0, 2: 1}
    assert 100 <= load.oldest_seconds < 130
    await leases.end(old)
    assert (await leases.leases.load()).oldest_seconds < 30


async def test_journals_claims_and_reapers_never_wait_in_a_circle(leases: LeaseWorld) -> None:
    """All of them over the same rows at once: every one comes to an end, and each run's journal has no gap."""
    runs = [await leases.queued() for _ in range(12)]
    ids = [run.id for run in runs]
    written: dict[str, list[int]] = {run.id: [] for run in runs}
    stop = asyncio.Event()
    second = PostgresJournal(leases.mesh.postgres)
    await second.open()

    async def works(told: Told) -> None:
        while not stop.is_set():
            worker = await leases.worker()
            for record in await leases.leases.claim(worker, ids):
                holder = leases.holder(record)
                rows = await leases.mesh.rows(
                    f"SELECT coalesce(max(seq), 0), coalesce(max(id), '') FROM journal FULL JOIN events"
                    f" ON false WHERE coalesce(journal.execution_id, events.execution_id) = '{record.id}'"
                )
                holder.seq, last = rows[0]
                holder.sequence, holder.last_event = holder.seq, last or None
                for _ in range(3):
                    seq = holder.seq + 1
                    error = await told.of(holder.step())
                    if isinstance(error, LeaseLost):
                        break
                    assert error is None
                    written[record.id].append(seq)
            await leases.lapse(worker)

    async def reaps() -> None:
        while not stop.is_set():
            await leases.leases.reap()
            await leases.leases.requeue(0)
            await asyncio.sleep(0)

    async def stops() -> None:
        async with asyncio.timeout(20):
            while sum(map(len, written.values())) < 300:
                await asyncio.sleep(0.01)
        stop.set()

    told = [leases.mesh.told, Told(second.submit)]
    await asyncio.gather(*(works(told[n % 2]) for n in range(4)), *(reaps() for _ in range(2)), stops())
    await second.close()
    for run in runs:
        rows = await leases.mesh.rows(f"SELECT seq FROM journal WHERE execution_id = '{run.id}' ORDER BY seq")
        assert [row[0] for row in rows] == written[run.id] == [*range(1, len(rows) + 1)]


async def test_what_a_worker_owns_is_what_it_claimed_and_has_not_ended(leases: LeaseWorld) -> None:
    worker, other = await leases.worker(), await leases.worker()
    runs = [await leases.queued() for _ in range(4)]
    await leases.leases.claim(worker, [run.id for run in runs[:3]])
    await leases.leases.claim(other, [runs[3].id])
    await leases.end(runs[0])
    await leases.leases.give_back(worker, [runs[1].id])
    assert await leases.leases.owned(worker) == [runs[2].id]
    assert await leases.leases.owned(uuid7()) == []


async def test_a_worker_of_an_older_release_gets_no_run_that_it_does_not_understand(leases: LeaseWorld) -> None:
    older, present = uuid7(), await leases.worker()
    # As a release that knows of no generations joins: it names none.
    await leases.mesh.look.execute(
        "INSERT INTO workers (id, name, started_at, lease_until, live, most) VALUES ($1, 'older', 0, $2, 0, 9)",
        older,
        2**62,
    )
    new, rerun, of_before = [await leases.queued(age_seconds=9) for _ in range(3)]
    await leases.mesh.look.execute("UPDATE executions SET generation = 1 WHERE id = $1", of_before.id)
    every = [new.id, rerun.id, of_before.id]
    assert [record.id for record in await leases.leases.claim_waiting(older, 9, 1, WEIGHTS)] == [of_before.id]
    assert await leases.leases.claim(older, every) == []
    assert sorted(record.id for record in await leases.leases.claim(present, every)) == sorted([new.id, rerun.id])


async def test_a_run_that_waits_is_no_longer_for_workers_that_know_no_waiting(leases: LeaseWorld) -> None:
    worker = await leases.worker()
    run = await leases.queued()
    await leases.mesh.look.execute("UPDATE executions SET generation = 1 WHERE id = $1", run.id)
    (claimed,) = await leases.leases.claim(worker, [run.id])
    unit = leases.holder(claimed).state("running")
    unit.rows.append((Kind.PARK, (None, run.id)))
    assert await leases.mesh.told.of(unit) is None
    row = await leases.row(run)
    assert (row["status"], row["owner"], row["generation"]) == ("waiting", None, 2)


async def test_who_claims_a_run_is_told_that_context_was_added_to_it(leases: LeaseWorld) -> None:
    run, other = await leases.queued(), await leases.queued()
    async with open_postgres(leases.mesh.postgres) as database:
        for number in range(2):
            added = Intervention(uuid7(), run.id, str(number), "anna", 1)
            assert await SqlInterventions(database).add(PROJECT, added, None) == (True, None)
    claimed = await leases.leases.claim(await leases.worker(), [run.id, other.id])
    assert {record.id: record.context_added for record in claimed} == {run.id: 2, other.id: 0}
