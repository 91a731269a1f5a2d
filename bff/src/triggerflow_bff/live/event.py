"""An event as it travels through the BFF, and events that travel together: encoded once, however many read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from websockets.frames import Frame, Opcode

# A line that takes a piece of so much in the time a reader is given is slow, not still.
_CHUNK_BYTES = 65_536


class LiveEvent(NamedTuple):
    """An event of an execution. `body` is its JSON text; `last` tells that nothing follows."""

    id: str
    body: bytes
    last: bool


class EventPage(NamedTuple):
    """Events after a cursor. `ended` tells that the last of them, or one before the cursor, ended the execution."""

    events: list[LiveEvent]
    next: str
    ended: bool
    # Whether there was more as it was read, or may have been.
    more: bool


class Chunk:
    """Events that follow each other and came together. Each of its encodings is made when the first reader needs it,
    and is the same bytes for all of them."""

    def __init__(self, events: Sequence[LiveEvent]) -> None:
        self.events = events

    def after(self, cursor: str) -> Chunk | None:
        """What of it is above the cursor; itself where all of it is."""
        if self.events[0].id > cursor:
            return self
        fresh = [event for event in self.events if event.id > cursor]
        return Chunk(fresh) if fresh else None

    @property
    def last(self) -> LiveEvent:
        """The event at its end."""
        return self.events[-1]

    @cached_property
    def size(self) -> int:
        """Bytes of JSON text."""
        return sum([len(event.body) for event in self.events])

    @cached_property
    def array(self) -> bytes:
        """A JSON array of the events."""
        return b"[%b]" % b",".join([event.body for event in self.events])

    @cached_property
    def frames(self) -> bytes:
        """WebSocket frames, one an event."""
        return b"".join([_frame(event.body) for event in self.events])

    @cached_property
    def array_frame(self) -> bytes:
        """One WebSocket frame with the array."""
        return _frame(self.array)

    @cached_property
    def event_stream(self) -> bytes:
        """text/event-stream. Compact JSON has no line breaks, so one data line holds an event."""
        return b"".join([b"id: %b\ndata: %b\n\n" % (event.id.encode(), event.body) for event in self.events])


def chunks(events: Sequence[LiveEvent]) -> Iterator[Chunk]:
    """The events in pieces that a slow line can take one at a time; none where there are no events."""
    start = size = 0
    for index, event in enumerate(events):
        if size and size + len(event.body) > _CHUNK_BYTES:
            yield Chunk(events[start:index])
            start, size = index, 0
        size += len(event.body)
    if events:
        yield Chunk(events[start:] if start else events)


def _frame(text: bytes) -> bytes:
    return Frame(Opcode.TEXT, text).serialize(mask=False)
