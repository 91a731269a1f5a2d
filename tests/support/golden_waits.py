"""Answer the waits of a golden case, and take its run up again from what its journal holds: as after a restart."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from recalled_rows import recalled
from triggerflow_orchestrator.app.units import Kind
from triggerflow_orchestrator.domain.execution import (
    AttemptRow,
    ExecutionRecord,
    Failure,
    JournalRow,
    Remembered,
    StartRow,
    StoredEvent,
)
from triggerflow_orchestrator.domain.wait import WaitRecord

Choose = Callable[[list[tuple[Any, ...]]], tuple[Any, ...]]
AT = "2026-01-01T00:00:00.000000Z"


class Answers:
    """`ports.Reads` and `ports.RecoverySources` over a journal in memory, as far as taking up asks.

    `said` are the case's answers in their order: `{"wait": node, "value": …}`, with `"due": true` where the clock
    answers, and `"scope"` where several activations of the node may wait. Or it chooses among the rows of those that
    wait: approvals are then approved with the data 7, events have the value 7, timers are due.
    """

    def __init__(self, journal: Any, said: list[Mapping[str, Any]] | Choose, ids: Mapping[str, str]) -> None:
        self._journal = journal
        self._said: list[Mapping[str, Any]] = [] if callable(said) else list(said)
        self._choose = said if callable(said) else None
        self._ids = ids
        self._settled: dict[str, tuple[str, str]] = {}
        self._epoch = 1
        # As a run is once it is woken: it had left, so nothing ran when it did.
        self._wake_at: int | None = 1

    def woken(self) -> ExecutionRecord | None:
        """Settle the next wait, where the run has left and there is a next; the run, claimed."""
        if self._choose is not None and (waiting := self._open()):
            row = self._choose(waiting)
            names = {node_id: name for name, node_id in self._ids.items()}
            value = {"decision": "approved", "data": 7} if row[8] == "approval" else 7
            place = {"wait": names[row[5]], "scope": _named(row[7], self._ids)}
            self._said.append({**place, "value": value, "due": row[8] == "timer"})
        if not self._said:
            return None
        said = self._said.pop(0)
        node_id = self._ids[said["wait"]]
        scope = said.get("scope", "")
        (row,) = (row for row in self._open() if row[5] == node_id and _named(row[7], self._ids) == scope)
        answer: dict[str, Any] = {"by": "clock" if said.get("due") else "anna", "at": AT}
        value = said.get("value")
        if said.get("due"):
            self._settled[row[0]] = ("expired", json.dumps(answer))
        else:
            answer |= value if row[8] == "approval" else {"data": value}
            self._settled[row[0]] = ("answered", json.dumps(answer))
        self._epoch += 1
        self._wake_at = 1
        return self._record()

    def record(self) -> ExecutionRecord:
        """The run, claimed after its process died."""
        self._epoch += 1
        self._wake_at = None
        return self._record()

    def _open(self) -> list[tuple[Any, ...]]:
        over = {row[-1] for row in self._journal.of(Kind.WAIT_OVER)}
        return [row for row in self._journal.of(Kind.WAIT) if row[0] not in over and row[0] not in self._settled]

    async def remembered(self, execution_id: str, plan: Any = None) -> Remembered:
        over = {row[-1] for row in self._journal.of(Kind.WAIT_OVER)}
        known = Remembered(
            execution=self._record(),
            journal=tuple(
                JournalRow(*row[1:9], Failure.from_json(json.loads(row[9])) if row[9] else None, *row[10:])
                for row in self._journal.of(Kind.JOURNAL)
            ),
            starts=tuple(StartRow(row[0], row[2], row[3], row[4], row[5]) for row in self._journal.of(Kind.START)),
            attempts=tuple(AttemptRow(row[0], row[1], row[3], row[4]) for row in self._journal.of(Kind.ATTEMPT)),
            last_event=StoredEvent(*self._journal.of(Kind.EVENT)[-1][1:]),
            waits=tuple(self._wait(row) for row in self._journal.of(Kind.WAIT) if row[0] not in over),
        )
        return known if plan is None else await recalled(known, plan)

    async def seed(self, execution_id: str) -> None:
        return None

    async def interventions(self, execution_id: str) -> tuple[Any, ...]:
        return ()

    async def values(self, refs: Collection[str]) -> Mapping[str, bytes]:
        assert not refs
        return {}

    async def custom_counts(self, execution_id: str, activation_ids: Collection[str]) -> Mapping[str, int]:
        return {}

    async def printed_counts(self, execution_id: str, activation_ids: Collection[str]) -> Mapping[str, Any]:
        return {}

    def _wait(self, row: tuple[Any, ...]) -> WaitRecord:
        status, answer = self._settled.get(row[0], ("open", None))
        whose = (row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8])
        rest = (row[13], row[14], row[15], row[16], row[17], answer, None if answer is None else 1)
        return WaitRecord(*whose, status, row[10], (), row[12], *rest)  # type: ignore[arg-type]

    def _record(self) -> ExecutionRecord:
        (row,) = self._journal.of(Kind.EXECUTION)
        record = ExecutionRecord(*row[:11], None, json.loads(row[12]), json.loads(row[13]), *row[14:])
        states = self._journal.of(Kind.STATE)
        outputs = states[-1][1] if states else record.outputs_json
        started_at = record.started_at or (states[-1][3] if states else None) or 1
        return replace(
            record,
            status="running",
            outputs_json=outputs,
            started_at=started_at,
            epoch=self._epoch,
            wake_at=self._wake_at,
        )


def _named(scope: str, ids: Mapping[str, str]) -> str:
    names = {node_id: name for name, node_id in ids.items()}
    segments = [segment.rpartition(":") for segment in scope.split("/") if segment]
    return "/".join(f"{names[node]}:{number}" for node, _, number in segments)
