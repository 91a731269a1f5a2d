"""What the journal leaves for the relay on PostgreSQL, and what it refuses there that SQLite never meets."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from journal_units import FLOW, PROJECT, SampleRun, Told, answered
from journal_worlds import PostgresWorld
from triggerflow_chassis.errors import Internal
from triggerflow_chassis.postgres.connections import connect
from triggerflow_orchestrator.app.units import Kind
from triggerflow_orchestrator.domain.lease import RequestTaken
from triggerflow_orchestrator.store.outbox_waker import CHANNEL
from triggerflow_orchestrator.store.postgres_journal import PostgresJournal

pytestmark = pytest.mark.postgres

OUTBOX = "SELECT execution_id, project_id, flow_id, first_id, last_id, notices, noticed FROM outbox ORDER BY position"


async def test_each_unit_with_events_or_notices_has_a_row_in_the_order_of_commits(mesh: PostgresWorld) -> None:
    runs = [SampleRun() for _ in range(5)]
    for run in runs:
        mesh.told.submit("insert", run.insert())
    expected = []
    for _ in range(4):
        for run in runs:
            unit = run.step()
            run.event(unit)
            first, last = [row[1] for kind, row in unit.rows if kind is Kind.EVENT]
            mesh.told.submit("step", unit)
            mesh.told.submit("nothing to tell", run.state())
            expected.append((run.id, PROJECT, FLOW, first, last, None, True))
    await mesh.told.all(5 + 40)
    assert await mesh.rows(OUTBOX) == expected


async def test_notices_wait_for_the_relay_to_give_them_ids(mesh: PostgresWorld) -> None:
    run = SampleRun()
    await mesh.told.of(run.insert())
    unit = run.step()
    run.notice(unit, "execution.started")
    run.notice(unit, "execution.completed")
    assert await mesh.told.of(unit) is None
    assert [notice.id for notice in unit.notices] == ["", ""]
    [(*_, notices, noticed)] = await mesh.rows(OUTBOX)
    assert orjson.loads(notices) == [["execution.started", 7], ["execution.completed", 7]]
    assert noticed is False
    assert await mesh.rows("SELECT * FROM notices") == []


async def test_a_run_that_is_inserted_with_its_first_events_is_told_too(mesh: PostgresWorld) -> None:
    run = SampleRun()
    unit = run.insert()
    run.event(unit)
    assert await mesh.told.of(unit) is None
    assert await mesh.rows(OUTBOX) == [(run.id, PROJECT, FLOW, run.last_event, run.last_event, None, True)]


async def test_what_is_refused_is_not_told(mesh: PostgresWorld) -> None:
    run = SampleRun(epoch=2)
    await mesh.told.of(run.insert())
    stale = SampleRun(epoch=1, id=run.id).step()
    run.notice(stale)
    assert await mesh.told.of(stale) is not None
    assert await mesh.rows(OUTBOX) == []


async def test_the_relay_is_woken_after_the_commit(mesh: PostgresWorld) -> None:
    woken = asyncio.Event()
    seen: list[int] = []
    listener = await connect(mesh.postgres)
    try:
        await listener.add_listener(CHANNEL, lambda *_: woken.set())
        run = SampleRun()
        await mesh.told.of(run.insert())
        for number in (1, 2):
            woken.clear()
            await mesh.told.of(run.step())
            async with asyncio.timeout(10):
                await woken.wait()
            seen.append((await mesh.rows("SELECT count(*) FROM outbox"))[0][0])
            assert seen[-1] == number
    finally:
        await listener.close()


async def test_a_row_is_queued_by_the_databases_clock(mesh: PostgresWorld) -> None:
    run = SampleRun()
    await mesh.told.of(run.insert())
    [(late,)] = await mesh.rows("SELECT extract(epoch FROM now()) * 1000000 - queued_at FROM executions")
    assert 0 <= late < 10_000_000


async def test_of_two_processes_that_answer_one_request_the_second_is_told_so(mesh: PostgresWorld) -> None:
    other = PostgresJournal(mesh.postgres)
    await other.open()
    try:
        runs = [SampleRun() for _ in range(6)]
        told = [mesh.told, Told(other.submit)]
        for number, run in enumerate(runs):
            unit = run.insert(may_fail=True)
            unit.rows.extend(answered(f"request {number // 2}", run.id.encode()).rows)
            told[number % 2].submit(run.id, unit)
        outcomes = dict(await told[0].all(3)) | dict(await told[1].all(3))
        for first, second in zip(runs[::2], runs[1::2], strict=True):
            pair = [outcomes[first.id], outcomes[second.id]]
            assert sum(error is None for error in pair) == 1
            assert sum(isinstance(error, RequestTaken) for error in pair) == 1
        kept = {run.id for run in runs if outcomes[run.id] is None}
        assert {row[0] for row in await mesh.rows("SELECT id FROM executions")} == kept
        assert {bytes(row[0]).decode() for row in await mesh.rows("SELECT response FROM requests")} == kept
    finally:
        await other.close()


async def test_a_unit_whose_large_values_are_not_put_yet_is_refused(mesh: PostgresWorld) -> None:
    run = SampleRun()
    await mesh.told.of(run.insert())
    unit = run.step()
    unit.keep(run.id, b"large")
    assert isinstance(await mesh.told.of(unit), Internal)
    assert await mesh.rows("SELECT * FROM objects") == []


async def test_large_events_are_written_in_several_commits(mesh: PostgresWorld) -> None:
    run = SampleRun()
    await mesh.told.of(run.insert())
    for number in range(8):
        unit = run.step()
        unit.rows[1] = (Kind.EVENT, (*unit.rows[1][1][:3], "x" * 1_500_000))
        mesh.told.submit(str(number), unit)
    before = mesh.journal.commits
    assert await mesh.told.all(8) == [(str(number), None) for number in range(8)]
    assert mesh.journal.commits - before >= 2
    assert await mesh.rows("SELECT sum(length(body)) FROM events") == [(12_000_000,)]


async def test_close_writes_what_was_submitted(mesh: PostgresWorld) -> None:
    other = PostgresJournal(mesh.postgres)
    await other.open()
    told, runs = Told(other.submit), [SampleRun() for _ in range(300)]
    for run in runs:
        told.submit(run.id, run.insert())
    await other.close()
    assert [error for _, error in told.outcomes] == [None] * 300
    assert (await mesh.rows("SELECT count(*) FROM executions"))[0][0] == 300
    assert await told.of(SampleRun().insert()) is not None, "a closed journal takes nothing"
