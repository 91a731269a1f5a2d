"""What is forgotten: all that is old, nothing else, and without stopping who writes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from triggerflow_chassis.errors import Unavailable
from triggerflow_orchestrator.ports import StoredAnswer
from triggerflow_orchestrator.store import pruning as pruning_module
from triggerflow_orchestrator.store.pruning import SqlitePruning

# Memory has nothing that a port deletes.
pytestmark = pytest.mark.parametrize("world", ["sqlite"], indirect=True)


async def test_only_answers_made_before_are_forgotten_however_many(world: Any, sample: Any, tmp_path: Path) -> None:
    rows = [(sample.project, f"old {number}", "Start", "print", b"", None, 99) for number in range(1_200)]
    with closing(sqlite3.connect(tmp_path / "orchestrator.sqlite3")) as connection, connection:
        connection.executemany("INSERT INTO requests VALUES (?,?,?,?,?,?,?)", rows)
    world.add_answer(sample.project, "new", "Start", StoredAnswer("print", b"kept", None, 100))
    pruning = SqlitePruning(tmp_path / "orchestrator.sqlite3")
    assert await pruning.forget_answers(100) == 1_200
    assert await pruning.forget_answers(100) == 0
    assert await world.reads.answer(sample.project, "old 7", "Start") is None
    assert (await world.reads.answer(sample.project, "new", "Start")).response == b"kept"


async def test_a_database_that_another_writes_to_is_unavailable(
    world: Any, sample: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning_module, "_BUSY_SECONDS", 0.05)
    world.add_answer(sample.project, "old", "Start", StoredAnswer("print", b"", None, 1))
    with closing(sqlite3.connect(tmp_path / "orchestrator.sqlite3", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            await SqlitePruning(tmp_path / "orchestrator.sqlite3").forget_answers(100)
        # Readers go on meanwhile.
        assert await world.reads.answer(sample.project, "old", "Start") is not None
        writer.execute("ROLLBACK")
    assert await SqlitePruning(tmp_path / "orchestrator.sqlite3").forget_answers(100) == 1
