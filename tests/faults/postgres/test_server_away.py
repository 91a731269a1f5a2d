"""PostgreSQL is killed, hangs, or is slow: who asks is told why, nothing half done stays, and it goes on by itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from postgres_server import MISSING, PostgresServer, is_installed, open_server
from sqlalchemy import text
from triggerflow.registry.v1 import flow_pb2, registry_service_pb2, registry_service_pb2_grpc
from triggerflow_chassis.errors import ServiceError, Unavailable
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.postgres.address import Postgres, parse_postgres
from triggerflow_orchestrator.app.durable import Durable
from triggerflow_orchestrator.app.units import Unit
from triggerflow_orchestrator.ports import ExecutionFilter
from triggerflow_orchestrator.store.executions import SqlReads
from triggerflow_orchestrator.store.postgres import open_postgres as open_executions
from triggerflow_orchestrator.store.postgres_journal import PostgresJournal
from triggerflow_registry.domain.flow import Document, Flow, FlowId, ProjectId
from triggerflow_registry.store.postgres import PostgresStore
from triggerflow_registry.store.postgres import open_postgres as open_flows

pytestmark = pytest.mark.postgres
PROJECT = ProjectId(LOCAL.project_id)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    if not is_installed():
        pytest.skip(MISSING)
    with open_server(durable=True) as started:
        yield started


@pytest.fixture
def postgres(server: PostgresServer) -> Callable[[str], Postgres]:
    url = server.make_database()
    return lambda schema: parse_postgres(url, schema, "test")


def flow(number: int) -> Flow:
    document = Document(name=f"Flow {number}", description="", nodes=(), edges=(), channels=(), settings={})
    return Flow(FlowId(f"00000000-0000-7000-8000-{number:012x}"), PROJECT, document, "etag", 0, number, number)


async def names(store: PostgresStore) -> set[str]:
    async with store.read() as view:
        return {each.name for each in await view.flows(PROJECT, name_has="", before=None, limit=250)}


async def until(answers: Callable[[], Any]) -> Any:
    """Ask until it is not refused as unavailable."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await answers()
            except Unavailable:
                await asyncio.sleep(0.02)


async def test_reads_say_that_the_server_is_away_and_go_on_when_it_is_back(
    server: PostgresServer, postgres: Callable[[str], Postgres]
) -> None:
    async with open_executions(postgres("orchestrator")) as database:
        reads = SqlReads(database)

        async def page() -> Any:
            return await reads.executions(PROJECT, ExecutionFilter(), None, 10)

        for _ in range(3):
            # All connections of the pool are open, and all of them break.
            assert await asyncio.gather(*(page() for _ in range(20))) == [[]] * 20
            server.kill_all()
            for answer in await asyncio.gather(*(page() for _ in range(20)), return_exceptions=True):
                assert isinstance(answer, Unavailable), answer
                assert "127.0.0.1" in answer.detail
                assert "Try again" in answer.detail
                assert "triggerflow:" not in answer.detail
            await server.start_again()
            assert await until(page) == []
            assert await asyncio.gather(*(page() for _ in range(20))) == [[]] * 20


async def test_a_change_under_way_when_the_server_is_killed_leaves_nothing_and_later_ones_go_on(
    server: PostgresServer, postgres: Callable[[str], Postgres]
) -> None:
    async with open_flows(postgres("registry")) as store:
        told: list[int] = []

        async def change(number: int, kill: bool = False) -> None:
            async with store.write() as work:
                await work.add_flow(flow(number), "me")
                work.after_commit(lambda: told.append(number))
                if kill:
                    server.kill_all()

        await change(1)
        with pytest.raises(Unavailable, match="does not answer"):
            await change(2, kill=True)
        with pytest.raises(Unavailable, match="does not answer"):
            await store.ready()
        await server.start_again()
        await until(lambda: change(3))
        await store.ready()
        assert await names(store) == {"Flow 1", "Flow 3"}
        assert told == [1, 3]


