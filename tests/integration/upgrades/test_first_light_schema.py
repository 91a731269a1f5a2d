"""What First light left, as a dump of its databases, is whole after the migrations: in SQLite and in PostgreSQL.

`make_first_light_dumps.py` made the dumps. That release knew no PostgreSQL: there, its rows stand in the tables of the
first revision.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from running_product import Product, wait_for
from sqlalchemy import Connection, MetaData, Table, create_engine, inspect, select
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.postgres.address import Postgres, parse_postgres
from triggerflow_chassis.postgres.connections import connect, open_engine
from triggerflow_chassis.postgres.schema import migrate
from triggerflow_chassis.schema_chain import VERSION_TABLE, SchemaChain, _stamp, migrate_file
from triggerflow_orchestrator.ports import ExecutionFilter
from triggerflow_orchestrator.store.database import open_sqlite as open_executions
from triggerflow_orchestrator.store.executions import SqlReads
from triggerflow_orchestrator.store.migrations import CHAIN as ORCHESTRATOR
from triggerflow_orchestrator.store.postgres import open_postgres as open_executions_on_postgres
from triggerflow_registry.ports import Store
from triggerflow_registry.store.migrations import CHAIN as REGISTRY
from triggerflow_registry.store.postgres import open_postgres as open_flows_on_postgres
from triggerflow_registry.store.sqlite import open_sqlite as open_flows

HERE = Path(__file__).parent
HANDLERS = HERE.parents[1] / "handlers"
CHAINS = {"registry": REGISTRY, "orchestrator": ORCHESTRATOR}
# The first release's own table of versions is worded by Alembic.
_WORDS = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'"
services = pytest.mark.parametrize("service", sorted(CHAINS))
Rows = dict[str, list[dict[str, Any]]]


def restore(folder: Path, service: str) -> Path:
    """The database that First light left."""
    path = folder / f"{service}.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.executescript((HERE / f"first_light_{service}.sql").read_text())
    return path


def rows_of(path: Path, like: Rows | None = None) -> Rows:
    """Every row by table; of the tables and columns of `like` where that is given."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        found = _rows(connection, like)
    engine.dispose()
    return found


def _rows(connection: Connection, like: Rows | None = None) -> Rows:
    metadata, found = MetaData(), Rows()
    for name in like or [name for name in inspect(connection).get_table_names() if not name.endswith("_version")]:
        table = Table(name, metadata, autoload_with=connection)
        wanted = [column for column in table.c if like is None or not like[name] or column.name in like[name][0]]
        rows = [dict(row._mapping) for row in connection.execute(select(*wanted))]
        found[name] = sorted(rows, key=lambda row: json.dumps(row, default=repr, sort_keys=True))
    return found


def versions(path: Path) -> list[list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        tables = ("alembic_version", VERSION_TABLE)
        return [database.execute(f"SELECT * FROM {table}").fetchall() for table in tables]


@services
def test_every_row_of_a_file_stays_as_it_was_and_the_old_release_finds_its_revision(
    tmp_path: Path, service: str
) -> None:
    chain, path = CHAINS[service], restore(tmp_path, service)
    before = rows_of(path)
    assert sum(map(len, before.values())) > 10
    migrate_file(chain, path, 1_000)
    assert rows_of(path, before) == before
    assert versions(path) == [[("0001",)], [(chain.head, chain.works_with)]]
    migrate_file(chain, path, 1_000)
    assert rows_of(path, before) == before


@services
def test_a_file_that_was_migrated_has_the_tables_of_one_made_new(tmp_path: Path, service: str) -> None:
    migrate_file(CHAINS[service], restore(tmp_path, service), 1_000)
    migrate_file(CHAINS[service], tmp_path / "new.sqlite3", 1_000)

    def words(path: Path) -> dict[str, list[str]]:
        with closing(sqlite3.connect(path)) as database:
            found = database.execute(_WORDS).fetchall()
        return {name: sorted("".join((sql or "").rstrip(")").split()).split(",")) for name, sql in found}

    assert words(tmp_path / f"{service}.sqlite3") == words(tmp_path / "new.sqlite3")


@services
def test_code_that_is_older_than_the_schema_leaves_it_alone_where_the_schema_says_that_it_may(
    tmp_path: Path, service: str
) -> None:
    chain, path = CHAINS[service], tmp_path / "x.sqlite3"
    migrate_file(chain, path, 1_000)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9998', works_with = ?", (chain.head,))
    migrate_file(chain, path, 1_000)
    assert versions(path)[1] == [("9998", chain.head)]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"UPDATE {VERSION_TABLE} SET works_with = '9997'")
    with pytest.raises(Unavailable, match="newer version"):
        migrate_file(chain, path, 1_000)
    assert versions(path)[1] == [("9998", "9997")]


