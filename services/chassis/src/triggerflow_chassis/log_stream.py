"""Write the log so that nobody who logs ever waits or fails: not for a full pipe, not for a full disk.

A thread of its own writes to the file descriptor. What cannot be written is dropped, and told as soon as writing works
again. Whoever starts the product and never reads its stderr would otherwise stop it after 64 KiB.
"""

from __future__ import annotations

import os
import threading
from collections import deque

_HELD_CHARACTERS = 1_000_000
_PIECE_LINES = 200


class LogStream:
    """The `file` of a logger. One thread, which ends with the process; call `close` to have the last lines written."""

    def __init__(self, descriptor: int, *, held: int = _HELD_CHARACTERS) -> None:
        self._descriptor = descriptor
        self._limit = held
        self._lines: deque[str] = deque()
        self._held = 0
        self._dropped = 0
        self._changed = threading.Condition()
        # A daemon: it may be stuck in the system for as long as nobody reads.
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def write(self, text: str) -> int:
        """Take the text to be written. Never blocks, never fails."""
        with self._changed:
            if self._held + len(text) > self._limit:
                self._dropped += 1
            else:
                self._lines.append(text)
                self._held += len(text)
                self._changed.notify_all()
        return len(text)

    def flush(self) -> None:
        """Nothing: the thread writes as soon as it can."""

    def close(self, seconds: float = 1.0) -> None:
        """Wait until all is written, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held, seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines)
                lines = [self._lines.popleft() for _ in range(min(_PIECE_LINES, len(self._lines)))]
                dropped, self._dropped = self._dropped, 0
            text = "".join(lines)
            if dropped:
                text += f'{{"event":"log_lines_dropped","level":"warning","count":{dropped}}}\n'
            written = self._put(text.encode(errors="backslashreplace"))
            with self._changed:
                self._held -= sum(map(len, lines))
                if not written:
                    self._dropped += dropped + len(lines)
                self._changed.notify_all()

    def _put(self, data: bytes) -> bool:
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            return False
        return True
