"""Where PostgreSQL is and how a service uses it: DATABASE_URL, parsed once. Pure; loads no driver."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import SplitResult, urlsplit

from triggerflow_chassis.settings import Reader, Secret

SETTING: Final = "DATABASE_URL"
FORM: Final = "postgresql://user:password@host:port/database"
_SCHEMES: Final = ("postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class Postgres:
    """One service's part of a database: its schema, and how long it waits for what."""

    url: Secret
    """A libpq URL; its parameters (sslmode and the like) are the driver's."""
    place: str
    """`host:port/database`, for people; without user and password."""
    schema: str
    """Where the service's tables are: the search path of its connections."""
    application: str
    """What pg_stat_activity calls them."""
    pool: int = 8
    """Connections at once, of one pool."""
    pool_seconds: float = 10.0
    """How long to wait for a free connection."""
    connect_seconds: float = 5.0
    """How long to wait for a new one."""
    statement_seconds: float = 30.0
    """How long the server works on one statement."""
    lock_seconds: float = 10.0
    """How long a statement waits for a lock."""

    def named(self, application: str) -> Postgres:
        """The same, for another part of a process."""
        return replace(self, application=application)


def read_postgres(reader: Reader, schema: str, application: str) -> Postgres | None:
    """DATABASE_URL as the service of this schema uses it, None where it is not set. A problem is the reader's."""
    url = reader.plain().secret(SETTING)
    if url is None:
        return None
    try:
        return parse_postgres(url.reveal(), schema, application)
    except ValueError as error:
        reader.plain().problem(SETTING, str(error))
        return None


def parse_postgres(url: str, schema: str, application: str) -> Postgres:
    """The same of an address at hand. Raises ValueError, whose message never repeats the address: it holds the
    password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(f"is no address; its form is {FORM}") from None
    place = _place(parts)
    return Postgres(url=Secret(url), place=place, schema=schema, application=application)


def advisory_key(schema: str, purpose: str) -> int:
    """The key of an advisory lock, the same in every process: 64 bits of what the lock is for."""
    digest = hashlib.blake2b(f"triggerflow/{schema}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _place(parts: SplitResult) -> str:
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"must begin with postgresql://; its form is {FORM}")
    if not parts.hostname and "host=" not in parts.query:
        raise ValueError(f"names no host; its form is {FORM}")
    try:
        port = parts.port or 5432
    except ValueError:
        raise ValueError(f"has a port that is no number from 1 to 65535; its form is {FORM}") from None
    database = parts.path.lstrip("/")
    if not database:
        raise ValueError(f"names no database; its form is {FORM}")
    return f"{parts.hostname or 'socket'}:{port}/{database}"
