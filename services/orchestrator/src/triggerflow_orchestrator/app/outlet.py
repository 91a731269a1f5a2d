"""What one attempt yields and prints, on its way to the run's events: in order, in few rows, never far ahead of them.

At most 18 rows a second and stream, plus what is left at the end. While a row is not durable the next one only grows,
and a full one makes whoever yields wait: so a generator is never further than two rows ahead of the journal. What is
printed needs no such bound: the SDK limits it.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from triggerflow_adapter_sdk.errors import ValueTooLarge
from triggerflow_adapter_sdk.streaming import MOST_BYTES as MOST_YIELDED

from triggerflow_orchestrator.domain.value import Value, encode

INTERVAL_SECONDS: Final = 1 / 18
MOST_BYTES: Final = 64 * 1024
MOST_PIECES: Final = 1_024
# However many bytes a character takes, so many fit a row.
_MOST_CHARACTERS: Final = MOST_BYTES // 4


class Abandoned(Exception):
    """Nobody waits for this attempt any more."""


@dataclass(slots=True)
class Said:
    """What one row of each stream is made of."""

    tokens: list[Value] = field(default_factory=list)
    printed: dict[str, list[str]] = field(default_factory=dict)
    """By "stdout" and "stderr": whole lines."""

    @property
    def all_text(self) -> bool:
        """Whether the tokens can be joined."""
        return all(isinstance(token.plain, str) for token in self.tokens)

    def __bool__(self) -> bool:
        return bool(self.tokens or self.printed)


Send = Callable[[Said, Callable[[], None]], None]
"""Writes a row for each stream; the callback is called once it is durable. On the loop."""


class Outlet:
    """`ctx.outlet`, see the SDK's protocol. Its methods for the host are called on the loop."""

    __slots__ = ("_armed", "_closed", "_last", "_lock", "_loop", "_room", "_said", "_send", "_size", "_threads_room")

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Send) -> None:
        self._loop = loop
        self._send = send
        self._lock = threading.Lock()
        self._threads_room = threading.Condition(self._lock)
        self._room: asyncio.Event | None = None
        self._said = Said()
        self._size = 0
        self._armed = False
        self._closed = False
        self._last = float("-inf")

    # For the handler.

    async def put(self, value: Any) -> int:
        """Take a value; its size in bytes of JSON, once there is room for another. Raises NotJson, ValueTooLarge (it
        alone is more than a call may yield), Abandoned."""
        total = 0
        for piece in _pieces(value):
            total += len(piece.text)
            while not self._take(piece):
                self._room = self._room or asyncio.Event()
                self._room.clear()
                if self._full and not self._closed:
                    await self._room.wait()
        return total

    def put_from_thread(self, value: Any) -> int:
        """The same; the thread waits."""
        total = 0
        for piece in _pieces(value):
            total += len(piece.text)
            while not self._take(piece):
                with self._threads_room:
                    self._threads_room.wait_for(lambda: self._closed or not self._full)
        return total

    def printed(self, stream: str, text: str) -> None:
        """Take a line. From any thread."""
        with self._lock:
            if self._closed:
                return
            self._said.printed.setdefault(stream, []).append(_clean(text))
            arm = self._arm_now()
        if arm:
            self._arm_from_anywhere()

    # For the host.

    def flush(self) -> None:
        """Write what is left, whether or not its time has come."""
        said = self._taken()
        if said:
            self._send(said, _nothing)

    def close(self) -> None:
        """Take nothing more: the attempt is over. Who waits for room is told."""
        with self._lock:
            self._closed = True
            self._threads_room.notify_all()
        if self._room is not None:
            self._room.set()

    # Inside.

    @property
    def _full(self) -> bool:
        return self._size >= MOST_BYTES or len(self._said.tokens) >= MOST_PIECES

    def _take(self, piece: Value) -> bool:
        with self._lock:
            if self._closed:
                raise Abandoned("nobody waits for this attempt any more")
            if self._full:
                return False
            self._said.tokens.append(piece)
            self._size += len(piece.text)
            arm = self._arm_now()
        if arm:
            self._arm_from_anywhere()
        return True

    def _arm_now(self) -> bool:
        armed, self._armed = self._armed, True
        return not armed

    def _arm_from_anywhere(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._arm, context=contextvars.Context())
        except RuntimeError:  # the loop has closed meanwhile
            return

    def _arm(self) -> None:
        self._loop.call_at(self._last + INTERVAL_SECONDS, self._due, context=contextvars.Context())

    def _due(self) -> None:
        said = self._taken()
        self._last = self._loop.time()
        if said and not self._closed:
            self._send(said, self._durable)
        else:
            self._durable()

    def _taken(self) -> Said:
        with self._lock:
            said, self._said = self._said, Said()
            self._size = 0
            self._threads_room.notify_all()
        if self._room is not None:
            self._room.set()
        return said

    def _durable(self) -> None:
        with self._lock:
            self._armed = bool(self._said) and not self._closed
            again = self._armed
        if again:
            self._arm()


def _pieces(value: Any) -> Iterator[Value]:
    """A long text may come in several rows; anything else stays whole."""
    if isinstance(value, str) and len(value) > _MOST_CHARACTERS:
        for start in range(0, len(value), _MOST_CHARACTERS):
            yield encode(value[start : start + _MOST_CHARACTERS])
    else:
        whole = encode(value)
        if len(whole.text) > MOST_YIELDED:
            raise ValueTooLarge(f"the handler yielded more than {MOST_YIELDED} bytes")
        yield whole


def joined(tokens: Sequence[Value]) -> str:
    """The text of tokens that are all text."""
    return "".join(token.plain for token in tokens)


def _clean(text: str) -> str:
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _nothing() -> None:
    """Nobody waits."""
