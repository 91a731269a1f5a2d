"""The one writer: order, all or nothing, fences, and who is told what when the database refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from journal_units import SampleRun, answered
from journal_worlds import World
from triggerflow_chassis.errors import Unavailable
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.lease import LeaseLost


async def stored(world: World, run: SampleRun) -> list[int]:
    """The numbers of the run's events, in their order."""
    rows = await world.rows(f"SELECT sequence FROM events WHERE execution_id = '{run.id}' ORDER BY id")
    return [row[0] for row in rows]


async def journalled(world: World, run: SampleRun) -> list[int]:
    rows = await world.rows(f"SELECT seq FROM journal WHERE execution_id = '{run.id}' ORDER BY seq")
    return [row[0] for row in rows]


async def column(world: World, run: SampleRun, name: str) -> Any:
    return (await world.rows(f"SELECT {name} FROM executions WHERE id = '{run.id}'"))[0][0]


async def begun(world: World, epoch: int = 1) -> SampleRun:
    run = SampleRun(epoch=epoch)
    assert await world.told.of(run.insert()) is None
    return run


async def test_units_of_many_runs_are_written_whole_and_told_in_the_order_of_submission(world: World) -> None:
    runs = [SampleRun() for _ in range(20)]
    names = []
    for run in runs:
        names.append(f"{run.id} inserted")
        world.told.submit(names[-1], run.insert())
    for number in range(10):
        for run in runs:
            names.append(f"{run.id} {number}")
            world.told.submit(names[-1], run.step())
            await asyncio.sleep(0)
    outcomes = await world.told.all(len(names))
    assert outcomes == [(name, None) for name in names]
    for run in runs:
        assert await stored(world, run) == await journalled(world, run) == [*range(1, 11)]
    assert world.journal.commits < len(names), "what queues while a commit runs is written together"


async def test_a_unit_that_cannot_be_written_leaves_nothing_and_takes_nobody_with_it(world: World) -> None:
    runs = [await begun(world) for _ in range(20)]
    bad = runs[11]
    broken = bad.step()
    broken.rows.append(broken.rows[0])  # the same row of the journal twice
    for run in runs:
        world.told.submit(run.id, broken if run is bad else run.step())
    outcomes = await world.told.all(20)
    assert [name for name, _ in outcomes] == [run.id for run in runs]
    refused = dict(outcomes)[bad.id]
    assert isinstance(refused, Unavailable)
    assert not isinstance(refused, LeaseLost)
    assert [error for name, error in outcomes if name != bad.id] == [None] * 19
    assert await stored(world, bad) == await journalled(world, bad) == []
    for run in runs:
        assert run is bad or await stored(world, run) == [1]
    assert await world.told.of(runs[0].step()) is None


async def test_text_that_the_database_cannot_hold_is_refused_and_the_next_unit_is_written(world: World) -> None:
    run = await begun(world)
    broken = Unit(fence=run.fence)
    broken.rows.append((Kind.EVENT, (run.id, "\ud800", 1, "{}")))
    assert isinstance(await world.told.of(broken), Unavailable)
    assert await world.told.of(run.step()) is None


async def test_a_holder_that_was_followed_by_another_writes_nothing_and_is_told_so(world: World) -> None:
    mine, theirs = await begun(world, epoch=3), await begun(world, epoch=3)
    stale = SampleRun(epoch=2, id=theirs.id)
    world.told.submit("mine", mine.step())
    world.told.submit("stale", stale.step())
    world.told.submit("stale state", stale.state("failed", ended_at=9))
    world.told.submit("mine again", mine.step())
    world.told.submit("theirs", theirs.step())
    outcomes = dict(await world.told.all(5))
    assert {name for name, error in outcomes.items() if error is None} == {"mine", "mine again", "theirs"}
    lost = outcomes["stale"]
    assert isinstance(lost, LeaseLost)
    assert lost.execution_id == theirs.id
    assert isinstance(outcomes["stale state"], LeaseLost)
    assert await stored(world, mine) == [1, 2]
    assert await stored(world, theirs) == [1]
    assert await column(world, theirs, "status") == "queued"
    assert await column(world, theirs, "epoch") == 3


async def test_a_fenced_unit_of_a_run_that_is_not_there_is_refused(world: World) -> None:
    run = SampleRun()
    assert isinstance(await world.told.of(run.step()), LeaseLost)
    assert await stored(world, run) == []


async def test_a_run_and_its_first_steps_may_be_submitted_together(world: World) -> None:
    run = SampleRun()
    world.told.submit("insert", run.insert())
    world.told.submit("step", run.step())
    world.told.submit("state", run.state("succeeded", ended_at=9))
    assert await world.told.all(3) == [("insert", None), ("step", None), ("state", None)]
    assert await stored(world, run) == [1]
    assert await column(world, run, "status") == "succeeded"


