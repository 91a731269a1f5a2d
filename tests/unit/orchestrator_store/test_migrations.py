"""The migrations make the tables that the code queries, and never half of them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.engine.default import DefaultDialect
from triggerflow_chassis.schema_chain import migrate_file
from triggerflow_orchestrator.store.migrations import CHAIN
from triggerflow_orchestrator.store.tables import metadata

BUSY_MS = 1_000
OURS = {"include_name": lambda name, kind, _parents: kind != "table" or not str(name).endswith("_version")}


def test_the_newest_revision_is_the_one_that_start_looks_for() -> None:
    assert ScriptDirectory(str(CHAIN.location)).get_heads() == [CHAIN.head]


def test_the_migrated_database_equals_the_tables_in_code(tmp_path: Path) -> None:
    migrate_file(CHAIN, tmp_path / "made.sqlite3", BUSY_MS)
    engine = create_engine(f"sqlite:///{tmp_path / 'made.sqlite3'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=OURS), metadata) == []
    engine.dispose()
    metadata.create_all(drawn := create_engine(f"sqlite:///{tmp_path / 'drawn.sqlite3'}"))
    drawn.dispose()
    # Alembic compares neither partial indexes nor WITHOUT ROWID; SQLite's own words do.
    assert _words(tmp_path / "made.sqlite3") == _words(tmp_path / "drawn.sqlite3")


def test_a_second_migration_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a folder with 100%" / "x.sqlite3"
    migrate_file(CHAIN, path, BUSY_MS)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO execution_labels VALUES ('e', 'l')")
    connection.close()
    migrate_file(CHAIN, path, BUSY_MS)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT * FROM execution_labels").fetchall() == [("e", "l")]
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_migration_that_stops_midway_leaves_nothing_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute: Any = DefaultDialect.do_execute

    def stop_at_the_journal(self: Any, cursor: Any, statement: str, *rest: Any, **named: Any) -> None:
        if "CREATE TABLE journal" in statement:
            raise KeyboardInterrupt
        execute(self, cursor, statement, *rest, **named)

    path = tmp_path / "x.sqlite3"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(DefaultDialect, "do_execute", stop_at_the_journal)
        migrate_file(CHAIN, path, BUSY_MS)
    assert _words(path) == {}
    migrate_file(CHAIN, path, BUSY_MS)
    assert "journal" in _words(path)


def _words(path: Path) -> dict[str, list[str]]:
    connection = sqlite3.connect(path)
    found = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '%_version'"
    )
    # The order of a table's parts means nothing: a column that a later migration adds stands behind the keys.
    words = {name: sorted("".join((sql or "").rstrip(")").split()).split(",")) for name, sql in found}
    connection.close()
    return words
