"""The form of an archive: what goes in comes out, in one file that other programs can read too."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from triggerflow_orchestrator.domain.archive import (
    FORMAT,
    ArchiveWriter,
    NotAnArchive,
    ToArchive,
    archive_key,
    read_archive,
)
from triggerflow_orchestrator.domain.execution import ExecutionRecord, Failure, LargeValue, StoredEvent

RUN = "01900000-0000-7000-8000-000000000001"
PROJECT = "00000000-0000-7000-8000-000000000001"


def _record(**changes: Any) -> ExecutionRecord:
    members: dict[str, Any] = {
        **{"id": RUN, "project_id": PROJECT, "principal": "ada", "flow_id": "f", "flow_name": "Nightly é"},
        **{"version": "3", "content_hash": "abc", "status": "failed", "priority": 1},
        **{"inputs_json": '{"n":9223372036854775807}', "outputs_json": "{}"},
        **{"error": Failure("Oops", "no", node_id="n"), "context": {"labels": ["a"]}},
        **{"options": {"async": True, "trace": False}, "rerun_of": None, "trigger_node_id": None, "epoch": 2},
        **{"created_at": 1_700_000_000_000_001, "started_at": None, "ended_at": 1_700_000_000_000_002},
    }
    return ExecutionRecord(**(members | changes))


def _events(count: int) -> list[StoredEvent]:
    return [StoredEvent(str(n), n, json.dumps({"id": str(n), "text": "line\u2028é\\n"})) for n in range(1, count + 1)]


def _archive(events: list[StoredEvent], step: int = 3) -> bytes:
    writer = ArchiveWriter(ToArchive(_record(), ["b", "a"], [LargeValue("ref", RUN, 70_000, "key")]))
    for place in range(0, len(events), step):
        writer.add(events[place : place + step])
    return writer.finish()


@pytest.mark.parametrize("count", [0, 1, 7])
def test_an_archive_says_all_that_was_put_into_it(count: int) -> None:
    found = read_archive(_archive(_events(count)))
    assert found.events == [json.loads(event.body) for event in _events(count)]
    assert found.head["archive"] == FORMAT
    assert found.head["labels"] == ["a", "b"]
    assert found.head["principal"] == "ada"
    assert found.head["flowName"] == "Nightly é"
    assert found.head["values"] == [{"ref": "ref", "bytes": 70_000, "key": "key"}]
    assert found.execution == {
        "id": RUN,
        "projectId": PROJECT,
        "flowId": "f",
        "blueprintVersion": "3",
        "contentHash": "abc",
        "status": "failed",
        "inputs": {"n": 9_223_372_036_854_775_807},
        "outputs": {},
        "error": {"type": "Oops", "message": "no", "nodeId": "n"},
        "context": {"labels": ["a"]},
        "executionOptions": {"async": True, "trace": False},
        "createdAt": "2023-11-14T22:13:20.000001Z",
        "startedAt": None,
        "endedAt": "2023-11-14T22:13:20.000002Z",
    }


def test_the_same_execution_gives_the_same_bytes_however_it_was_read() -> None:
    assert _archive(_events(7), step=1) != b""
    assert gzip.decompress(_archive(_events(7), step=1)) == gzip.decompress(_archive(_events(7), step=7))
    assert _archive(_events(7)) == _archive(_events(7))


def test_every_gzip_reader_sees_lines_of_json() -> None:
    lines = gzip.decompress(_archive(_events(4))).decode().splitlines()
    assert json.loads(lines[0])["events"] == 4
    assert len(lines) == 5


def test_where_an_archive_is_follows_from_its_ids_alone() -> None:
    assert archive_key(PROJECT, RUN) == f"archives/{PROJECT}/2024/06/{RUN}.jsonl.gz"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        _archive(_events(9))[:-12],
        gzip.compress(b"not json"),
        gzip.compress(b"{}"),
        gzip.compress(b"[]"),
        gzip.compress(json.dumps({"archive": "triggerflow.execution-archive.v9", "events": 0}).encode()),
        gzip.compress(json.dumps({"archive": FORMAT, "events": 2}).encode() + b"\n{}\n"),
    ],
)
def test_what_is_no_whole_archive_of_a_known_form_is_refused(content: bytes) -> None:
    with pytest.raises(NotAnArchive):
        read_archive(content)
