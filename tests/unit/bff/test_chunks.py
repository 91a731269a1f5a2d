"""Events that travel together: how they are cut, and what each of their encodings holds."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import TypeVar

import pytest
from triggerflow_bff.live.event import Chunk, LiveEvent, chunks
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

T = TypeVar("T")


def event(number: int, size: int = 0, *, last: bool = False) -> LiveEvent:
    return LiveEvent(f"{number:032d}", json.dumps({"n": number, "text": "é" * size}).encode(), last)


def frames(data: bytes) -> list[Frame]:
    """The frames as a client reads them."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    while not at_once(reader.at_eof()):
        found.append(at_once(Frame.parse(reader.read_exact, mask=False)))
    return found


def at_once(steps: Generator[None, None, T]) -> T:
    """What a parser returns that waits for no more data."""
    try:
        next(steps)
    except StopIteration as end:
        value: T = end.value
        return value
    raise AssertionError("the data ends within a frame")


@pytest.mark.parametrize("sizes", [[0], [0, 0, 0], [30, 40_000, 10], [100] * 1_000, [70_000, 0, 70_000]])
def test_pieces_hold_every_event_in_order_and_none_is_large_but_a_single_one(sizes: list[int]) -> None:
    events = [event(number, size) for number, size in enumerate(sizes)]
    cut = list(chunks(events))
    assert [each for chunk in cut for each in chunk.events] == events
    for chunk in cut:
        assert chunk.size == sum(len(each.body) for each in chunk.events)
        assert chunk.size <= 65_536 or len(chunk.events) == 1


def test_no_events_are_no_pieces() -> None:
    assert list(chunks([])) == []


@pytest.mark.parametrize("size", [0, 10, 50, 60, 100, 20_000, 40_000])
def test_each_event_is_a_whole_text_frame_and_a_batch_is_one(size: int) -> None:
    events = [event(number, size) for number in range(3)]
    chunk = Chunk(events)
    single = frames(chunk.frames)
    assert [(frame.opcode, frame.fin, bytes(frame.data)) for frame in single] == [
        (Opcode.TEXT, True, each.body) for each in events
    ]
    (batch,) = frames(chunk.array_frame)
    assert batch.opcode is Opcode.TEXT
    assert json.loads(bytes(batch.data)) == [json.loads(each.body) for each in events]


def test_encodings_are_made_once() -> None:
    chunk = Chunk([event(1), event(2)])
    assert chunk.frames is chunk.frames
    assert chunk.array_frame is chunk.array_frame
    assert chunk.event_stream is chunk.event_stream


def test_what_is_above_a_cursor_is_the_same_chunk_where_that_is_all_of_it() -> None:
    chunk = Chunk([event(5), event(6), event(7, last=True)])
    assert chunk.after(event(4).id) is chunk
    rest = chunk.after(event(6).id)
    assert rest is not None and [each.id for each in rest.events] == [event(7).id] and rest.last.last
    assert chunk.after(event(7).id) is None
