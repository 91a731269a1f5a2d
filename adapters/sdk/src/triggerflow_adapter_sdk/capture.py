"""What handlers print goes to the process log and to the host: 64 KiB an activation, then one line that says so.

`sys.stdout` and `sys.stderr` become proxies that look at a context variable, which `invoke` sets and threads copy. Code
that runs for no activation writes where it always did. A handler that does not print pays for setting the variable.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TextIO

LIMIT = 65_536
_KEPT_COUNTS = 1_024
_LINE_LIMIT = 8_192


@dataclass(frozen=True, slots=True)
class OutputLine:
    """One line, or a part of a very long one."""

    execution_id: str
    node_id: str
    activation_id: str
    # "stdout" or "stderr"
    stream: str
    text: str


_log = logging.getLogger("triggerflow.handler_output")


def log_line(line: OutputLine) -> None:
    """The default sink: the process log."""
    fields = {
        "execution_id": line.execution_id,
        "node_id": line.node_id,
        "activation_id": line.activation_id,
        "stream": line.stream,
        "text": line.text,
    }
    _log.info("handler_output", extra=fields)


class Printed:
    """What one call prints. Threads of a handler may share it."""

    __slots__ = ("_ctx", "_lock", "_open", "_redact", "_sink", "_used")

    def __init__(self, ctx: Any, redact: Callable[[str], str] | None, sink: Callable[[OutputLine], None]) -> None:
        self._ctx = ctx
        self._redact = redact
        self._sink = sink
        self._lock = threading.Lock()
        self._open: dict[str, str] = {}
        self._used = False

    def write(self, stream: str, text: str) -> None:
        """Collect text and log the lines it completes."""
        with self._lock:
            self._used = True
            *lines, rest = (self._open.pop(stream, "") + text).split("\n")
            while len(rest) > _LINE_LIMIT and self._redact is None:
                lines.append(rest[:_LINE_LIMIT])
                rest = rest[_LINE_LIMIT:]
            # Past the limit nothing is kept either: a handler may print without end.
            if rest and len(rest) <= LIMIT * 2:
                self._open[stream] = rest
            for line in lines:
                self._emit(stream, line)

    def finish(self) -> None:
        """Log what was printed without a line's end. Nothing to do for a handler that did not print."""
        if not self._used:
            return
        with self._lock:
            for stream, rest in self._open.items():
                self._emit(stream, rest)
            self._open.clear()

    def _emit(self, stream: str, line: str) -> None:
        activation = str(getattr(self._ctx, "activation_id", ""))
        allowed, cut = _counts.take(activation, len(line.encode(errors="replace")) + 1)
        if allowed:
            text = line if self._redact is None else self._redact(line)
            self._log(stream, text if allowed < 0 else text.encode(errors="replace")[:allowed].decode(errors="ignore"))
        if cut:
            self._log(stream, f"output cut: one activation may print {LIMIT} bytes")

    def _log(self, stream: str, text: str) -> None:
        ctx = self._ctx
        line = OutputLine(
            execution_id=str(getattr(ctx, "execution_id", "")),
            node_id=str(getattr(ctx, "node_id", "")),
            activation_id=str(getattr(ctx, "activation_id", "")),
            stream=stream,
            text=text,
        )
        # The log may write to the very stream this line came from.
        token = current.set(None)
        try:
            self._sink(line)
            outlet = getattr(ctx, "outlet", None)
            if outlet is not None:
                outlet.printed(stream, text)
        finally:
            current.reset(token)


class _Counts:
    """Bytes printed by activation, over all its attempts; the newest thousand."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bytes: OrderedDict[str, int] = OrderedDict()

    def take(self, activation: str, size: int) -> tuple[int | None, bool]:
        """How much of the line may be written (-1 all of it, None nothing), and whether the cut is to be told now."""
        with self._lock:
            before = self._bytes.pop(activation, 0)
            self._bytes[activation] = before + size
            if len(self._bytes) > _KEPT_COUNTS:
                self._bytes.popitem(last=False)
        if before > LIMIT:
            return None, False
        return (-1, False) if before + size <= LIMIT else (LIMIT - before, True)


_counts = _Counts()
current: ContextVar[Printed | None] = ContextVar("triggerflow_printed", default=None)


class _Proxy:
    """A text stream that asks whose text it is."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._name = name

    def write(self, text: str) -> int:
        printed = current.get()
        if printed is None:
            return self._stream.write(text)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        printed.write(self._name, text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if current.get() is None:
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


_installed = 0


def install() -> None:
    """Put the proxies in place. Counted: each call takes one `uninstall`."""
    global _installed
    _installed += 1
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, _Proxy):
            setattr(sys, name, _Proxy(stream, name))


def uninstall() -> None:
    """Take them away with the last one who asked for them, where nobody put something else on top."""
    global _installed
    _installed = max(0, _installed - 1)
    if _installed:
        return
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, _Proxy):
            setattr(sys, name, stream._stream)