async def read_flows(store: Store) -> None:
    project: Any = LOCAL.project_id
    async with store.read() as view:
        (good,) = await view.flows(project, name_has="strasse", before=None, limit=9)
        assert good.latest_version == 2
        draft = await view.flow(project, good.id)
        first = await view.version(project, good.id, 1)
        assert draft is not None
        assert first is not None
        assert first.blueprint is not None
        assert (len(draft.document.nodes), len(first.blueprint.nodes)) == (4, 3)
        assert [version.message for version in await view.versions(project, good.id, before=None, limit=9)] == [
            "second",
            "first",
        ]
        assert len(await view.events(project, after="", limit=99)) == 8
        assert await view.forgotten_up_to(project) == ""


async def read_executions(reads: SqlReads) -> None:
    project = LOCAL.project_id
    found = await reads.executions(project, ExecutionFilter(labels=frozenset({"nightly"})), None, 9)
    assert [(record.flow_name, record.status) for record in found] == [
        ("Goes on", "running"),
        ("Fails", "failed"),
        ("Straße am Ärmelkanal", "succeeded"),
    ]
    long, bad, good = found
    assert (long.owner, long.queued_at) == (None, None)
    assert [record.id for record in await reads.live()] == [long.id]
    assert [record.id for record in await reads.executions(project, ExecutionFilter(query="STRASSE"), None, 9)] == [
        good.id
    ]
    assert [record.id for record in await reads.executions(project, ExecutionFilter(query="NO GOOD"), None, 9)] == [
        bad.id
    ]
    page = await reads.events(project, good.id, "", 99)
    assert page is not None
    assert page.ended
    assert [event.sequence for event in page.events] == list(range(1, len(page.events) + 1))
    activations = await reads.activations(project, good.id, None, 99)
    assert activations is not None
    assert [activation.status for activation in activations] == ["succeeded"] * 4
    remembered = await reads.remembered(long.id)
    assert remembered is not None
    assert len(remembered.journal) >= 4
    assert len((await reads.notices(project, "", 99, flows=True)).notices) == 5


async def test_flows_of_a_migrated_file_are_read(tmp_path: Path) -> None:
    async with open_flows(restore(tmp_path, "registry")) as store:
        await read_flows(store)


async def test_executions_of_a_migrated_file_are_read(tmp_path: Path) -> None:
    path = restore(tmp_path, "orchestrator")
    migrate_file(ORCHESTRATOR, path, 1_000)
    async with open_executions(path) as database:
        await read_executions(SqlReads(database))


def test_a_run_that_first_light_left_goes_on_to_its_end(make_product: Callable[..., Product]) -> None:
    product = make_product(PYTHONPATH=str(HANDLERS), TFCANVAS_PYTHON_MODULES="sample_handlers")
    product.home.mkdir(parents=True)
    for service in CHAINS:
        restore(product.home, service)
    product.start()
    with product.client() as client:
        (long,) = client.get("/executions", params={"q": "goes on"}).json()["items"]
        ended = wait_for(
            lambda: (found := client.get(f"/executions/{long['id']}").json())["endedAt"] and found, what="its end"
        )
        assert ended["status"] == "succeeded"
        assert len(client.get("/executions").json()["items"]) == 3
    assert product.stop() == 0


async def at_first_revision(chain: SchemaChain, postgres: Postgres, rows: Rows) -> None:
    """Make the tables of revision 0001, and put rows into them."""

    def make(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(chain.location))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        _stamp(connection)
        command.upgrade(config, "0001")
        metadata = MetaData()
        for name, found in rows.items():
            if found:
                connection.execute(Table(name, metadata, autoload_with=connection).insert(), found)

    connection = await connect(postgres)
    await connection.execute(f"CREATE SCHEMA {postgres.schema}")
    await connection.close()
    async with open_engine(postgres, pooled=False) as engine, engine.begin() as opened:
        await opened.run_sync(make)


