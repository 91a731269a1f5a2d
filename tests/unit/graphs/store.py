"""One run's rows in memory, as the orchestrator's database keeps them, with a log of its transactions.

A process that dies leaves a prefix of that log: `Store.after` makes the store that the next process finds. It is all
the ports that driving a run needs; what the real databases decide is held to the same by `tests/contract`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson
from recalled_rows import recalled
from triggerflow_chassis.clock import rfc3339
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.execution import (
    AttemptRow,
    ExecutionRecord,
    Failure,
    JournalRow,
    Remembered,
    StartRow,
    StoredEvent,
)
from triggerflow_orchestrator.domain.lease import LeaseLost
from triggerflow_orchestrator.domain.wait import CLOCK, WaitRecord
from triggerflow_orchestrator.ports import Decided, Firing, LargeValueRow, RequestRow, WaitAnswer

from .clock import Now

Row = tuple[Kind, tuple[Any, ...]]
_NOTHING_KEPT = frozenset({Kind.LABEL, Kind.REQUEST, Kind.CANCEL, Kind.METRIC, Kind.INTERVENTION_TAKEN})


class Tx(NamedTuple):
    """One transaction: rows, of which those of `Settle` and `Wake` are the database's own."""

    at_us: int
    rows: tuple[Any, ...]
    objects: tuple[tuple[str, bytes], ...] = ()

    @property
    def settles(self) -> bool:
        """Whether it answers waits."""
        return any(isinstance(row, Settle) for row in self.rows)


class Settle(NamedTuple):
    wait_id: str
    status: str
    answer: str
    at_us: int


class Wake(NamedTuple):
    """Out of its wait, and claimed."""


