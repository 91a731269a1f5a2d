"""A world is a store that can be read through the port, and filled by the test: in memory, SQLite, PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import orjson
import pytest
from postgres_filler import open_filler
from sqlalchemy import create_engine, delete, func, insert, select
from triggerflow_chassis.postgres.address import parse_postgres
from triggerflow_chassis.schema_chain import migrate_file
from triggerflow_orchestrator.domain.execution import (
    ENDING_EVENTS,
    LIVE,
    ActivationRecord,
    AttemptRow,
    ExecutionRecord,
    Failure,
    JournalRow,
    LargeValue,
    MetricTotal,
    ProjectNotice,
    Remembered,
    StartRow,
    StoredEvent,
)
from triggerflow_orchestrator.ports import EventPage, ExecutionFilter, NoticePage, Position, Reads, StoredAnswer
from triggerflow_orchestrator.store import tables
from triggerflow_orchestrator.store.database import Database, open_sqlite
from triggerflow_orchestrator.store.executions import SqlReads
from triggerflow_orchestrator.store.migrations import CHAIN
from triggerflow_orchestrator.store.postgres import open_postgres


class World(Protocol):
    """What a test fills. `reads` must show each row as soon as the call that added it returned."""

    @property
    def reads(self) -> Reads: ...
    def add_execution(self, record: ExecutionRecord, labels: Iterable[str] = ()) -> None: ...
    def add_start(self, execution_id: str, row: StartRow) -> None: ...
    def add_attempt(self, execution_id: str, row: AttemptRow) -> None: ...
    def add_outcome(self, execution_id: str, row: JournalRow) -> None: ...
    def add_metric(
        self, execution_id: str, activation_id: str, sequence: int, name: str, unit: str | None, value: float
    ) -> None: ...
    def add_event(self, execution_id: str, event: StoredEvent) -> None: ...
    def forget_event(self, execution_id: str, event_id: str) -> None: ...
    def add_notice(self, notice: ProjectNotice) -> None: ...
    def add_seed(self, execution_id: str, body: str) -> None: ...
    def add_value(self, value: LargeValue) -> None: ...
    def add_answer(self, project_id: str, request_id: str, method: str, answer: StoredAnswer) -> None: ...


@dataclass
class MemoryWorld:
    """The port over dictionaries: the plainest thing that keeps its promises."""

    records: dict[str, ExecutionRecord] = field(default_factory=dict)
    labels: dict[str, set[str]] = field(default_factory=dict)
    measured: list[tuple[str, str, str, str | None, float]] = field(default_factory=list)
    starts: dict[str, list[StartRow]] = field(default_factory=dict)
    attempts: dict[str, list[AttemptRow]] = field(default_factory=dict)
    outcomes: dict[str, list[JournalRow]] = field(default_factory=dict)
    told: dict[str, list[StoredEvent]] = field(default_factory=dict)
    noticed: list[ProjectNotice] = field(default_factory=list)
    values: dict[str, LargeValue] = field(default_factory=dict)
    answers: dict[tuple[str, str, str], StoredAnswer] = field(default_factory=dict)
    seeds: dict[str, str] = field(default_factory=dict)

    @property
    def reads(self) -> Reads:
        return self

    def add_execution(self, record: ExecutionRecord, labels: Iterable[str] = ()) -> None:
        self.records[record.id] = record
        self.labels[record.id] = set(labels)

    def add_start(self, execution_id: str, row: StartRow) -> None:
        self.starts.setdefault(execution_id, []).append(row)

    def add_attempt(self, execution_id: str, row: AttemptRow) -> None:
        self.attempts.setdefault(execution_id, []).append(row)

    def add_metric(
        self, execution_id: str, activation_id: str, sequence: int, name: str, unit: str | None, value: float
    ) -> None:
        self.measured.append((execution_id, activation_id, name, unit, value))

    async def metrics(self, execution_id: str) -> list[MetricTotal]:
        return self._totals([row[2:] for row in self.measured if row[0] == execution_id])

    async def metrics_by_activation(self, execution_id: str) -> Mapping[str, tuple[MetricTotal, ...]]:
        told = {row[1] for row in self.measured if row[0] == execution_id}
        return {
            activation: tuple(self._totals([row[2:] for row in self.measured if row[:2] == (execution_id, activation)]))
            for activation in told
        }

    def _totals(self, rows: list[tuple[str, str | None, float]]) -> list[MetricTotal]:
        totals = []
        for name in sorted({row[0] for row in rows}):
            units = [unit for each, unit, _ in rows if each == name and unit is not None]
            values = [value for each, _, value in rows if each == name]
            totals.append(MetricTotal(name, min(units, default=None), sum(values), len(values)))
        return totals

    def add_outcome(self, execution_id: str, row: JournalRow) -> None:
        self.outcomes.setdefault(execution_id, []).append(row)

    def add_event(self, execution_id: str, event: StoredEvent) -> None:
        self.told.setdefault(execution_id, []).append(event)

    def forget_event(self, execution_id: str, event_id: str) -> None:
        self.told[execution_id] = [event for event in self.told[execution_id] if event.id != event_id]

    def add_notice(self, notice: ProjectNotice) -> None:
        self.noticed.append(notice)

    def add_seed(self, execution_id: str, body: str) -> None:
        self.seeds[execution_id] = body

    def add_value(self, value: LargeValue) -> None:
        self.values[value.ref] = value

    def add_answer(self, project_id: str, request_id: str, method: str, answer: StoredAnswer) -> None:
        self.answers[project_id, request_id, method] = answer

    async def execution(self, project_id: str, execution_id: str) -> ExecutionRecord | None:
        record = self.records.get(execution_id)
        return record if record is not None and record.project_id == project_id else None

    async def executions(
        self, project_id: str, where: ExecutionFilter, after: Position | None, limit: int
    ) -> list[ExecutionRecord]:
        found = [
            record
            for record in self.records.values()
            if record.project_id == project_id
            and self._matches(record, where)
            and (after is None or (record.created_at, record.id) < (after.at_us, after.id))
        ]
        return sorted(found, key=lambda record: (record.created_at, record.id), reverse=True)[:limit]

    async def ended(self, execution_ids: Collection[str]) -> frozenset[str]:
        known = [self.records[execution_id] for execution_id in execution_ids if execution_id in self.records]
        return frozenset(record.id for record in known if record.ended)

    def _matches(self, record: ExecutionRecord, where: ExecutionFilter) -> bool:
        texts = [record.id, record.flow_name, record.error.message if record.error else "", *self.labels[record.id]]
        needle = where.query.casefold()
        return (
            (where.flow_id is None or record.flow_id == where.flow_id)
            and (not where.statuses or record.status in where.statuses)
            and where.labels <= self.labels[record.id]
            and (where.from_us is None or record.created_at >= where.from_us)
            and (where.to_us is None or record.created_at < where.to_us)
            and any(needle in text.casefold() for text in texts)
        )

    async def activations(
        self, project_id: str, execution_id: str, after: Position | None, limit: int
    ) -> list[ActivationRecord] | None:
        if await self.execution(project_id, execution_id) is None:
            return None
        merged: dict[str, ActivationRecord] = {}
        for start in self.starts.get(execution_id, []):
            later = [
                row.attempt for row in self.attempts.get(execution_id, []) if row.activation_id == start.activation_id
            ]
            merged[start.activation_id] = ActivationRecord(
                id=start.activation_id,
                node_id=start.node_id,
                scope=start.scope,
                attempt=max(later, default=1),
                status="running",
                inputs_json=start.inputs_json,
                ports_json="{}",
                error=None,
                started_at=start.started_at,
                ended_at=None,
            )
        for row in self.outcomes.get(execution_id, []):
            begun = merged.get(row.activation_id)
            merged[row.activation_id] = ActivationRecord(
                id=row.activation_id,
                node_id=row.node_id,
                scope=row.scope,
                attempt=row.attempt,
                status=row.status,
                inputs_json=begun.inputs_json if begun else None,
                ports_json=row.ports_json,
                error=row.error,
                started_at=begun.started_at if begun else row.started_at,
                ended_at=row.ended_at,
            )
        for activation_id, record in merged.items():
            told = [row[2:] for row in self.measured if row[:2] == (execution_id, activation_id)]
            merged[activation_id] = replace(record, metrics=tuple(self._totals(told)))
        found = sorted(merged.values(), key=lambda item: (item.started_at, item.id))
        return [item for item in found if after is None or (item.started_at, item.id) > (after.at_us, after.id)][:limit]

    async def events(self, project_id: str, execution_id: str, after: str, limit: int) -> EventPage | None:
        if await self.execution(project_id, execution_id) is None:
            return None
        kept = sorted(self.told.get(execution_id, []), key=lambda event: event.id)
        seen = [event for event in kept if event.id <= after]
        found = [event for event in kept if event.id > after][:limit]
        last = found[-1] if found else seen[-1] if seen else None
        return EventPage(
            tuple(found),
            ended=last is not None and orjson.loads(last.body)["type"] in ENDING_EVENTS,
            expired=bool(after and found and found[0].sequence > 1 and not seen),
        )

    async def notices(self, project_id: str, after: str, limit: int, *, flows: bool) -> NoticePage:
        found = [notice for notice in self.noticed if notice.project_id == project_id and notice.id > after]
        found = [notice for notice in found if flows or notice.execution_id is not None]
        return NoticePage(tuple(sorted(found, key=lambda notice: notice.id)[:limit]), expired=False)

    async def newest_notice(self, project_id: str) -> str:
        return max((notice.id for notice in self.noticed if notice.project_id == project_id), default="")

    async def followed_to(self, name: str) -> str:
        return ""

    async def large_value(self, project_id: str, ref: str) -> LargeValue | None:
        value = self.values.get(ref)
        return value if value is not None and await self.execution(project_id, value.execution_id) else None

    async def answer(self, project_id: str, request_id: str, method: str) -> StoredAnswer | None:
        return self.answers.get((project_id, request_id, method))

    async def seed(self, execution_id: str) -> str | None:
        return self.seeds.get(execution_id)

    async def live(self) -> list[ExecutionRecord]:
        found = [record for record in self.records.values() if record.status in LIVE - {"waiting"}]
        return sorted(found, key=lambda record: (record.priority, record.created_at, record.id))

    async def remembered(self, execution_id: str, plan: Any = None) -> Remembered | None:
        record = self.records.get(execution_id)
        if record is None:
            return None
        events = sorted(self.told.get(execution_id, []), key=lambda event: event.id)
        return Remembered(
            execution=record,
            journal=tuple(sorted(self.outcomes.get(execution_id, []), key=lambda row: row.seq)),
            starts=tuple(
                sorted(self.starts.get(execution_id, []), key=lambda row: (row.started_at, row.activation_id))
            ),
            attempts=tuple(
                sorted(self.attempts.get(execution_id, []), key=lambda row: (row.activation_id, row.attempt))
            ),
            last_event=events[-1] if events else None,
        )


class SqlWorld:
    """The real tables, made by the real migrations; rows go in by SQL."""

    def __init__(self, database: Database, execute: Callable[[Any], Any]) -> None:
        self.database = database
        self.reads = SqlReads(database)
        self.execute = execute

    def count(self, table: Any) -> int:
        """How many rows there are, whoever may see them."""
        return int(self.execute(select(func.count()).select_from(table))[0][0])

    def _insert(self, table: Any, **values: Any) -> None:
        self.execute(insert(table).values(**values))

    def add_execution(self, record: ExecutionRecord, labels: Iterable[str] = ()) -> None:
        stored = {
            name: getattr(record, name)
            for name in (column.name for column in tables.executions.columns)
            if name not in ("inputs", "outputs", "error", "context", "options", "archived_at", "generation")
        }
        self._insert(
            tables.executions,
            inputs=record.inputs_json,
            outputs=record.outputs_json,
            error=_text(record.error),
            context=json.dumps(record.context),
            options=json.dumps(record.options),
            **stored,
        )
        for label in labels:
            self._insert(tables.execution_labels, execution_id=record.id, label=label)

    def add_start(self, execution_id: str, row: StartRow) -> None:
        self._insert(
            tables.activation_starts,
            activation_id=row.activation_id,
            execution_id=execution_id,
            node_id=row.node_id,
            scope=row.scope,
            started_at=row.started_at,
            inputs=row.inputs_json,
        )

    def add_attempt(self, execution_id: str, row: AttemptRow) -> None:
        self._insert(
            tables.activation_attempts,
            activation_id=row.activation_id,
            attempt=row.attempt,
            execution_id=execution_id,
            failed_type=row.failed_type,
            due_at=row.due_at,
        )

    def add_metric(
        self, execution_id: str, activation_id: str, sequence: int, name: str, unit: str | None, value: float
    ) -> None:
        self._insert(
            tables.activation_metrics,
            execution_id=execution_id,
            activation_id=activation_id,
            sequence=sequence,
            name=name,
            unit=unit,
            value=value,
        )

    def add_outcome(self, execution_id: str, row: JournalRow) -> None:
        self._insert(
            tables.journal,
            execution_id=execution_id,
            seq=row.seq,
            epoch=row.epoch,
            activation_id=row.activation_id,
            node_id=row.node_id,
            scope=row.scope,
            attempt=row.attempt,
            status=row.status,
            ports=row.ports_json,
            error=_text(row.error),
            started_at=row.started_at,
            ended_at=row.ended_at,
        )

    def add_event(self, execution_id: str, event: StoredEvent) -> None:
        self._insert(tables.events, execution_id=execution_id, id=event.id, sequence=event.sequence, body=event.body)

    def forget_event(self, execution_id: str, event_id: str) -> None:
        self.execute(
            delete(tables.events).where(tables.events.c.execution_id == execution_id, tables.events.c.id == event_id)
        )

    def add_notice(self, notice: ProjectNotice) -> None:
        self._insert(
            tables.notices,
            id=notice.id,
            project_id=notice.project_id,
            type=notice.type,
            timestamp=notice.timestamp,
            flow_id=notice.flow_id,
            execution_id=notice.execution_id or "",
        )

    def add_seed(self, execution_id: str, body: str) -> None:
        self._insert(tables.seeds, execution_id=execution_id, body=body)

    def add_value(self, value: LargeValue) -> None:
        self._insert(tables.objects, ref=value.ref, execution_id=value.execution_id, bytes=value.bytes, key=value.key)

    def add_answer(self, project_id: str, request_id: str, method: str, answer: StoredAnswer) -> None:
        self._insert(
            tables.requests,
            project_id=project_id,
            request_id=request_id,
            method=method,
            fingerprint=answer.fingerprint,
            response=answer.response,
            error=answer.error,
            created_at=answer.created_at,
        )


def _text(error: Failure | None) -> str | None:
    return None if error is None else json.dumps(error.as_json(), ensure_ascii=False)


@asynccontextmanager
async def _sqlite_world(path: Path) -> AsyncIterator[SqlWorld]:
    migrate_file(CHAIN, path, 1_000)
    engine = create_engine(f"sqlite:///{path}")

    def execute(statement: Any) -> Any:
        with engine.begin() as connection:
            result = connection.execute(statement)
            return result.fetchall() if result.returns_rows else None

    async with open_sqlite(path) as database:
        yield SqlWorld(database, execute)
    engine.dispose()


@asynccontextmanager
async def _postgres_world(url: str) -> AsyncIterator[SqlWorld]:
    postgres = parse_postgres(url, "orchestrator", "test")
    async with open_postgres(postgres) as database:
        with open_filler(postgres) as filler:
            yield SqlWorld(database, filler.execute)


BACKENDS = ("memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.fixture(params=BACKENDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    match request.param:
        case "memory":
            yield MemoryWorld()
        case "sqlite":
            async with _sqlite_world(tmp_path / "orchestrator.sqlite3") as opened:
                yield opened
        case "postgres":
            async with _postgres_world(request.getfixturevalue("database_url")) as opened:
                yield opened


PROJECT = "00000000-0000-7000-8000-000000000001"
OTHER_PROJECT = "00000000-0000-7000-8000-000000000002"
FLOW = "01900000-0000-7000-8000-00000000f100"


@dataclass(frozen=True)
class Sample:
    """Makes valid records, so that a test says only what it is about."""

    project: str = PROJECT
    other_project: str = OTHER_PROJECT
    flow: str = FLOW

    def id(self, number: int) -> str:
        """Ids that rise with their number."""
        return f"01900000-0000-7000-8000-{number:012x}"

    def execution(self, number: int, **changes: Any) -> ExecutionRecord:
        record = ExecutionRecord(
            id=self.id(number),
            project_id=self.project,
            principal="local",
            flow_id=self.flow,
            flow_name="Nightly report",
            version="1",
            content_hash="abc",
            status="running",
            priority=1,
            inputs_json='{"n":1}',
            outputs_json="{}",
            error=None,
            context={},
            options={"async": True, "trace": False},
            rerun_of=None,
            trigger_node_id=None,
            epoch=1,
            created_at=1_000_000 + number,
        )
        changed = replace(record, **changes)
        return changed if changed.status in LIVE else replace(changed, ended_at=changed.ended_at or 9_000_000)

    def start(self, number: int, at: int, **changes: Any) -> StartRow:
        return replace(StartRow(self.id(number), self.id(0xA000 + number), "", at, None), **changes)

    def outcome(self, number: int, seq: int, at: int, **changes: Any) -> JournalRow:
        row = JournalRow(
            seq=seq,
            epoch=1,
            activation_id=self.id(number),
            node_id=self.id(0xA000 + number),
            scope="",
            attempt=1,
            status="succeeded",
            ports_json='{"out":1}',
            error=None,
            started_at=at,
            ended_at=at + 10,
        )
        return replace(row, **changes)

    def event(self, number: int, sequence: int, type: str = "log") -> StoredEvent:
        body = {"id": self.id(number), "type": type, "sequence": sequence}
        return StoredEvent(self.id(number), sequence, json.dumps(body))

    def notice(self, number: int, **changes: Any) -> ProjectNotice:
        notice = ProjectNotice(
            self.id(number), "execution.started", 1_000_000 + number, self.project, self.flow, self.id(1)
        )
        return replace(notice, **changes)


@pytest.fixture
def sample() -> Sample:
    return Sample()
