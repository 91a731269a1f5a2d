"""What the supervisor knows of a process: how to start it, how to tell that it is up, how to end it."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


class NotReady(Exception):
    """A process does not answer yet: why, in a few words."""


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Component:
    """One process of the mesh. `prepare` and `ready` may block for seconds: call them in a thread."""

    name: str
    # Its own folder: the working folder, and where it keeps its data.
    folder: Path
    command: tuple[str, ...]
    # Raises NotReady until the process does its work.
    ready: Callable[[], None]
    # Where the others find it.
    url: str = ""
    # What it is told. One of ours sees the user's environment, too; what the user keeps there is no other's business.
    environment: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False
    # Before every start, also after kill -9: make or repair what the process needs. Raises CannotStart.
    prepare: Callable[[], None] = _nothing
    # After every end, however it came: end what the process left behind.
    clear: Callable[[], None] = _nothing
    # The OS user it runs as; empty is the one that starts it.
    user: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    # How long it may take to end by itself.
    stop_seconds: float = 8.0
    # What it gets where whoever started it was killed.
    orphan_signal: signal.Signals = signal.SIGKILL
    # How long a first start may take, a download of its parts not counted.
    start_seconds: float = 60.0
    # Lines of its log that only its file gets, not the terminal.
    chatter: re.Pattern[bytes] | None = None

    @property
    def place(self) -> str:
        """Where it is, for people: without user and password."""
        return self.url.rpartition("@")[2] or self.url
