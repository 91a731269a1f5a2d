"""Say in our own words what PostgreSQL refuses: `Unavailable`, with what to do, or nothing where it is our defect."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.postgres.address import SETTING, Postgres

log = structlog.get_logger("triggerflow.postgres")

# By SQLSTATE, or by its class (its first two characters).
_ADVICE: Final = {
    "08": "does not answer. Try again once it runs.",
    "22021": "holds another encoding than UTF8. Make the database with ENCODING 'UTF8'.",
    "25006": "may only be read: it is a standby, or was made read-only. Let {setting} name the primary.",
    "25P03": "ended a transaction that was left open. Try again.",
    "28": "does not let us in: check the user and password in {setting}.",
    "3D000": "does not know the database that {setting} names. Make it with CREATE DATABASE.",
    "3F000": "has no schema for this service. Restart the service: it is made at start.",
    "40": "was asked for the same rows by others at once. Try again.",
    "42501": "does not let the user of {setting} do this. Grant it the rights on the database and its schemas.",
    "53100": "has no room left on its disk. Free some and try again.",
    "53200": "is out of memory. Try again.",
    "53300": "takes no more connections. Raise its max_connections, or run fewer processes.",
    "55P03": "waited too long for a lock. Try again.",
    "57014": "took too long for a statement. Try again.",
    "57P": "is stopping or starting. Try again once it runs.",
    "58": "cannot use its disk. Look into its log.",
    "XX001": "has damaged data. Restore a backup.",
    "XX002": "has a damaged index. Reindex the database.",
}
_GONE: Final = "does not answer ({cause}). Try again once it runs."


DRIVER_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""All that asyncpg raises where the server, or the way to it, is the cause. A time-out is an OSError here too.

An InternalClientError is its confusion over a connection that the server ended between two statements.
"""

_LOG_SECONDS: Final = 1.0
_logged: dict[str, float] = {}


@contextmanager
def told(postgres: Postgres) -> Iterator[None]:
    """Raise what the server refuses as Unavailable. Nothing was kept of what was under way."""
    try:
        yield
    except (DBAPIError, PoolTimeout, *DRIVER_ERRORS) as error:
        unavailable = as_unavailable(error, postgres)
        if unavailable is None:
            raise
        _log(postgres, error)
        raise unavailable from error


def as_unavailable(error: BaseException, postgres: Postgres) -> Unavailable | None:
    """What to tell the caller; None where the fault is not the server's."""
    subject = f"PostgreSQL at {postgres.place}"
    if isinstance(error, PoolTimeout):
        return Unavailable(f"All connections to {subject} are in use. Try again.")
    cause = _cause(error)
    state = str(getattr(cause, "sqlstate", None) or "")
    for known in (state, state[:3], state[:2]):
        if known and known in _ADVICE:
            return Unavailable(f"{subject} {_ADVICE[known].format(setting=SETTING)}")
    # Without a state of its own it is the connection: refused, reset, timed out, closed under a query.
    if not state and isinstance(cause, DRIVER_ERRORS) and not _is_misuse(cause):
        return Unavailable(f"{subject} {_GONE.format(cause=_words(cause))}")
    return None


def _log(postgres: Postgres, error: BaseException) -> None:
    # While it is away every call fails, and one line a second says as much as a thousand.
    now = time.monotonic()
    if now - _logged.get(postgres.place, -_LOG_SECONDS) >= _LOG_SECONDS:
        _logged[postgres.place] = now
        log.warning("postgres_unavailable", place=postgres.place, error=_words(_cause(error)))


def _cause(error: BaseException) -> BaseException:
    """The driver's own error, under SQLAlchemy's and its adapter's."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def _is_misuse(cause: BaseException) -> bool:
    # A connection that is closed is an InterfaceError like a wrong argument; only the words tell them apart.
    words = str(cause)
    return isinstance(cause, asyncpg.InterfaceError) and "is closed" not in words and "is closing" not in words


def _words(cause: BaseException) -> str:
    return str(cause).partition("\n")[0].rstrip(".") or type(cause).__name__
