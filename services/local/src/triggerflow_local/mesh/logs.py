"""What the processes of the mesh say: to one file each, bounded, and to the terminal, each in its colour."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import BinaryIO

from triggerflow_chassis.log_stream import LogStream

# Of a file; the one before it is kept, too.
_MOST_BYTES = 8 * 1024 * 1024
_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_FAINT, _RED = 2, 31


class LogFile:
    """The log of one process, over all its starts."""

    def __init__(self, path: Path, *, most_bytes: int = _MOST_BYTES) -> None:
        self.path = path
        self._most = most_bytes
        self._file: BinaryIO | None = None
        self._bytes = 0

    def write(self, line: bytes) -> None:
        """Add a line. A disk that is full loses the line and nothing else."""
        try:
            if self._file is None:
                self._open()
            if self._bytes + len(line) > self._most:
                self._turn()
            assert self._file is not None
            self._file.write(line + b"\n")
            self._bytes += len(line) + 1
        except OSError:
            return

    def tail(self, most_bytes: int = 2_000) -> str:
        """The end of it, for an error."""
        try:
            return self.path.read_bytes()[-most_bytes:].decode("utf-8", "replace").strip()
        except OSError:
            return ""

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> None:
        # Private, as all that flows read and write.
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        self._bytes = self.path.stat().st_size

    def _turn(self) -> None:
        self.close()
        self.path.replace(self.path.with_name(self.path.name + ".1"))
        self._open()


class Console:
    """The terminal, or whatever stands in for it. Writing to it never waits: whoever does not read misses lines."""

    def __init__(self, descriptor: int | None = None, *, colours: bool | None = None) -> None:
        self._stream = LogStream(sys.stderr.fileno() if descriptor is None else descriptor)
        self._colours = sys.stderr.isatty() and not os.environ.get("NO_COLOR") if colours is None else colours
        self._width = len("orchestrator")
        self._seen: dict[str, int] = {}

    def say(self, name: str, line: str, *, loud: bool = False) -> None:
        """One line of a process."""
        prefix = f"{name:<{self._width}} |"
        if self._colours:
            colour = self._seen.setdefault(name, _COLOURS[len(self._seen) % len(_COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
            line = f"\x1b[{_RED}m{line}\x1b[0m" if loud else line
        self._stream.write(f"{prefix} {line}\n")

    def relay(self, name: str, line: bytes) -> None:
        """One line as a process wrote it."""
        text, loud = readable(line.decode("utf-8", "replace"))
        self.say(name, text, loud=loud)

    def close(self) -> None:
        """Wait a moment until all is written."""
        self._stream.close()


def readable(line: str) -> tuple[str, bool]:
    """A line for people, and whether it tells of a failure. Our own lines are JSON; others stay as they are."""
    if not line.startswith("{"):
        return line.rstrip(), False
    try:
        event = json.loads(line)
        words = [str(event.pop("level")), str(event.pop("event"))]
    except (ValueError, KeyError, AttributeError):
        return line.rstrip(), False
    time = str(event.pop("time", ""))[11:19]
    exception = event.pop("exception", None)
    words += [f"{key}={value}" for key, value in event.items()]
    text = " ".join([time, *words] if time else words)
    if exception:
        text += "\n" + str(exception)
    return text, words[0] in ("error", "critical")
