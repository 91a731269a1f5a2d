"""Bring a service's tables to its newest schema, wholly or not at all, so that the release before can work on.

Each service has one chain of Alembic revisions for SQLite and PostgreSQL. What a database is at stands in
`schema_version`: the revision, and the oldest revision whose code still works with it. So code that is older than the
schema starts, and leaves it as it is, as long as it is not older than that; a revision only adds, until no code that
needs what it takes away is left.

The first release kept its revision in `alembic_version`, knows only 0001 and refuses any other. That table stays at
0001 for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.pool import NullPool

from triggerflow_chassis.errors import Unavailable

VERSION_TABLE: Final = "schema_version"
_FIRST_RELEASE_TABLE: Final = "alembic_version"
_FIRST_RELEASE: Final = "0001"
_AT: Final = f"SELECT version_num, works_with FROM {VERSION_TABLE}"


@dataclass(frozen=True, slots=True)
class SchemaChain:
    """The revisions of one service."""

    location: Path
    """The folder of the Alembic environment."""
    head: str
    """The newest revision. A test holds it equal to what the scripts say."""
    works_with: str
    """The oldest revision whose code works with the newest schema."""

    def serves(self, found: Sequence[tuple[Any, ...]]) -> bool:
        """Whether this code can work with a database whose `schema_version` has these rows."""
        if len(found) != 1:
            return False
        at, works_with = found[0]
        return bool(at == self.head or (at > self.head and works_with and works_with <= self.head))


def migrate_file(chain: SchemaChain, path: Path, busy_ms: int) -> None:
    """Make or upgrade the SQLite file at `path`. Blocks. Raises OSError, sqlalchemy.exc.DBAPIError, Unavailable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Loading Alembic takes longer than all else here; an up-to-date file does not need it.
    if _file_serves(chain, path):
        return
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver would commit before each CREATE TABLE; a process killed between two must leave neither.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={busy_ms}")
        # Kept in the file: readers never block the one writer, nor it them.
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        upgrade(chain, connection, path.name, "another folder")
        _keep_for_first_release(connection)


def upgrade(chain: SchemaChain, connection: Connection, name: str, other: str) -> bool:
    """Upgrade inside the transaction of `connection`, while nobody else changes the schema; whether there was need.

    Raises Unavailable where a newer version made it and this code cannot work with it: `name` is what people call the
    database, `other` what they may use instead.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    _stamp(connection)
    # Another process may have upgraded while this one waited for its turn.
    if chain.serves([tuple(row) for row in connection.execute(text(_AT))]):
        return False
    config = Config()
    config.set_main_option("script_location", str(chain.location).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        # A revision these scripts do not know.
        raise Unavailable(f"{name} was made by a newer version. Upgrade, or use {other}.") from error
    connection.execute(text(f"UPDATE {VERSION_TABLE} SET works_with = :oldest"), {"oldest": chain.works_with})
    return True


def _file_serves(chain: SchemaChain, path: Path) -> bool:
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path)) as connection:
            return chain.serves(connection.execute(_AT).fetchall())
    except sqlite3.Error:
        # No such table yet, or what the upgrade will raise with all it knows.
        return False


def _stamp(connection: Connection) -> None:
    """Make `schema_version`, at what the first release noted where it was here."""
    tables = inspect(connection)
    if tables.has_table(VERSION_TABLE):
        return
    connection.execute(
        text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY, works_with VARCHAR(32))")
    )
    if tables.has_table(_FIRST_RELEASE_TABLE):
        connection.execute(
            text(f"INSERT INTO {VERSION_TABLE} (version_num) SELECT version_num FROM {_FIRST_RELEASE_TABLE}")
        )


def _keep_for_first_release(connection: Connection) -> None:
    connection.execute(
        text(f"CREATE TABLE IF NOT EXISTS {_FIRST_RELEASE_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    )
    connection.execute(text(f"DELETE FROM {_FIRST_RELEASE_TABLE}"))
    connection.execute(text(f"INSERT INTO {_FIRST_RELEASE_TABLE} VALUES ('{_FIRST_RELEASE}')"))