class Store:
    """`app.engine_ports.Journal`, `ports.Waits`, `ports.Reads` and `ports.RecoverySources`, of one run."""

    def __init__(self) -> None:
        self.log: list[Tx] = []
        self.record: ExecutionRecord | None = None
        self.journal: list[JournalRow] = []
        self.starts: dict[str, StartRow] = {}
        self.attempts: list[AttemptRow] = []
        self.events: list[StoredEvent] = []
        self.waits: dict[str, WaitRecord] = {}
        self.applied: set[str] = set()
        self.objects: dict[str, bytes] = {}
        self.published: list[tuple[Any, ...]] = []
        self.failure_calls: list[tuple[Any, ...]] = []
        self.ended: set[str] = set()
        self._custom: dict[str, int] = {}
        self.held: list[Callable[[], None]] | None = None
        """Where a list, units are durable only when `write` says so."""

    @classmethod
    def after(cls, log: Sequence[Tx]) -> Store:
        """What a process finds that starts after these transactions."""
        store = cls()
        for tx in log:
            store._take(tx)
        return store

    # Writing.

    def submit(self, unit: Unit) -> None:
        def commit() -> None:
            fence = unit.fence
            if fence is not None and (self.record is None or self.record.epoch != fence.epoch):
                unit.done(LeaseLost(fence.execution_id))
                return
            # As the writers do: by kind.
            rows = tuple(sorted(unit.rows, key=lambda row: row[0]))
            self._take(Tx(Now.us, rows, tuple(unit.objects)))
            unit.done(None)

        if self.held is None:
            asyncio.get_running_loop().call_soon(commit)
        else:
            self.held.append(commit)

    def write(self) -> None:
        """Make the oldest held unit durable."""
        assert self.held
        asyncio.get_running_loop().call_soon(self.held.pop(0))

    def _take(self, tx: Tx) -> None:
        self.log.append(tx)
        self.objects.update(tx.objects)
        for row in tx.rows:
            if isinstance(row, Settle):
                wait = self.waits[row.wait_id]
                changed = {"status": row.status, "answer_json": row.answer, "settled_at": row.at_us}
                self.waits[row.wait_id] = replace(wait, **changed)  # type: ignore[arg-type]
            elif isinstance(row, Wake):
                self._record(status="running", epoch=self._live().epoch + 1)
            else:
                self._row(*row)

    def _row(self, kind: Kind, row: tuple[Any, ...]) -> None:
        if kind is Kind.EVENT:
            self.events.append(StoredEvent(*row[1:]))
            if '"stream":"custom"' in row[3]:
                data = orjson.loads(row[3])["payload"]["data"]
                self._custom[data["activationId"]] = self._custom.get(data["activationId"], 0) + 1
        elif kind is Kind.JOURNAL:
            error = Failure.from_json(orjson.loads(row[9])) if row[9] else None
            outcome: tuple[Any, ...] = (*row[1:9], error, *row[10:])
            self.journal.append(JournalRow(*outcome))
            self.ended.add(row[3])
        elif kind is Kind.START:
            assert row[0] not in self.starts, "an activation began twice"
            self.starts[row[0]] = StartRow(row[0], row[2], row[3], row[4], row[5])
        elif kind is Kind.ATTEMPT:
            self.attempts.append(AttemptRow(row[0], row[1], row[3], row[4]))
        elif kind is Kind.STATE:
            status, outputs, error, started_at, ended_at, deadline_at, epoch, _ = row
            failure = Failure.from_json(orjson.loads(error)) if error else None
            times = {"started_at": started_at, "ended_at": ended_at, "deadline_at": deadline_at}
            self._record(status=status, outputs_json=outputs, error=failure, epoch=epoch, wake_at=None, **times)
        elif kind is Kind.PARK:
            if self._live().ended_at is None:
                self._record(status="waiting", wake_at=row[0])
        elif kind is Kind.CLAIM:
            self._record(epoch=row[0])
        elif kind is Kind.WAIT:
            assert row[0] not in self.waits, "an activation waits twice"
            terms: tuple[Any, ...] = (*row[:11], (), *row[12:18], None, None)
            self.waits[row[0]] = WaitRecord(*terms)
        elif kind is Kind.WAIT_OVER:
            answer, at_us, wait_id = row
            wait = self.waits[wait_id]
            self.applied.add(wait_id)
            if wait.status == "open":
                self.waits[wait_id] = replace(wait, status="cancelled", answer_json=answer, settled_at=at_us)
        elif kind is Kind.EXECUTION:
            error = Failure.from_json(orjson.loads(row[11])) if row[11] else None
            given = (orjson.loads(row[12]), orjson.loads(row[13]))
            members: tuple[Any, ...] = (*row[:11], error, *given, *row[14:])
            self.record = ExecutionRecord(*members)
        elif kind is Kind.CHANNEL_VALUE:
            self.published.append(row)
        elif kind is Kind.FAILURE_CALL:
            self.failure_calls.append(row)
        else:
            assert kind is Kind.OBJECT or kind in _NOTHING_KEPT, kind

    def _live(self) -> ExecutionRecord:
        assert self.record is not None
        return self.record

    def _record(self, **changed: Any) -> None:
        self.record = replace(self._live(), **changed)

    # `ports.Waits`.

    async def one(self, project_id: str, wait_id: str) -> WaitRecord | None:
        await asyncio.sleep(0)  # others may come in between
        return self.waits.get(wait_id)

    async def to_apply(self, owner: str | None) -> list[WaitRecord]:
        if self.record is None or self.record.status == "waiting":
            return []
        return list(self._settled())

    async def answer(
        self, wait_id: str, answer: WaitAnswer, values: Sequence[LargeValueRow], request: RequestRow | None
    ) -> Decided:
        won = self.waits[wait_id].status == "open"
        if won:
            self._take(Tx(Now.us, (Settle(wait_id, "answered", answer.json, answer.at_us),)))
        return Decided(self.waits[wait_id], None, won)

    async def signal(
        self, project_id: str, name: str, key: str, answer: WaitAnswer, request: RequestRow | None
    ) -> list[Firing]:
        ids = [wait.id for wait in self.open_waits() if (wait.name, wait.key) == (name, key)]
        return self._settle(ids, "answered", answer.json, answer.at_us)

    async def fire_due(self, limit: int) -> list[Firing]:
        due = [(wait.due_at, wait.id) for wait in self.open_waits() if wait.due_at is not None]
        ids = [wait_id for at, wait_id in sorted(due) if at <= Now.us][:limit]
        answer = orjson.dumps({"by": CLOCK, "at": rfc3339(Now.us)}).decode()
        return self._settle(ids, "expired", answer, Now.us)

    def _settle(self, ids: Sequence[str], status: str, answer: str, at_us: int) -> list[Firing]:
        if ids:
            self._take(Tx(Now.us, tuple(Settle(wait_id, status, answer, at_us) for wait_id in ids)))
        return [Firing(self.waits[wait_id], None) for wait_id in ids]

    async def wake(self, limit: int, *, claim: bool) -> list[ExecutionRecord]:
        record = self.record
        if record is None or record.status != "waiting":
            return []
        if not (record.wake_at is not None and record.wake_at <= Now.us) and not any(self._settled()):
            return []
        return [self._woken()]

    async def claim(self, execution_id: str) -> ExecutionRecord | None:
        return self._woken() if self._live().status == "waiting" else None

    def _woken(self) -> ExecutionRecord:
        self._take(Tx(Now.us, (Wake(),)))
        return self._live()

    async def next_due_in(self) -> float | None:
        times = [wait.due_at for wait in self.open_waits() if wait.due_at is not None]
        if self.record is not None and self.record.status == "waiting" and self.record.wake_at is not None:
            times.append(self.record.wake_at)
        return max(0.0, (min(times) - Now.us) / 1_000_000) if times else None

    def open_waits(self) -> list[WaitRecord]:
        """By id."""
        return [self.waits[wait_id] for wait_id in sorted(self.waits) if self.waits[wait_id].status == "open"]

    def _settled(self) -> Iterator[WaitRecord]:
        """Those to be taken up, in the order they were settled."""
        left = [wait for wait in self.waits.values() if wait.status != "open" and wait.id not in self.applied]
        yield from sorted(left, key=lambda wait: (wait.settled_at or 0, wait.id))

    # `ports.Reads` and `ports.RecoverySources`.

    async def execution(self, project_id: str, execution_id: str) -> ExecutionRecord | None:
        return self.record

    async def live(self) -> list[ExecutionRecord]:
        record = self.record
        return [record] if record is not None and not record.ended and record.status != "waiting" else []

    async def remembered(self, execution_id: str, plan: Any = None) -> Remembered:
        open_ones = [wait for wait in self.open_waits() if wait.id not in self.applied]
        known = Remembered(
            execution=self._live(),
            journal=tuple(self.journal),
            starts=tuple(sorted(self.starts.values(), key=lambda start: (start.started_at, start.activation_id))),
            attempts=tuple(sorted(self.attempts, key=lambda row: (row.activation_id, row.attempt))),
            last_event=self.events[-1] if self.events else None,
            waits=(*self._settled(), *open_ones),
        )
        return known if plan is None else await recalled(known, plan)

    async def values(self, refs: Collection[str]) -> Mapping[str, bytes]:
        return {ref: self.objects[ref] for ref in refs}

    async def put(self, ref: str, text: bytes) -> str:
        self.objects[ref] = text
        return ref

    async def custom_counts(self, execution_id: str, activation_ids: Collection[str]) -> Mapping[str, int]:
        return {each: self._custom.get(each, 0) for each in activation_ids}

    async def printed_counts(self, execution_id: str, activation_ids: Collection[str]) -> Mapping[str, Any]:
        return {}

    async def interventions(self, execution_id: str) -> Sequence[Any]:
        return ()

    async def seed(self, execution_id: str) -> None:
        return None
