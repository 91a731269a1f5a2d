"""Logs: bounded on the disk, readable on a terminal, and never in anybody's way."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from triggerflow_local.mesh.logs import Console, LogFile, readable


def test_a_log_is_bounded_and_keeps_the_part_before(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "a.log", most_bytes=1_000)
    for number in range(500):
        log.write(f"line {number}".encode())
    log.close()
    assert (tmp_path / "a.log").stat().st_size <= 1_000
    assert (tmp_path / "a.log.1").stat().st_size <= 1_000
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.log", "a.log.1"]
    kept = (tmp_path / "a.log.1").read_text() + (tmp_path / "a.log").read_text()
    first = int(kept.split()[1])
    assert kept.splitlines() == [f"line {number}" for number in range(first, 500)]


def test_a_log_is_its_owners_alone_and_goes_on_where_it_was(tmp_path: Path) -> None:
    for line in (b"one", b"two"):
        log = LogFile(tmp_path / "a.log")
        log.write(line)
        log.close()
    assert (tmp_path / "a.log").read_bytes() == b"one\ntwo\n"
    assert stat.S_IMODE((tmp_path / "a.log").stat().st_mode) == 0o600


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "missing" / "a.log")
    log.write(b"lost")
    assert log.tail() == ""


def test_a_line_of_ours_is_shown_for_people() -> None:
    line = '{"flow_id":"f","event":"flow_published","level":"info","time":"2026-11-26T10:14:00.123456Z"}'
    assert readable(line) == ("10:14:00 info flow_published flow_id=f", False)


def test_an_error_of_ours_is_loud_and_keeps_its_stack() -> None:
    text, loud = readable('{"event":"task_failed","level":"error","exception":"Traceback\\n  here"}')
    assert loud
    assert text == "error task_failed\nTraceback\n  here"


def test_a_line_of_anybody_else_stays_as_it_is() -> None:
    for line in ("LOG: ready", "{not json", '{"an":"object"}', "[1]", '{"event":1}'):
        assert readable(line) == (line, False)


def test_the_terminal_gets_the_name_before_each_line() -> None:
    receiving, sending = os.pipe()
    console = Console(sending, colours=False)
    console.say("worker-1", "hello")
    console.relay("kafka", b'{"event":"x","level":"info"}')
    console.close()
    os.close(sending)
    with os.fdopen(receiving) as read:
        assert read.read() == "worker-1     | hello\nkafka        | info x\n"


def test_a_colour_stays_with_its_process() -> None:
    receiving, sending = os.pipe()
    console = Console(sending, colours=True)
    for name in ("worker-1", "worker-2", "worker-1"):
        console.say(name, "x")
    console.close()
    os.close(sending)
    with os.fdopen(receiving) as read:
        first, second, third = read.read().splitlines()
    assert first == third
    assert first.split("m")[0] != second.split("m")[0]