async def rows_on_postgres(postgres: Postgres, like: Rows) -> Rows:
    async with open_engine(postgres, pooled=False) as engine, engine.connect() as opened:
        return await opened.run_sync(_rows, like)


@pytest.mark.postgres
@services
async def test_every_row_of_a_schema_stays_as_it_was(tmp_path: Path, service: str, database_url: str) -> None:
    chain, postgres = CHAINS[service], parse_postgres(database_url, service, "test")
    before = rows_of(restore(tmp_path, service))
    await at_first_revision(chain, postgres, before)
    assert await rows_on_postgres(postgres, before) == before
    await migrate(chain, postgres)
    assert await rows_on_postgres(postgres, before) == before
    if service == "registry":
        async with open_flows_on_postgres(postgres) as store:
            await read_flows(store)
    else:
        async with open_executions_on_postgres(postgres) as database:
            await read_executions(SqlReads(database))


@pytest.mark.postgres
@services
async def test_replicas_that_start_at_once_migrate_once(
    tmp_path: Path, service: str, database_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    chain, postgres = CHAINS[service], parse_postgres(database_url, service, "test")
    before = rows_of(restore(tmp_path, service))
    await at_first_revision(chain, postgres, before)
    await asyncio.gather(*(migrate(chain, postgres) for _ in range(6)))
    assert await rows_on_postgres(postgres, before) == before
    assert capfd.readouterr().out.count("schema_migrated") == 1


@pytest.mark.postgres
@services
async def test_a_migration_on_postgres_that_stops_midway_leaves_nothing_and_can_be_repeated(
    tmp_path: Path, service: str, database_url: str
) -> None:
    postgres = parse_postgres(database_url, service, "test")
    broken = tmp_path / "migrations"
    shutil.copytree(CHAINS[service].location, broken)
    (broken / "versions" / "9999_breaks.py").write_text(
        f"from alembic import op\nrevision = '9999'\ndown_revision = '{CHAINS[service].head}'\n"
        "def upgrade():\n    op.execute('SELECT 1/0')\n"
    )
    with pytest.raises(Exception, match="division by zero"):
        await migrate(replace(CHAINS[service], location=broken, head="9999"), postgres)
    connection = await connect(postgres)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", service)
    await connection.close()
    assert tables == []
    await migrate(CHAINS[service], postgres)


@pytest.mark.postgres
async def test_a_schema_of_a_newer_version_is_left_alone_and_refused_only_where_it_says_so(database_url: str) -> None:
    postgres = parse_postgres(database_url, "registry", "test")
    await migrate(REGISTRY, postgres)
    connection = await connect(postgres)
    await connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9998', works_with = '{REGISTRY.head}'")
    await migrate(REGISTRY, postgres)
    await connection.execute(f"UPDATE {VERSION_TABLE} SET works_with = '9997'")
    with pytest.raises(Unavailable, match="newer version"):
        await migrate(REGISTRY, postgres)
    assert await connection.fetchval(f"SELECT version_num FROM {VERSION_TABLE}") == "9998"
    await connection.close()


@pytest.mark.postgres
@services
async def test_a_schema_made_new_has_the_tables_that_the_code_queries(service: str, database_url: str) -> None:
    postgres = parse_postgres(database_url, service, "test")
    await migrate(CHAINS[service], postgres)
    metadata = import_module(f"triggerflow_{service}.store.tables").metadata
    ours = {"include_name": lambda name, kind, _parents: kind != "table" or name != VERSION_TABLE}

    def differences(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection, opts=ours), metadata)

    async with open_engine(postgres, pooled=False) as engine, engine.connect() as opened:
        found = await opened.run_sync(differences)
    # Comments stand in the code alone, and one index in the migrations of PostgreSQL alone.
    told = [str(each) for each in found if "comment" not in str(each[0])]
    assert [each for each in told if "executions_to_archive" not in each] == []
