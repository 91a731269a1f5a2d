"""Where Redis is: REDIS_URL, checked once. Pure; loads no driver."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from triggerflow_chassis.settings import Reader, Secret

SETTING: Final = "REDIS_URL"
FORM: Final = "redis://host:port/0"


def read_redis(reader: Reader) -> Secret | None:
    """REDIS_URL, which may hold a password; None where it is not set. A problem is the reader's."""
    url = reader.plain().secret(SETTING)
    if url is None:
        return None
    problem = _problem(url.reveal())
    if problem:
        # Without the address: it may hold a password.
        reader.plain().problem(SETTING, f"{problem}; its form is {FORM}")
        return None
    return url


def _problem(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in ("redis", "rediss"):
        return "must begin with redis:// or rediss://"
    if not parts.hostname or port == 0:
        return "names no host"
    if parts.path.strip("/") and not parts.path.strip("/").isdigit():
        return "has a database that is no number"
    return ""
