"""The folder of one installation: its lock, its token, and the note of where its server runs.

Nothing here imports a service, so that a command that only asks where the server is starts at once.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

SOCKET_FOLDER_PREFIX = "tfcanvas-"


class CannotStart(Exception):
    """Why the server cannot start: one line that names the setting to change."""


class AlreadyRunning(Exception):
    """Another server holds the folder."""


@dataclass(frozen=True, slots=True)
class RunNote:
    """What `run.json` says of a running server. `grpc` is an address as gRPC clients take it, `unix:/path`."""

    pid: int
    url: str
    grpc: str


class HasPid(Protocol):
    """A note of a process."""

    @property
    def pid(self) -> int:
        """Its id."""
        ...


class Home:
    """`$TFCANVAS_HOME`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = path / "lock"
        self._token = path / "token"
        self._note = path / "run.json"

    @property
    def mesh(self) -> Home:
        """The mesh's part of the folder, with a lock and a note of its own: it may run beside local mode."""
        return Home(self.path / "mesh")

    def prepare(self) -> None:
        """Make the folder where it is missing. Raises CannotStart where it cannot be written to."""
        try:
            # What users give their flows is nobody else's to read; a folder that is there already is left as it is.
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self.path / f".probe.{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise CannotStart(
                f"TFCANVAS_HOME: the folder {self.path} cannot be written to ({error.strerror or error})."
                " Set TFCANVAS_HOME to a folder of yours."
            ) from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the one server of the folder. Raises AlreadyRunning at once where there is another."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                # A lock of the process, not of the file handle: it ends with us even by kill -9, and no child of
                # ours that lives on keeps it.
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise AlreadyRunning from None
            self._clear_up()
            yield
        finally:
            os.close(descriptor)

    def _clear_up(self) -> None:
        # Left by a server that was killed: its note, which whoever waits for us must not read, and its socket.
        note = self.note()
        self._note.unlink(missing_ok=True)
        if note is not None:
            left = Path(note.grpc.removeprefix("unix:"))
            if left.parent.name.startswith(SOCKET_FOLDER_PREFIX):
                with suppress(OSError):
                    left.unlink(missing_ok=True)
                    left.parent.rmdir()

    def token(self) -> str:
        """The bearer token, made at the first start and kept, readable by its owner only.

        A server of local mode and a mesh share it, and may start at the same moment.
        """
        fresh = self._token.with_name(f".{self._token.name}.new.{os.getpid()}")
        while (token := self.known_token()) is None:
            self._write(fresh, secrets.token_urlsafe(32) + "\n")
            try:
                # Unlike a rename, this never replaces what another has made meanwhile.
                self._token.hardlink_to(fresh)
            except OSError:
                # Made meanwhile; or empty, which is as good as none; or the disk knows no such links.
                if self.known_token() is None:
                    fresh.replace(self._token)
            finally:
                fresh.unlink(missing_ok=True)
        self._token.chmod(0o600)
        return token

    def known_token(self) -> str | None:
        """The bearer token, or None where no server ever started here."""
        try:
            return self._token.read_text("utf-8").strip() or None
        except FileNotFoundError:
            return None

    def write_note(self, note: RunNote) -> None:
        """Say where the server runs, all at once: nobody reads half of it."""
        self._write(self._note, json.dumps(asdict(note)) + "\n")

    def remove_note(self) -> None:
        """Say that no server runs."""
        self._note.unlink(missing_ok=True)

    def note(self) -> RunNote | None:
        """Where a server runs, or None. After kill -9 it names a process that is gone; see `alive`."""
        try:
            found = json.loads(self._note.read_text("utf-8"))
            return RunNote(int(found["pid"]), str(found["url"]), str(found["grpc"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, path: Path, text: str) -> None:
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


def alive(note: HasPid) -> bool:
    """Whether the process of a note is there."""
    try:
        os.kill(note.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
