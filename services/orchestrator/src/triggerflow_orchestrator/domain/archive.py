"""What an ended execution is archived as: one compact file that says all by itself. Pure.

The file is gzip around JSON lines (several gzip members in a row, which every reader of gzip takes as one):
- line 1: `{"archive": "triggerflow.execution-archive.v1", "execution": {…}, "principal", "flowName", "labels": […],
  "values": [{"ref", "bytes", "key"}], "events": n}`. `execution` is what GET /executions/{id} answers; `values` are the
  large values that it and its events refer to by `$value`, each an object of its own in the same bucket under `key`.
- lines 2 to n + 1: its events in order, each as it was sent.

It is `archives/<project>/<yyyy>/<mm>/<execution>.jsonl.gz`, by the month (UTC) that the execution's id was made in, so
that whoever has the ids finds it. A reader refuses an `archive` it does not know.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from triggerflow_chassis.clock import rfc3339

from triggerflow_orchestrator.domain.execution import ExecutionRecord, LargeValue, StoredEvent

FORMAT: Final = "triggerflow.execution-archive.v1"
_LEVEL: Final = 6
_GZIP: Final = 31


class NotAnArchive(ValueError):
    """The bytes are no archive of a form known here."""


@dataclass(frozen=True, slots=True)
class ToArchive:
    """An ended execution with what stands beside its row."""

    record: ExecutionRecord
    labels: Sequence[str]
    values: Sequence[LargeValue]


@dataclass(frozen=True, slots=True)
class Archived:
    """An archive as it was read."""

    head: dict[str, Any]
    """Its first line."""
    events: list[dict[str, Any]]

    @property
    def execution(self) -> dict[str, Any]:
        """What GET /executions/{id} answered."""
        found: dict[str, Any] = self.head["execution"]
        return found


def archive_key(project_id: str, execution_id: str) -> str:
    """Where the archive of an execution is. `execution_id` is a UUIDv7, whose first 48 bits are its time."""
    made = datetime.fromtimestamp(int(execution_id.replace("-", "")[:12], 16) / 1_000, UTC)
    return f"archives/{project_id}/{made:%Y}/{made:%m}/{execution_id}.jsonl.gz"


class ArchiveWriter:
    """Makes an archive, its events a few at a time, so that only the compressed form is ever held whole."""

    def __init__(self, found: ToArchive) -> None:
        self._found = found
        self._parts: list[bytes] = []
        self._compressor = zlib.compressobj(_LEVEL, wbits=_GZIP)
        self._events = 0

    def add(self, events: Sequence[StoredEvent]) -> None:
        """Append events, in order."""
        lines = "".join(f"{event.body}\n" for event in events)
        self._parts.append(self._compressor.compress(lines.encode()))
        self._events += len(events)

    def finish(self) -> bytes:
        """The archive. The same execution gives the same bytes."""
        self._parts.append(self._compressor.flush())
        head = orjson.dumps(_head(self._found, self._events)) + b"\n"
        return gzip.compress(head, _LEVEL, mtime=0) + b"".join(self._parts)


def read_archive(content: bytes) -> Archived:
    """Raises NotAnArchive, for what is cut off too."""
    try:
        lines = gzip.decompress(content).removesuffix(b"\n").split(b"\n")
        head = orjson.loads(lines[0])
        if head["archive"] != FORMAT:
            raise NotAnArchive(f"an archive of the form {head['archive']!r} needs another version of this program")
        events = [orjson.loads(line) for line in lines[1:]]
        if len(events) != head["events"]:
            raise NotAnArchive(f"the archive has {len(events)} of {head['events']} events")
    except (OSError, EOFError, zlib.error, orjson.JSONDecodeError, KeyError, IndexError, TypeError) as error:
        raise NotAnArchive(f"not an archive of an execution: {error}") from error
    return Archived(head, events)


def _head(found: ToArchive, events: int) -> dict[str, Any]:
    record = found.record
    execution: dict[str, Any] = {
        "id": record.id,
        "projectId": record.project_id,
        "flowId": record.flow_id,
        "blueprintVersion": record.version,
        "contentHash": record.content_hash,
        "status": record.status,
        "inputs": orjson.Fragment(record.inputs_json),
        "outputs": orjson.Fragment(record.outputs_json),
        "error": None if record.error is None else record.error.as_json(),
        "context": dict(record.context),
        "executionOptions": dict(record.options),
    }
    if record.rerun_of is not None:
        execution["rerunOf"] = record.rerun_of
    execution["createdAt"] = rfc3339(record.created_at)
    execution["startedAt"] = None if record.started_at is None else rfc3339(record.started_at)
    execution["endedAt"] = None if record.ended_at is None else rfc3339(record.ended_at)
    return {
        "archive": FORMAT,
        "execution": execution,
        "principal": record.principal,
        "flowName": record.flow_name,
        "labels": sorted(found.labels),
        "values": [{"ref": value.ref, "bytes": value.bytes, "key": value.key} for value in found.values],
        "events": events,
    }
