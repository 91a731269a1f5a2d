"""A connection that dies under a commit: what became of it is found out, so nothing is written twice or lost."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from cutting_proxy import CuttingProxy, open_proxy
from journal_units import SampleRun, Told, answered
from journal_worlds import PostgresWorld, open_postgres_world
from postgres_filler import open_filler
from postgres_server import open_server
from running_product import wait_for
from sqlalchemy import text
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.postgres.address import parse_postgres
from triggerflow_chassis.postgres.connections import connect
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.lease import LeaseLost
from triggerflow_orchestrator.store.postgres_journal import PostgresJournal

pytestmark = pytest.mark.postgres


@asynccontextmanager
async def behind_proxy(url: str) -> AsyncIterator[tuple[PostgresWorld, CuttingProxy, Told]]:
    """A journal that reaches its database through a proxy only it uses."""
    port = urlsplit(url).port
    assert port is not None
    async with open_postgres_world(url) as world, open_proxy(port) as (proxy, front):
        journal = PostgresJournal(parse_postgres(url.replace(f":{port}/", f":{front}/"), "orchestrator", "proxied"))
        await journal.open()
        try:
            yield world, proxy, Told(journal.submit)
        finally:
            proxy.refusing = False
            await journal.close()


async def test_what_was_committed_unheard_is_told_as_written_and_not_written_again(database_url: str) -> None:
    async with behind_proxy(database_url) as (world, proxy, told):
        run = SampleRun(epoch=2)
        stale = SampleRun(epoch=1, id=run.id)
        await told.of(run.insert())
        unit = run.step()
        run.notice(unit)
        proxy.lose_reply_to(run.id)
        told.submit("step", unit)
        told.submit("stale", stale.step(may_fail=True))
        told.submit("next", run.step())
        outcomes = await told.all(3)
        assert proxy.cut.is_set()
        assert [name for name, error in outcomes if error is None] == ["step", "next"]
        assert isinstance(dict(outcomes)["stale"], LeaseLost | Unavailable)
        assert await world.rows("SELECT seq FROM journal ORDER BY seq") == [(1,), (2,)]
        assert await world.rows("SELECT sequence FROM events ORDER BY id") == [(1,), (2,)]
        assert await world.rows("SELECT count(*) FROM outbox") == [(2,)]


async def test_what_never_arrived_is_written_once_and_who_waits_for_an_answer_is_refused(database_url: str) -> None:
    async with behind_proxy(database_url) as (world, proxy, told):
        run, new = SampleRun(), SampleRun()
        await told.of(run.insert())
        proxy.lose_request_with(run.id)
        told.submit("step", run.step())
        told.submit("new", new.insert(may_fail=True))
        outcomes = dict(await told.all(2))
        assert proxy.cut.is_set()
        assert outcomes["step"] is None
        assert isinstance(outcomes["new"], Unavailable)
        assert await world.rows("SELECT seq FROM journal") == [(1,)]
        assert await world.rows(f"SELECT id FROM executions WHERE id = '{new.id}'") == []


async def test_who_waits_for_an_answer_that_was_committed_unheard_gets_it(database_url: str) -> None:
    async with behind_proxy(database_url) as (world, proxy, told):

        def with_answer(request_id: str) -> Unit:
            unit = SampleRun().insert(may_fail=True)
            unit.rows.extend(answered(request_id).rows)
            return unit

        for make in (with_answer, answered):
            proxy.lose_reply_to(make.__name__)
            assert await told.of(make(make.__name__)) is None
            assert proxy.cut.is_set()
        assert await world.rows("SELECT count(*) FROM requests") == [(2,)]
        assert await world.rows("SELECT count(*) FROM executions") == [(1,)]


OF_RUNS = [Kind.START, Kind.ATTEMPT, Kind.OBJECT, Kind.JOURNAL, Kind.STATE]
OF_HANDLERS = [Kind.METRIC, Kind.FAILURE_CALL, Kind.INTERVENTION_TAKEN]


@pytest.mark.parametrize("kind", [*OF_RUNS, *OF_HANDLERS])
async def test_whatever_rows_a_unit_has_are_enough_to_know(database_url: str, kind: Kind) -> None:
    async with behind_proxy(database_url) as (world, proxy, told):
        run = SampleRun()
        await told.of(run.insert())
        rows = {
            Kind.START: ("a", run.id, "n", "", 1, None),
            Kind.ATTEMPT: ("a", 2, run.id, "Error", 1),
            Kind.OBJECT: ("r", run.id, 1, "r"),
            Kind.JOURNAL: (run.id, 1, 1, "a", "n", "", 1, "succeeded", "{}", None, 1, 2),
            Kind.FAILURE_CALL: (run.id, "url", "p", "me", "https://example.com", 1),
            Kind.INTERVENTION_TAKEN: (run.id, "i"),
            Kind.METRIC: (run.id, "a", 0, "tokens", None, 1.5),
            Kind.STATE: ("running", "{}", None, 1, None, None, 1, run.id),
        }
        unit = Unit(fence=run.fence)
        unit.rows.append((kind, rows[kind]))
        proxy.lose_reply_to(run.id)
        assert await told.of(unit) is None
        assert proxy.cut.is_set()
        tables = (
            "activation_starts",
            "activation_attempts",
            "objects",
            "journal",
            "activation_metrics",
            "failure_calls",
            "interventions_taken",
        )
        counts = [(await world.rows(f"SELECT count(*) FROM {table}"))[0][0] for table in tables]
        assert sum(counts) == (kind is not Kind.STATE)


async def test_a_statement_that_still_waits_on_the_server_is_ended_before_it_is_written_again(
    database_url: str,
) -> None:
    async with behind_proxy(database_url) as (world, proxy, told):
        run = SampleRun()
        await told.of(run.insert())
        holder = await connect(world.postgres)
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'proxied' AND wait_event_type = 'Lock'"
        )
        async with holder.transaction():
            await holder.execute(f"SELECT FROM executions WHERE id = '{run.id}' FOR UPDATE")
            told.submit("step", run.step())
            await until(world, waiting, 1)
            [(backend,)] = await world.rows(waiting.replace("count(*)", "pid"))
            proxy.hang_up_on_clients()
            await until(world, f"SELECT count(*) FROM pg_stat_activity WHERE pid = {backend}", 0)
            assert told.outcomes == []
        assert await told.all(1) == [("step", None)]
        assert await world.rows("SELECT seq FROM journal") == [(1,)]
        await holder.close()


async def until(world: PostgresWorld, query: str, value: int) -> None:
    async with asyncio.timeout(20):
        while (await world.rows(query))[0][0] != value:
            await asyncio.sleep(0.01)


class Load:
    """Runs that go on step by step, each step submitted once the one before is told."""

    def __init__(self, told: Told, count: int) -> None:
        self.told = told
        self.runs = [SampleRun() for _ in range(count)]
        self.steps: Counter[str] = Counter()
        self.stop = asyncio.Event()

    async def run(self) -> None:
        await asyncio.gather(*map(self._drive, self.runs))

    async def _drive(self, run: SampleRun) -> None:
        assert await self.told.of(run.insert(), 60) is None
        while not self.stop.is_set():
            unit = run.step()
            run.notice(unit)
            assert await self.told.of(unit, 60) is None
            self.steps[run.id] += 1

    async def check(self, world: PostgresWorld) -> None:
        """Every step is there once, in order, and told to the relay once."""
        for table, column in (("journal", "seq"), ("events", "sequence")):
            rows = await world.rows(f"SELECT execution_id, {column} FROM {table} ORDER BY execution_id, {column}")
            for run in self.runs:
                found = [number for execution_id, number in rows if execution_id == run.id]
                assert found == [*range(1, self.steps[run.id] + 1)], table
        rows = await world.rows("SELECT execution_id, first_id FROM outbox ORDER BY position")
        for run in self.runs:
            ids = [first for execution_id, first in rows if execution_id == run.id]
            assert len(ids) == len(set(ids)) == self.steps[run.id]
            assert ids == sorted(ids)


async def test_backends_terminated_again_and_again_lose_and_repeat_nothing(mesh: PostgresWorld) -> None:
    load = Load(mesh.told, 20)
    rng = random.Random(7)

    async def kills() -> None:
        for _ in range(30):
            before = sum(load.steps.values())
            await mesh.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'test' AND query LIKE '%verdict%' AND pid <> pg_backend_pid()"
            )
            async with asyncio.timeout(30):
                while sum(load.steps.values()) < before + rng.randint(1, 60):
                    await asyncio.sleep(0)
        load.stop.set()

    await asyncio.gather(load.run(), kills())
    await load.check(mesh)


async def test_a_connection_that_the_server_ended_while_it_rested_loses_nothing(mesh: PostgresWorld) -> None:
    run = SampleRun()
    assert await mesh.told.of(run.insert()) is None
    journals = "FROM pg_stat_activity WHERE application_name = 'test' AND query LIKE '%verdict%'"
    with open_filler(mesh.postgres.named("filler")) as filler:
        for number in range(20):
            # Blocking: so our loop hears of the end and of the new unit within a round or two of each other.
            filler.execute(text(f"SELECT pg_terminate_backend(pid) {journals}"))
            wait_for(lambda: not filler.execute(text(f"SELECT pid {journals}")), what="the end of the backend")
            for _ in range(number % 4):
                await asyncio.sleep(0)
            assert await mesh.told.of(run.step(), 60) is None
    rows = await mesh.rows("SELECT seq FROM journal ORDER BY seq")
    assert [seq for (seq,) in rows] == [*range(1, 21)]


async def test_a_killed_server_loses_and_repeats_nothing_once_it_is_back() -> None:
    with open_server(durable=True) as server:
        async with open_postgres_world(server.make_database()) as world:
            load = Load(world.told, 10)

            async def kills() -> None:
                for _ in range(4):
                    before = sum(load.steps.values())
                    async with asyncio.timeout(30):
                        while sum(load.steps.values()) < before + 50:
                            await asyncio.sleep(0)
                    server.kill_all()
                    refused = asyncio.create_task(world.told.of(answered("while it is away")))
                    await server.start_again()
                    with contextlib.suppress(TimeoutError):
                        assert isinstance(await asyncio.wait_for(refused, 20), Unavailable | None)
                load.stop.set()

            await asyncio.gather(load.run(), kills())
            await load.check(world)


async def test_while_the_server_is_away_new_work_is_refused_and_says_why() -> None:
    with open_server(durable=True) as server:
        async with open_postgres_world(server.make_database()) as world:
            run = SampleRun()
            await world.told.of(run.insert())
            server.kill_all()
            step = asyncio.create_task(world.told.of(run.step(), 60))
            async with asyncio.timeout(20):
                while world.journal.connected:
                    await asyncio.sleep(0)
            error = await world.told.of(SampleRun().insert(may_fail=True))
            assert isinstance(error, Unavailable)
            assert "PostgreSQL" in error.detail
            assert not step.done()
            server.start()
            assert await step is None
