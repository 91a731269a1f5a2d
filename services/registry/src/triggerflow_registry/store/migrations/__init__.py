"""Bring a database to the newest schema, wholly or not at all. Runs at start; where nothing is to do, does nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import NullPool
from triggerflow_chassis.errors import Unavailable

# The newest revision. A test holds it equal to what the scripts say.
HEAD = "0001"
LOCATION = Path(__file__).parent


def migrate(path: Path, busy_ms: int) -> None:
    """Make or upgrade the database at `path`. Blocks. Raises OSError, sqlalchemy.exc.DBAPIError, Unavailable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Loading alembic takes longer than all else here; an up-to-date file does not need it.
    if not _is_current(path):
        _upgrade(path, busy_ms)


def _is_current(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
    except sqlite3.Error:
        # No such table yet, or what the upgrade will raise with all it knows.
        return False


def _upgrade(path: Path, busy_ms: int) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

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
        config = Config()
        config.set_main_option("script_location", str(LOCATION).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            # A revision these scripts do not know.
            raise Unavailable(f"{path.name} was made by a newer version. Upgrade, or use another folder.") from error
