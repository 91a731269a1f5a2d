"""Large values go to the object store first, and only whoever has one waits for it. Real files, a real database."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.schema_chain import migrate_file
from triggerflow_orchestrator.app.durable import Durable
from triggerflow_orchestrator.app.units import Fence, Kind, Unit
from triggerflow_orchestrator.app.values_first import ValuesFirst
from triggerflow_orchestrator.store.journal import SqliteJournal
from triggerflow_orchestrator.store.migrations import CHAIN
from triggerflow_orchestrator.store.objects import FileObjects

RUN = "01900000-0000-7000-8000-000000000001"
OTHER = "01900000-0000-7000-8000-000000000002"


@dataclass
class Desk:
    """A journal behind large values, and the order in which it told."""

    database: Path
    folder: Path
    journal: ValuesFirst
    told: list[str] = field(default_factory=list)
    errors: dict[str, BaseException] = field(default_factory=dict)

    def submit(self, name: str, run: str, *, value: bytes | None = None, may_fail: bool = False) -> str:
        """A unit of `run` with a label called `name`; the reference of its value."""

        def done(error: BaseException | None) -> None:
            self.told.append(name)
            if error is not None:
                self.errors[name] = error

        unit = Unit(done=done, may_fail=may_fail)
        unit.rows.append((Kind.LABEL, (run, name)))
        ref = unit.keep(run, value) if value is not None else ""
        if value is None:
            unit.fence = Fence(run, 1)
        self.journal.submit(unit)
        return ref

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not met():
                await asyncio.sleep(0.01)

    def labels(self, run: str) -> set[str]:
        with closing(sqlite3.connect(self.database)) as connection:
            rows = connection.execute("SELECT label FROM execution_labels WHERE execution_id = ?", (run,))
            return {row[0] for row in rows}

    def break_store(self) -> None:
        """As a store that does not answer."""
        self.folder.rename(self.folder.with_name("away"))
        self.folder.write_text("in the way")

    def mend_store(self) -> None:
        self.folder.unlink()
        self.folder.with_name("away").rename(self.folder)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    database, folder = tmp_path / "orchestrator.sqlite3", tmp_path / "objects"
    migrate_file(CHAIN, database, 1_000)
    objects = FileObjects(folder)
    inner = SqliteJournal(database, objects, asyncio.get_running_loop())
    await inner.open()
    journal = ValuesFirst(inner, objects)
    insert = Unit()
    for run in (RUN, OTHER):
        insert.rows.append((Kind.EXECUTION, _execution(run)))
    durable = Durable()
    insert.done = durable.told
    journal.submit(insert)
    await durable.wait()
    yield Desk(database, folder, journal)
    await journal.close()
    await inner.close()


def _execution(run: str) -> tuple[object, ...]:
    who = (run, "p", "local", "f", "Flow", "1", "hash", "running", 1)
    return (*who, "{}", "{}", None, "{}", "{}", None, None, 1, 1, 1, None, None)


async def test_a_value_is_there_before_the_unit_that_names_it(desk: Desk) -> None:
    ref = desk.submit("large", RUN, value=b"x" * 100_000)
    await desk.until(lambda: desk.told == ["large"])
    assert (await FileObjects(desk.folder).get(ref, 0, 200_000)) == b"x" * 100_000
    assert desk.labels(RUN) == {"large"}


async def test_runs_that_need_no_large_value_pass_one_that_waits(desk: Desk) -> None:
    desk.break_store()
    desk.submit("large", RUN, value=b"1")
    desk.submit("small", OTHER)
    await desk.until(lambda: desk.told == ["small"])
    assert desk.journal.waiting == 1
    assert desk.labels(RUN) == set()
    desk.mend_store()
    await desk.until(lambda: desk.told == ["small", "large"])
    assert desk.labels(RUN) == {"large"}
    assert desk.journal.waiting == 0


async def test_units_of_one_run_never_pass_each_other(desk: Desk) -> None:
    desk.break_store()
    names = [str(number) for number in range(12)]
    for number, name in enumerate(names):
        desk.submit(name, RUN, value=b"1" if number % 4 == 0 else None)
    desk.submit("other", OTHER)
    await desk.until(lambda: desk.told == ["other"])
    desk.mend_store()
    await desk.until(lambda: len(desk.told) == 13)
    assert desk.told[1:] == names


async def test_a_unit_that_may_fail_is_told_why_and_leaves_nothing(desk: Desk) -> None:
    desk.break_store()
    desk.submit("start", RUN, value=b"1", may_fail=True)
    await desk.until(lambda: desk.told == ["start"])
    assert isinstance(desk.errors["start"], Unavailable)
    assert str(desk.folder) in desk.errors["start"].detail
    desk.mend_store()
    desk.submit("next", RUN)
    await desk.until(lambda: desk.told == ["start", "next"])
    assert desk.labels(RUN) == {"next"}


async def test_what_waits_is_refused_when_the_process_stops(desk: Desk) -> None:
    desk.break_store()
    desk.submit("first", RUN, value=b"1")
    desk.submit("second", RUN)
    await desk.journal.close()
    assert desk.told == ["first", "second"]
    assert all(isinstance(error, Unavailable) for error in desk.errors.values())
    assert desk.labels(RUN) == set()
    desk.mend_store()


async def test_a_stop_waits_for_what_is_being_put(desk: Desk) -> None:
    for number in range(20):
        desk.submit(str(number), RUN, value=b"x" * 50_000)
    await desk.journal.close()
    await desk.until(lambda: len(desk.told) == 20)
    assert not desk.errors
