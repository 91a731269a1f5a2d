"""A worker's claims and lease in this process, over a real PostgreSQL. What runs what it takes is a list."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
from journal_worlds import PostgresWorld, open_postgres_world
from lease_world import LeaseWorld, open_lease_world
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.lifecycle import open_task
from triggerflow_orchestrator.app.carrying_out import CarryingOut
from triggerflow_orchestrator.app.end_unrun import EndUnrun
from triggerflow_orchestrator.app.lease_keeper import LeaseKeeper
from triggerflow_orchestrator.app.taking import Taking
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.store.executions import SqlReads
from triggerflow_orchestrator.store.objects import FileObjects
from triggerflow_orchestrator.store.postgres import open_postgres
from triggerflow_orchestrator.store.postgres_leases import PostgresLeases
from triggerflow_orchestrator.store.read_recovery import RecoveryReads

LEASE_SECONDS = 0.6


class LossyLeases:
    """The real leases, whose answers a test may have lost on their way back, or not asked for at all."""

    def __init__(self, leases: PostgresLeases) -> None:
        self._leases = leases
        self.lost: set[str] = set()
        """Methods that do what they do, and then fail once."""
        self.away: set[str] = set()
        """Methods that fail before anything is done, until taken out."""

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._leases, name)

        async def call(*args: Any) -> Any:
            if name in self.away:
                raise Unavailable("The database does not answer.")
            answer = await method(*args)
            if name in self.lost:
                self.lost.discard(name)
                raise Unavailable("The connection was lost before the answer came.")
            return answer

        return call


class Host:
    """What stands for the engine, and for taking up: it remembers what it was given."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.runs: dict[str, ExecutionRecord] = {}
        self.reachable = True
        """Whether versions can be had."""
        self.tries = 0

    @property
    def live_ids(self) -> tuple[str, ...]:
        return tuple(self.runs)

    @property
    def room(self) -> int:
        return self.most - len(self.runs)

    def live(self, execution_id: str) -> Any:
        return self.runs.get(execution_id)

    def cancel(self, execution_id: str, *_: Any) -> None:
        assert execution_id not in self.runs, "tests cancel what does not run yet"

    async def take_up(self, record: ExecutionRecord) -> bool:
        self.tries += 1
        await asyncio.sleep(0)
        if self.reachable:
            self.runs[record.id] = record
        return self.reachable


class Worker:
    """One worker: its parts, and what they told."""

    def __init__(self, world: LeaseWorld, leases: LossyLeases, end_unrun: EndUnrun, most: int) -> None:
        self.leases = leases
        self.host = Host(most)
        self.room: list[bool] = []
        self.joined: list[str] = []
        self.lost = 0
        engine: Any = self.host
        real: Any = leases
        self.keeper = LeaseKeeper(real, name="w", most=most, seconds=LEASE_SECONDS, live=lambda: len(self.host.runs))
        self.taking = Taking(
            engine,
            real,
            world.commands,
            self.keeper,
            self.host.take_up,  # type: ignore[arg-type]
            end_unrun,
            most=most,
            room_changed=self.room.append,
        )
        self.carrying_out = CarryingOut(world.commands, engine, self.keeper, self.taking, _nothing_answered)
        self.keeper.on_joined = self.joined.append
        self.keeper.on_renewed = self.carrying_out.nudge
        self.keeper.on_lost = self._lost

    def _lost(self) -> None:
        self.lost += 1
        self.host.runs.clear()
        self.taking.drop()

    def end(self, execution_id: str) -> None:
        """A run is over here."""
        del self.host.runs[execution_id]
        self.taking.look()


@pytest.fixture
async def postgres(database_url: str) -> AsyncIterator[PostgresWorld]:
    async with open_postgres_world(database_url) as opened:
        yield opened


@pytest.fixture
async def world(postgres: PostgresWorld) -> AsyncIterator[LeaseWorld]:
    async with open_lease_world(postgres, lease_seconds=LEASE_SECONDS) as opened:
        yield opened


@pytest.fixture
async def hire(world: LeaseWorld, postgres: PostgresWorld, tmp_path: Any) -> AsyncIterator[Callable[..., Any]]:
    """Start a worker."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_postgres(postgres.postgres))
        reads, objects = SqlReads(database), FileObjects(tmp_path / "objects")
        end_unrun = EndUnrun(reads, RecoveryReads(database, objects), postgres.journal, InProcessBus())

        async def start(most: int = 10, *, lost: Sequence[str] = ()) -> Worker:
            worker = Worker(world, LossyLeases(world.leases), end_unrun, most)
            worker.leases.lost.update(lost)
            for name, run in _jobs(worker).items():
                await stack.enter_async_context(open_task(name, run))
            await until(lambda: worker.keeper.id is not None)
            return worker

        yield start


def _jobs(worker: Worker) -> Mapping[str, Any]:
    return {"lease": worker.keeper.run, "taking": worker.taking.run, "commands": worker.carrying_out.run}


async def until(probe: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait for a condition, which may be asked of the database."""
    async with asyncio.timeout(seconds):
        while True:
            answer = probe()
            if await answer if inspect.isawaitable(answer) else answer:
                return
            await asyncio.sleep(0.01)


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    return until


async def _nothing_answered(owner: str | None) -> int:
    """`app.resume.Deliver` where nothing waits."""
    return 0
