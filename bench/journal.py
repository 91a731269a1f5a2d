"""What the journal costs: the same engine and handlers with no journal, with SQLite's and with PostgreSQL's.

Chains of 10 nodes, 50 at once, in one process; rounds of each kind follow one another, and a ratio is taken within a
round. `no journal` says "written" at once and writes nothing. Run it alone: `python bench/journal.py`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import structlog

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "support")]

import uvloop  # noqa: E402
from flows import chain  # noqa: E402
from postgres_server import PostgresServer, open_folder  # noqa: E402
from triggerflow_adapter_sdk import AdapterSettings, Catalogue  # noqa: E402
from triggerflow_chassis.bus import InProcessBus  # noqa: E402
from triggerflow_chassis.postgres.address import parse_postgres  # noqa: E402
from triggerflow_chassis.postgres.schema import migrate  # noqa: E402
from triggerflow_chassis.schema_chain import migrate_file  # noqa: E402
from triggerflow_orchestrator.app.commands import StartCommand  # noqa: E402
from triggerflow_orchestrator.app.compiled import CompiledFlows  # noqa: E402
from triggerflow_orchestrator.app.engine import Engine  # noqa: E402
from triggerflow_orchestrator.app.start import StartExecution  # noqa: E402
from triggerflow_orchestrator.app.units import Unit  # noqa: E402
from triggerflow_orchestrator.domain.execution import BlueprintVersion  # noqa: E402
from triggerflow_orchestrator.runtime.triggerflow import TriggerFlowRuntime  # noqa: E402
from triggerflow_orchestrator.store.journal import SqliteJournal  # noqa: E402
from triggerflow_orchestrator.store.migrations import CHAIN  # noqa: E402
from triggerflow_orchestrator.store.objects import FileObjects  # noqa: E402
from triggerflow_orchestrator.store.postgres_journal import PostgresJournal  # noqa: E402

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
EACH = int(os.environ.get("BENCH_EACH", "12"))
AT_ONCE = int(os.environ.get("BENCH_AT_ONCE", "50"))
TARGET = 1.3


class NoJournal:
    """Writes nothing, and says that it did in the next turn of the loop."""

    commits = 0

    def submit(self, unit: Unit) -> None:
        asyncio.get_running_loop().call_soon(unit.done, None)


class Side:
    """An engine over one journal, and callers that each start a run once their last one ended."""

    def __init__(
        self, journal: Any, runtime: TriggerFlowRuntime, catalogue: Catalogue, version: BlueprintVersion
    ) -> None:
        self._journal = journal
        self._waiting: dict[str, asyncio.Future[None]] = {}
        engine = Engine(journal, runtime, InProcessBus(), max_live=AT_ONCE, gone=self._gone)
        engine.begin()

        class Versions:
            async def get_version(self, *_: Any) -> BlueprintVersion:
                return version

        self._start = StartExecution(engine, Versions(), CompiledFlows(catalogue, Versions()))
        self._engine = engine
        self._command = StartCommand("p", "bench", version.flow_id, "1", {"n": 0}, {}, {}, None, 0, None)

    def _gone(self, execution_id: str) -> None:
        ended = self._waiting.pop(execution_id, None)
        if ended is not None:
            ended.set_result(None)

    async def _call(self, count: int) -> None:
        for _ in range(count):
            record = await self._start(self._command)
            if self._engine.live(record.id) is not None:
                ended = self._waiting[record.id] = asyncio.get_running_loop().create_future()
                await ended

    async def round(self, each: int) -> tuple[float, float, float]:
        """Seconds of the clock and of this process's CPU an execution, and commits an execution."""
        begun, cpu, commits = time.perf_counter(), time.process_time(), self._journal.commits
        await asyncio.gather(*(self._call(each) for _ in range(AT_ONCE)))
        done = time.perf_counter() - begun, time.process_time() - cpu, self._journal.commits - commits
        return done[0] / each / AT_ONCE, done[1] / each / AT_ONCE, done[2] / each / AT_ONCE


@asynccontextmanager
async def journals(server: PostgresServer, folder: Path) -> AsyncIterator[dict[str, Any]]:
    """Each kind, open."""
    async with AsyncExitStack() as stack:
        path = folder / "orchestrator.sqlite3"
        migrate_file(CHAIN, path, 1_000)
        sqlite = SqliteJournal(path, FileObjects(folder / "objects"), asyncio.get_running_loop())
        await sqlite.open()
        stack.push_async_callback(sqlite.close)
        postgres = parse_postgres(server.make_database(), "orchestrator", "bench")
        await migrate(CHAIN, postgres)
        journal = PostgresJournal(postgres)
        await journal.open()
        stack.push_async_callback(journal.close)
        yield {"no journal": NoJournal(), "SQLite": sqlite, "PostgreSQL": journal}


async def measure(server: PostgresServer, folder: Path) -> None:
    """Print a line a kind."""
    runtime = TriggerFlowRuntime()
    await runtime.load()
    catalogue = Catalogue.load(AdapterSettings(python_modules=("bench_handlers",), env_allow=(), http_allow=()))
    await catalogue.open()
    blueprint = {"description": "", "channels": [], "settings": {}, **chain("journal", 10, "bench_handlers.step")}
    version = BlueprintVersion("flow", "journal", "1", "hash", blueprint)
    async with journals(server, folder) as kinds:
        sides = {name: Side(journal, runtime, catalogue, version) for name, journal in kinds.items()}
        for side in sides.values():
            await side.round(2)
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in sides}
        for _ in range(ROUNDS):
            for name, side in sides.items():
                found[name].append(await side.round(EACH))
        for name, rounds in found.items():
            _report(name, rounds, found["no journal"])
    await catalogue.close()


def _report(name: str, rounds: list[tuple[float, float, float]], without: list[tuple[float, float, float]]) -> None:
    median: Callable[[int], float] = lambda index: statistics.median(each[index] for each in rounds)  # noqa: E731
    clock = sorted(mine[0] / none[0] for mine, none in zip(rounds, without, strict=True))
    cpu = statistics.median(mine[1] / none[1] for mine, none in zip(rounds, without, strict=True))
    verdict = ""
    if name == "PostgreSQL":
        kept = "kept" if statistics.median(clock) <= TARGET else "missed"
        verdict = f"; at most {TARGET} is {kept}"
    print(
        f"journal {name}, {AT_ONCE} at once: {1 / median(0):.0f} executions/s, {median(1) * 1000:.2f} ms of CPU and "
        f"{median(2):.1f} commits each; clock against none {statistics.median(clock):.2f} (rounds "
        f"{', '.join(f'{ratio:.2f}' for ratio in clock)}), this process's CPU {cpu:.2f}{verdict}"
    )


def main() -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with open_folder() as servers, tempfile.TemporaryDirectory() as folder:
        server = PostgresServer(servers, durable=True).start()
        try:
            uvloop.run(measure(server, Path(folder)))
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
