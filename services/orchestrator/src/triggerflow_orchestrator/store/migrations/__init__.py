"""Bring a database to the newest schema, wholly or not at all. Runs at start; where nothing is to do, does nothing."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event

LOCATION = Path(__file__).parent


def migrate(path: Path) -> None:
    """Make or upgrade the database at `path`. Blocks. Raises OSError or sqlalchemy.exc.DBAPIError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver would commit before each CREATE TABLE; a process killed between two must leave neither.
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout=10000")
        # Kept in the file: readers never block the one writer, nor it them.
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(LOCATION).replace("%", "%%"))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