async def test_changes_of_many_while_the_server_is_killed_again_and_again_are_all_there_that_were_answered(
    server: PostgresServer, postgres: Callable[[str], Postgres]
) -> None:
    async with open_flows(postgres("registry")) as one, open_flows(postgres("registry")) as other:
        kept: set[str] = set()
        over = asyncio.Event()

        async def work(store: PostgresStore, first: int) -> None:
            for number in range(first, first + 100_000):
                if over.is_set():
                    return
                with contextlib.suppress(Unavailable):
                    async with store.write() as change:
                        await change.add_flow(flow(number), "me")
                    kept.add(f"Flow {number}")
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(work(store, first * 100_000)) for first, store in enumerate((one, other), 1)]
        for _ in range(3):
            before = len(kept)
            async with asyncio.timeout(30):
                while len(kept) < before + 20:
                    await asyncio.sleep(0.005)
            server.kill_all()
            await server.start_again()
        over.set()
        await asyncio.gather(*tasks)
        found: set[str] = set()
        async with other.read() as view:
            for number in kept:
                stored = await view.flow(PROJECT, flow(int(number.split()[1])).id)
                found |= {stored.document.name} if stored else set()
        assert found == kept


async def test_a_server_that_hangs_is_given_up_and_found_again_when_it_goes_on(
    server: PostgresServer, postgres: Callable[[str], Postgres], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triggerflow_chassis.postgres.connections._GRACE_SECONDS", 0.2)
    quick = replace(postgres("orchestrator"), statement_seconds=0.5, connect_seconds=0.5, pool=2)
    async with open_executions(postgres("orchestrator")), open_executions(quick) as database:
        reads = SqlReads(database)
        assert await reads.live() == []
        with paused(server):
            for _ in range(5):
                with pytest.raises(Unavailable, match=r"does not answer|in use"):
                    await asyncio.wait_for(reads.live(), 20)
        assert await until(reads.live) == []


async def test_a_server_that_hangs_is_noticed_and_one_that_is_slow_by_right_is_left_alone(
    server: PostgresServer, postgres: Callable[[str], Postgres]
) -> None:
    async with open_executions(postgres("orchestrator")) as database:
        reads = SqlReads(database)
        async with database.snapshot() as connection:
            # Longer than it takes to suspect and to ask.
            assert (await connection.execute(text("SELECT 7 FROM pg_sleep(5)"))).scalar_one() == 7
        with paused(server):
            for seconds in (8.0, 1.0, 1.0):
                began = time.monotonic()
                with pytest.raises(Unavailable, match="does not answer"):
                    await reads.live()
                assert time.monotonic() - began < seconds
        assert await until(reads.live) == []


async def test_a_start_that_a_hanging_server_holds_is_answered_and_the_outcome_found_later(
    server: PostgresServer, postgres: Callable[[str], Postgres]
) -> None:
    async with open_executions(postgres("orchestrator")):
        journal = PostgresJournal(postgres("orchestrator"))
        await journal.open()
        try:
            with paused(server):
                for seconds in (8.0, 1.0):
                    began = time.monotonic()
                    start, outcome = Durable(), Durable()
                    journal.submit(Unit(done=start.told, may_fail=True))
                    journal.submit(Unit(done=outcome.told))
                    with pytest.raises(Unavailable, match="says nothing"):
                        await start.wait()
                    assert time.monotonic() - began < seconds
            await asyncio.wait_for(outcome.wait(), 30)
        finally:
            await journal.close()


@contextlib.contextmanager
def paused(server: PostgresServer) -> Iterator[None]:
    """All its processes are there and do nothing."""
    processes = server.processes()
    for each in processes:
        each.suspend()
    try:
        yield
    finally:
        for each in processes:
            each.resume()


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(postgres: Callable[[str], Postgres]) -> None:
    async with open_executions(replace(postgres("orchestrator"), statement_seconds=0.2)) as database:
        with pytest.raises(Unavailable, match="took too long"):
            async with database.snapshot() as connection:
                await connection.execute(text("SELECT pg_sleep(30)"))
        async with database.snapshot() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1


async def test_a_pool_that_is_used_up_says_so(postgres: Callable[[str], Postgres]) -> None:
    async with open_executions(replace(postgres("orchestrator"), pool=1, pool_seconds=0.2)) as database:
        async with database.snapshot():
            with pytest.raises(Unavailable, match="in use"):
                async with database.snapshot():
                    raise AssertionError
        async with database.snapshot() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1


async def test_a_change_waits_for_another_process_for_a_while_only(postgres: Callable[[str], Postgres]) -> None:
    patient, hasty = postgres("registry"), replace(postgres("registry"), lock_seconds=0.2)
    async with open_flows(patient) as one, open_flows(hasty) as other:
        async with one.write():
            with pytest.raises(Unavailable, match="waited too long"):
                async with other.write():
                    raise AssertionError
            assert await names(other) == set()
        async with other.write() as change:
            await change.add_flow(flow(1), "me")
        assert await names(one) == {"Flow 1"}


async def test_a_snapshot_cannot_write(postgres: Callable[[str], Postgres]) -> None:
    async with open_executions(postgres("orchestrator")) as database:
        with pytest.raises(Unavailable, match="may only be read"):
            async with database.snapshot() as connection:
                await connection.execute(text("DELETE FROM notices"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda url: url.replace("/test_", "/missing_"), "does not know the database"),
        (lambda url: url.replace("triggerflow:", "triggerflow:wrong"), "check the user and password"),
        (lambda url: url[: url.rindex(":") + 1] + "1/x", "does not answer"),
    ],
)
async def test_an_address_that_cannot_be_used_is_named_without_its_password(
    server: PostgresServer, change: Callable[[str], str], says: str
) -> None:
    url = change(server.make_database())
    with pytest.raises(Unavailable, match=says) as refused:
        async with open_flows(parse_postgres(url, "registry", "test")):
            raise AssertionError
    assert url.split(":")[2].split("@")[0] not in refused.value.detail


