"""Keep browser sessions: random tokens in cookies, only their hashes here and on disk.

Sessions are written to `$TFCANVAS_HOME/sessions.json` (0600), so that a restart leaves browsers signed in; reading
that file gives no cookie. They end 30 days after sign-in, or when 100 newer ones exist.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import structlog
from triggerflow_chassis.identity import LOCAL, Principal

SECONDS = 30 * 24 * 3600
MOST = 100

log = structlog.get_logger("triggerflow.bff")


class Sessions:
    """The sessions of this server. `file` None keeps them in memory only."""

    def __init__(self, file: Path | None, now: Callable[[], float] = time.time) -> None:
        self._file = file
        self._now = now
        # Hash of the token to the second it ends, oldest first.
        self._ends: dict[str, float] = _read(file) if file is not None else {}

    def open(self) -> str:
        """Begin a session and return its token, which only the browser keeps."""
        token = secrets.token_urlsafe(32)
        now = self._now()
        self._ends[_digest(token)] = now + SECONDS
        self._ends = dict([each for each in self._ends.items() if each[1] > now][-MOST:])
        self._write()
        return token

    def find(self, token: str) -> Principal | None:
        """Who the session belongs to; None where there is none."""
        # Looked up by hash, so the time a look-up takes tells nothing about a token.
        ends = self._ends.get(_digest(token))
        return LOCAL if ends is not None and ends > self._now() else None

    def _write(self) -> None:
        if self._file is None:
            return
        fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}.new")
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(orjson.dumps({"sessions": self._ends}))
            fresh.replace(self._file)
        except OSError as error:
            # The browser is signed in all the same, until the next start.
            log.warning("sessions_not_saved", file=str(self._file), error=str(error))
            fresh.unlink(missing_ok=True)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _read(file: Path) -> dict[str, float]:
    try:
        kept = orjson.loads(file.read_bytes())["sessions"]
        return {str(digest): float(ends) for digest, ends in kept.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        # A file nobody can read signs browsers out; it must not keep the server from starting.
        log.warning("sessions_not_read", file=str(file), error=str(error))
        return {}
