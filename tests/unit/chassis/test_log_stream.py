"""Logging never holds up who logs: not with nobody reading, not with the reader gone, not on a full disk."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from io import FileIO

import pytest
from triggerflow_chassis.log_stream import LogStream


@pytest.fixture
def pipe() -> Iterator[tuple[FileIO, FileIO]]:
    reading, writing = os.pipe()
    with FileIO(reading, "r") as reader, FileIO(writing, "w") as writer:
        yield reader, writer


def test_lines_are_written_in_order(pipe: tuple[FileIO, FileIO]) -> None:
    reader, writer = pipe
    stream = LogStream(writer.fileno())
    for number in range(500):
        stream.write(f"line {number}\n")
    stream.close()
    writer.close()
    text = reader.readall().decode()
    assert text.splitlines() == [f"line {number}" for number in range(500)]


def test_a_pipe_that_nobody_reads_blocks_nobody_and_tells_what_was_dropped(pipe: tuple[FileIO, FileIO]) -> None:
    reader, writer = pipe
    stream = LogStream(writer.fileno(), held=100_000)
    began = time.monotonic()
    for _ in range(500):
        stream.write("x" * 999 + "\n")
    stream.close(seconds=0.05)
    assert time.monotonic() - began < 1
    text = ""
    while "log_lines_dropped" not in text:
        text += reader.read(65_536).decode()
        stream.write("more\n")
    assert text.count("x" * 999) + int(text.split('"count":')[1].split("}")[0]) == 500


def test_a_reader_that_is_gone_is_no_error(pipe: tuple[FileIO, FileIO]) -> None:
    reader, writer = pipe
    stream = LogStream(writer.fileno())
    reader.close()
    for _ in range(10):
        stream.write("to nobody\n")
    stream.close()
    assert stream.write("\ud800 not even text\n") == 16


def test_a_full_disk_is_no_error() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        stream = LogStream(descriptor)
        stream.write("too much\n")
        stream.close()
    finally:
        os.close(descriptor)
