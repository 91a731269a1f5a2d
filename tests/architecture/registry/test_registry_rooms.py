"""The rooms of the registry import downwards only, and its migrations make the tables the code expects."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import triggerflow_registry
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from triggerflow_chassis.schema_chain import migrate_file
from triggerflow_registry.store.migrations import CHAIN
from triggerflow_registry.store.tables import metadata

ROOT = Path(triggerflow_registry.__file__).parent
OURS = {"include_name": lambda name, kind, _parents: kind != "table" or not str(name).endswith("_version")}

# What a room may not import. Generated code is imported as `triggerflow.`.
FOREIGN = ("grpc", "google", "sqlalchemy", "alembic", "aiosqlite", "agently", "triggerflow.")
FORBIDDEN = {
    "domain": (
        *FOREIGN,
        "triggerflow_adapter_sdk",
        "triggerflow_chassis.grpc",
        "triggerflow_chassis.wire",
        *(f"triggerflow_registry.{room}" for room in ("ports", "app", "store", "transport", "settings", "bootstrap")),
    ),
    "app": (
        *FOREIGN,
        "triggerflow_chassis.grpc",
        "triggerflow_chassis.wire",
        *(f"triggerflow_registry.{room}" for room in ("store", "transport", "settings", "bootstrap")),
    ),
    "store": ("grpc", "triggerflow.", "triggerflow_registry.app", "triggerflow_registry.transport"),
    "transport": ("sqlalchemy", "alembic", "agently", "triggerflow_registry.store", "triggerflow_registry.bootstrap"),
}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {f"{alias.name}." for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(f"{node.module}.")
    return found


@pytest.mark.parametrize("room", sorted(FORBIDDEN))
def test_a_room_imports_downwards_only(room: str) -> None:
    modules = sorted((ROOT / room).rglob("*.py"))
    assert len(modules) > 3
    for module in modules:
        for name in imports(module):
            for forbidden in FORBIDDEN[room]:
                assert not name.startswith(forbidden.rstrip(".") + "."), f"{module.relative_to(ROOT)} imports {name}"


def test_every_module_opens_with_its_promise() -> None:
    for module in ROOT.rglob("*.py"):
        if module.stat().st_size:
            assert ast.get_docstring(ast.parse(module.read_text())), module


def test_the_migrations_make_the_tables_the_code_expects(tmp_path: Path) -> None:
    database = tmp_path / "registry.sqlite3"
    migrate_file(CHAIN, database, 100)
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=OURS), metadata) == []
    engine.dispose()


def test_the_newest_revision_is_the_one_that_start_looks_for() -> None:
    assert ScriptDirectory(str(CHAIN.location)).get_heads() == [CHAIN.head]


def test_every_table_names_its_project_and_principal() -> None:
    for table in metadata.tables.values():
        if table.name == "published":
            continue  # how far the relay is, over all projects
        assert not table.c.project_id.nullable
        # What was forgotten, nobody wrote.
        assert table.name == "pruned" or not table.c.principal.nullable