@contextlib.asynccontextmanager
async def registry_process(folder: Path, url: str) -> AsyncIterator[str]:
    """`python -m triggerflow_registry` on PostgreSQL; its address."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TFCANVAS_")}
    address = f"unix:{folder}/s"
    env = {**kept, "TFCANVAS_HOME": str(folder), "TFCANVAS_REGISTRY_ADDRESS": address, "DATABASE_URL": url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "triggerflow_registry", env=env, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    async for line in process.stderr:
        if b"registry_started" in line:
            break
    drained = asyncio.create_task(process.stderr.read())
    try:
        yield address
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert b"triggerflow:" not in await drained
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_registry_process_answers_unavailable_while_the_server_is_away_and_goes_on(
    server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("r")
    async with registry_process(folder, server.make_database()) as address, open_channel(address, None) as channel:
        stub = registry_service_pb2_grpc.RegistryServiceStub(channel)

        async def make(name: str) -> Any:
            try:
                request = registry_service_pb2.CreateFlowRequest(flow=flow_pb2.Flow(name=name), request_id=name)
                return (await stub.CreateFlow(request, timeout=20)).flow
            except grpc.aio.AioRpcError as error:
                raise from_rpc_error(error) from None

        made = await make("before")
        server.kill_all()
        began = time.monotonic()
        with pytest.raises(ServiceError) as refused:
            await make("while it is away")
        assert isinstance(refused.value, Unavailable)
        assert "does not answer" in refused.value.detail
        assert time.monotonic() - began < 20
        await server.start_again()
        after = await until(lambda: make("while it is away"))
        listed = await stub.ListFlows(registry_service_pb2.ListFlowsRequest(page_size=250), timeout=20)
        assert {each.id for each in listed.flows} == {made.id, after.id}