async def test_a_claim_fences_whoever_had_the_run_from_the_next_unit_on(world: World) -> None:
    run = await begun(world)
    claim = Unit(fence=run.fence)
    claim.rows.append((Kind.CLAIM, (2, run.id)))
    old = SampleRun(epoch=1, id=run.id)
    new = SampleRun(epoch=2, id=run.id)
    world.told.submit("before", old.step())
    world.told.submit("claim", claim)
    world.told.submit("after", old.step())
    new.seq, new.sequence, new.last_event = 1, 1, old.last_event
    world.told.submit("next", new.step())
    outcomes = await world.told.all(4)
    assert [name for name, error in outcomes if error is None] == ["before", "claim", "next"]
    assert isinstance(dict(outcomes)["after"], LeaseLost)
    assert await column(world, run, "epoch") == 2
    assert await journalled(world, run) == [1, 2]


async def test_the_last_of_several_states_stays_and_a_cancel_keeps_its_own_column(world: World) -> None:
    run = await begun(world)
    ended = run.state("cancelled", ended_at=9)
    ended.rows.append((Kind.CANCEL, (8, run.id)))
    world.told.submit("running", run.state())
    world.told.submit("ended", ended)
    await world.told.all(2)
    rows = await world.rows(
        "SELECT status, outputs, started_at, ended_at, cancel_requested_at, epoch"
        f" FROM executions WHERE id = '{run.id}'"
    )
    assert rows == [("cancelled", '{"out":1}', 5, 9, 8, 1)]


async def test_a_run_that_ends_has_no_owner_and_one_that_goes_on_keeps_its(world: World) -> None:
    goes_on, ends = await begun(world), await begun(world)
    await world.rows("UPDATE executions SET owner = 'worker'")
    assert await world.told.of(goes_on.state()) is None
    assert await world.told.of(ends.state("succeeded", ended_at=9)) is None
    assert await column(world, goes_on, "owner") == "worker"
    assert await column(world, ends, "owner") is None


async def test_a_label_that_is_there_twice_is_one(world: World) -> None:
    run = SampleRun()
    unit = run.insert()
    unit.rows.extend([(Kind.LABEL, (run.id, "a")), (Kind.LABEL, (run.id, "a")), (Kind.LABEL, (run.id, "b"))])
    assert await world.told.of(unit) is None
    rows = await world.rows(f"SELECT label FROM execution_labels WHERE execution_id = '{run.id}' ORDER BY label")
    assert rows == [("a",), ("b",)]


async def test_an_answer_is_kept_with_its_bytes(world: World) -> None:
    assert await world.told.of(answered("r", b"\x00\xff")) is None
    [(response, error)] = await world.rows("SELECT response, error FROM requests")
    assert (bytes(response), error) == (b"\x00\xff", None)


async def test_while_the_database_refuses_who_waits_is_told_and_runs_go_on_after_it(world: World) -> None:
    run, other = await begun(world), SampleRun()
    async with world.refusing():
        world.told.submit("step", run.step())
        world.told.submit("new", other.insert(may_fail=True))
        world.told.submit("second step", run.step())
        await world.told.all(1)
        assert [name for name, _ in world.told.outcomes] == ["new"]
        assert isinstance(world.told.outcomes[0][1], Unavailable)
    outcomes = await world.told.all(3)
    assert outcomes[1:] == [("step", None), ("second step", None)]
    assert await stored(world, run) == [1, 2]
    assert await world.rows(f"SELECT id FROM executions WHERE id = '{other.id}'") == []


@pytest.mark.parametrize("count", [1, 700])
async def test_whatever_queues_at_once_is_written(world: World, count: int) -> None:
    runs = [SampleRun() for _ in range(count)]
    for run in runs:
        world.told.submit(run.id, run.insert())
        world.told.submit(run.id, run.step())
    outcomes = await world.told.all(2 * count)
    assert [error for _, error in outcomes] == [None] * (2 * count)
    assert (await world.rows("SELECT count(*) FROM events"))[0][0] == count


async def test_what_a_run_takes_over_is_written_with_it_or_not_at_all(world: World) -> None:
    taken, refused = SampleRun(), SampleRun()
    for run in (taken, refused):
        unit = run.insert(may_fail=True)
        unit.rows.append((Kind.SEED, (run.id, '{"taken":[]}')))
        if run is refused:
            unit.rows.append((Kind.SEED, (run.id, '{"taken":[]}')))
        error = await world.told.of(unit)
        assert (error is None) is (run is taken)
    rows = await world.rows(
        f"SELECT execution_id, body FROM seeds WHERE execution_id IN ('{taken.id}', '{refused.id}')"
    )
    assert rows == [(taken.id, '{"taken":[]}')]
    left = await world.rows(f"SELECT id FROM executions WHERE id IN ('{taken.id}', '{refused.id}')")
    assert left == [(taken.id,)]
