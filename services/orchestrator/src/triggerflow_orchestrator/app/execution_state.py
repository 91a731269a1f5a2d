"""What the executions table holds of a live run: its status, outputs, error and times. No I/O.

Times are microseconds since the epoch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from triggerflow_orchestrator.app.units import Kind
from triggerflow_orchestrator.domain.execution import ExecutionRecord, ExecutionStatus, Failure
from triggerflow_orchestrator.domain.time_limit import limit_at
from triggerflow_orchestrator.domain.value import object_text


class ExecutionState:
    """The changing part of one execution's record, beside the record as it was accepted or taken up."""

    __slots__ = ("_outputs", "_outputs_json", "deadline_at", "ended_at", "error", "record", "started_at", "status")

    def __init__(self, record: ExecutionRecord) -> None:
        self.record = record
        self.status: ExecutionStatus = record.status
        self.error: Failure | None = record.error
        self.started_at = record.started_at
        self.ended_at = record.ended_at
        self.deadline_at = record.deadline_at
        self._outputs_json = record.outputs_json
        given: dict[str, Any] = orjson.loads(record.outputs_json)
        self._outputs = {name: orjson.dumps(value) for name, value in given.items()}

    def begin(self, now: int, limit_seconds: int | None) -> None:
        """It runs from now on, within that time."""
        self.status, self.started_at = "running", now
        self.deadline_at = limit_at(now, limit_seconds)

    def give(self, name: str, text: bytes) -> None:
        """An output, as it is shown; a later one of the same name replaces it."""
        self._outputs[name] = text
        self._outputs_json = object_text(self._outputs)

    def end(self, now: int, status: ExecutionStatus, error: Failure | None = None) -> None:
        """Its last event is decided."""
        self.status, self.ended_at, self.error = status, now, error

    def snapshot(self) -> ExecutionRecord:
        """The execution as it is now."""
        return replace(
            self.record,
            status=self.status,
            outputs_json=self._outputs_json,
            error=self.error,
            started_at=self.started_at,
            ended_at=self.ended_at,
            deadline_at=self.deadline_at,
        )

    def row(self) -> tuple[Kind, tuple[Any, ...]]:
        """For the unit that changes it."""
        error = orjson.dumps(self.error.as_json()).decode() if self.error is not None else None
        times = (self.started_at, self.ended_at, self.deadline_at)
        return (Kind.STATE, (self.status, self._outputs_json, error, *times, self.record.epoch, self.record.id))
