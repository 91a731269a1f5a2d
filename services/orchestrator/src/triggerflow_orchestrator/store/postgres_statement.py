"""Turn a group of units into the one statement that checks their fences and writes them. Pure; no I/O.

One statement is one round trip and a transaction by itself: a process that is stopped in the middle (SIGSTOP, a lost
network) never leaves a transaction open that holds rows, and what a dead process wrote is there wholly or not at all.
It locks the rows of all fenced runs in order of their ids, so that two journals, a claim and a reaper cannot wait for
each other in a circle; says of each unit whether its fence holds; and writes the rows of those that pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import orjson

from triggerflow_orchestrator.app.units import Fence, Kind, Unit

NOW_US: Final = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
"""The database's clock, by which leases and the queue count."""

MOST_UNITS: Final = 512
# Of events, which hold all that is large in a group: results below 64 KiB are in them.
_MOST_CHARACTERS: Final = 4_000_000

# By kind: table, columns with their types, and what follows the rows.
_INSERTS: Final[dict[Kind, tuple[str, str, str]]] = {
    Kind.EXECUTION: (
        "executions",
        "id text, project_id text, principal text, flow_id text, flow_name text, version text, content_hash text,"
        " status text, priority int4, inputs text, outputs text, error text, context text, options text, rerun_of text,"
        " trigger_node_id text, epoch int4, created_at int8, started_at int8, ended_at int8, deadline_at int8",
        "",
    ),
    Kind.LABEL: ("execution_labels", "execution_id text, label text", " ON CONFLICT DO NOTHING"),
    Kind.OBJECT: ("objects", "ref text, execution_id text, bytes int4, key text", ""),
    Kind.START: (
        "activation_starts",
        "activation_id text, execution_id text, node_id text, scope text, started_at int8, inputs text",
        "",
    ),
    Kind.ATTEMPT: (
        "activation_attempts",
        "activation_id text, attempt int4, execution_id text, failed_type text, due_at int8",
        "",
    ),
    Kind.JOURNAL: (
        "journal",
        "execution_id text, seq int4, epoch int4, activation_id text, node_id text, scope text, attempt int4,"
        " status text, ports text, error text, started_at int8, ended_at int8",
        "",
    ),
    Kind.EVENT: ("events", "execution_id text, id text, sequence int4, body text", ""),
    Kind.FAILURE_CALL: (
        "failure_calls",
        "execution_id text, kind text, project_id text, principal text, target text, look_at int8",
        "",
    ),
    Kind.INTERVENTION_TAKEN: ("interventions_taken", "execution_id text, id text", ""),
    Kind.CHANNEL_VALUE: (
        "channel_values",
        "id text, project_id text, channel text, value text, execution_id text, node_id text, published_at int8",
        "",
    ),
    Kind.METRIC: (
        "activation_metrics",
        "execution_id text, activation_id text, sequence int4, name text, unit text, value float8",
        "",
    ),
    Kind.REQUEST: (
        "requests",
        "project_id text, request_id text, method text, fingerprint text, response bytea, error bytea, created_at int8",
        "",
    ),
    Kind.FIRE: ("fires", "flow_id text, node_id text, request_id text, execution_id text, fired_at int8", ""),
    Kind.SEED: ("seeds", "execution_id text, body text", ""),
    Kind.WAIT: (
        "waits",
        "id text, execution_id text, project_id text, flow_id text, flow_name text, node_id text, node_name text,"
        " scope text, kind text, status text, form text, assignees text, input text, name text, key text, fails bool,"
        " created_at int8, due_at int8, applied bool",
        "",
    ),
}
_UPDATES: Final = frozenset({Kind.STATE, Kind.CANCEL, Kind.CLAIM, Kind.PARK})
_OVER_COLUMNS: Final = "u int4, answer text, settled_at int8, id text"
_OVER: Final = """\
over AS (
  UPDATE waits AS w SET applied = true, status = CASE WHEN w.status = 'open' THEN 'cancelled' ELSE w.status END,
    answer = coalesce(w.answer, r.answer), settled_at = coalesce(w.settled_at, r.settled_at)
  FROM {source} WHERE w.id = r.id AND {passes}
)"""

_VERDICT: Final = """\
WITH held AS MATERIALIZED (
  SELECT id, epoch FROM executions WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE
), epochs AS MATERIALIZED (
  SELECT coalesce(jsonb_object_agg(id, epoch), '{}') AS of FROM held
), verdict AS MATERIALIZED (
  SELECT array_agg(
    u.id IS NULL OR coalesce(((SELECT of FROM epochs) -> u.id)::int4 = u.epoch, false) ORDER BY u.n) AS ok
  FROM unnest($1::text[], $2::int4[]) WITH ORDINALITY AS u(id, epoch, n)
)"""
# A subscript instead of a join: whatever the planner thinks of unnest, each row costs one look into an array.
_PASSES: Final = "(SELECT ok FROM verdict)[r.u]"
# One row an execution: two updates of one row in one statement would lose one of them.
_CHANGE_COLUMNS: Final = (
    "u int4, id text, stated bool, status text, outputs text, error text, started_at int8, ended_at int8,"
    " deadline_at int8, epoch int4, cancel_requested_at int8, parked bool, wake_at int8"
)
_CHANGE: Final = """\
changed AS (
  UPDATE executions AS e SET
    status = CASE WHEN r.parked THEN 'waiting' WHEN r.stated THEN r.status ELSE e.status END,
    outputs = CASE WHEN r.stated THEN r.outputs ELSE e.outputs END,
    error = CASE WHEN r.stated THEN r.error ELSE e.error END,
    started_at = CASE WHEN r.stated THEN r.started_at ELSE e.started_at END,
    ended_at = CASE WHEN r.stated THEN r.ended_at ELSE e.ended_at END,
    deadline_at = CASE WHEN r.stated THEN r.deadline_at ELSE e.deadline_at END,
    epoch = coalesce(r.epoch, e.epoch),
    cancel_requested_at = coalesce(r.cancel_requested_at, e.cancel_requested_at),
    wake_at = CASE WHEN r.parked THEN r.wake_at WHEN NOT r.stated THEN e.wake_at END,
    owner = CASE WHEN r.ended_at IS NULL AND NOT r.parked THEN e.owner END,
    generation = CASE WHEN r.parked THEN greatest(e.generation, 2) ELSE e.generation END
  FROM {source} WHERE e.id = r.id AND {passes}
)"""
_OUTBOX_COLUMNS: Final = (
    "u int4, execution_id text, project_id text, flow_id text, first_id text, last_id text, notices text"
)
_OUTBOX: Final = """\
told AS (
  INSERT INTO outbox (execution_id, project_id, flow_id, first_id, last_id, notices, noticed)
  SELECT r.execution_id, coalesce(r.project_id, e.project_id), coalesce(r.flow_id, e.flow_id), r.first_id, r.last_id,
    r.notices, r.notices IS NULL
  FROM {source} LEFT JOIN executions AS e ON e.id = r.execution_id WHERE {passes} ORDER BY r.u
)"""


@dataclass(slots=True)
class _Change:
    """What becomes of one row of `executions`."""

    unit: int
    fence: Fence | None
    state: tuple[Any, ...] | None = None
    epoch: int | None = None
    cancel_requested_at: int | None = None
    parked: bool = False
    wake_at: int | None = None

    def row(self, execution_id: str) -> tuple[Any, ...]:
        status, outputs, error, started_at, ended_at, deadline_at, epoch, _ = self.state or (None,) * 8
        state = (status, outputs, error, started_at, ended_at, deadline_at)
        epoch = self.epoch if self.epoch is not None else epoch
        last = (epoch, self.cancel_requested_at, self.parked, self.wake_at)
        return (self.unit, execution_id, self.state is not None, *state, *last)


@dataclass(slots=True)
class Group:
    """Units that one transaction writes, and the statement that does."""

    units: list[Unit] = field(default_factory=list)
    sql: str = ""
    arguments: list[Any] = field(default_factory=list)
    tells: bool = False
    """Whether there is something for the relay in it."""

    _characters: int = 0
    _rows: dict[Kind, list[tuple[Any, ...]]] = field(default_factory=dict)
    _changes: dict[str, _Change] = field(default_factory=dict)
    _made: set[str] = field(default_factory=set)
    """Runs whose epoch this group itself makes: their fences cannot be checked by the same statement."""
    _begun: set[str] = field(default_factory=set)
    """Waits that this group itself inserts: the same statement cannot change them."""
    _over: list[tuple[Any, ...]] = field(default_factory=list)
    _outbox: list[tuple[Any, ...]] = field(default_factory=list)

    def _add(self, unit: Unit) -> bool:
        """False where the unit must wait for the next transaction: this one is full, or only just makes what the unit
        stands on."""
        if self._characters > _MOST_CHARACTERS:
            return False
        if unit.fence is not None and unit.fence.execution_id in self._made:
            return False
        updated = [row[-1] for kind, row in unit.rows if kind in _UPDATES]
        for execution_id in updated:
            known = self._changes.get(execution_id)
            if execution_id in self._made or (known is not None and known.fence != unit.fence):
                return False
        if any(kind is Kind.WAIT_OVER and row[-1] in self._begun for kind, row in unit.rows):
            return False
        self.units.append(unit)
        number = len(self.units)
        events: list[str] = []
        for kind, row in unit.rows:
            if kind in _UPDATES:
                self._change(number, unit.fence, kind, row)
                continue
            if kind is Kind.WAIT_OVER:
                self._over.append((number, *row))
                continue
            self._rows.setdefault(kind, []).append((number, *row))
            if kind is Kind.EVENT:
                events.append(row[1])
                self._characters += len(row[3])
            elif kind is Kind.EXECUTION:
                self._made.add(row[0])
            elif kind is Kind.WAIT:
                self._begun.add(row[0])
        if events or unit.notices:
            self._outbox.append(_outbox_row(number, unit, events))
        return True

    def _change(self, number: int, fence: Fence | None, kind: Kind, row: tuple[Any, ...]) -> None:
        change = self._changes.setdefault(row[-1], _Change(number, fence))
        if kind is Kind.STATE:
            change.state = row
        elif kind is Kind.CANCEL:
            change.cancel_requested_at = row[0]
        elif kind is Kind.PARK:
            change.parked, change.wake_at = True, row[0]
        else:
            change.epoch = row[0]
            self._made.add(row[-1])

    def _finish(self) -> None:
        fences = [unit.fence for unit in self.units]
        self.arguments = [
            [fence.execution_id if fence is not None else None for fence in fences],
            [fence.epoch if fence is not None else None for fence in fences],
        ]
        kinds = sorted(self._rows)
        for kind in kinds:
            self._pass(self._rows[kind])
        if self._changes:
            self._pass([change.row(execution_id) for execution_id, change in self._changes.items()])
        if self._over:
            self._pass(self._over)
        if self._outbox:
            self._pass(self._outbox)
            self.tells = True
        self.sql = _statement(tuple(kinds), bool(self._changes), bool(self._over), bool(self._outbox))

    def _pass(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self.arguments.extend(zip(*rows, strict=True))


def take_group(units: Sequence[Unit]) -> Group:
    """As many of the first of `units` as one transaction may write; at least one."""
    group = Group()
    for unit in units[:MOST_UNITS]:
        if not group._add(unit):
            break
    group._finish()
    return group


def _outbox_row(number: int, unit: Unit, events: list[str]) -> tuple[Any, ...]:
    first, last = (events[0], events[-1]) if events else (None, None)
    if unit.notices:
        told = unit.notices[0]
        notices = orjson.dumps([[notice.type, notice.timestamp] for notice in unit.notices]).decode()
        return (number, told.execution_id, told.project_id, told.flow_id, first, last, notices)
    for kind, row in unit.rows:
        if kind is Kind.EXECUTION:
            return (number, row[0], row[1], row[3], first, last, None)
    execution_id = next(row[0] for kind, row in unit.rows if kind is Kind.EVENT)
    return (number, execution_id, None, None, first, last, None)


@cache
def _statement(kinds: tuple[Kind, ...], changes: bool, over: bool, outbox: bool) -> str:
    """The statement for these kinds of rows. There are few combinations, and the driver prepares each once."""
    parts = [_VERDICT]
    last = 2
    for kind in kinds:
        table, columns, ending = _INSERTS[kind]
        names = [column.split()[0] for column in columns.split(",")]
        source, last = _source(f"u int4, {columns}", last)
        into, values = ", ".join(names), ", ".join(f"r.{name}" for name in names)
        if kind is Kind.EXECUTION:
            into, values = f"{into}, queued_at", f"{values}, {NOW_US}"
        parts.append(
            f"{table}_in AS (\n  INSERT INTO {table} ({into})\n  SELECT {values}\n  FROM {source}"
            f" WHERE {_PASSES}{ending}\n)"
        )
    if changes:
        source, last = _source(_CHANGE_COLUMNS, last)
        parts.append(_CHANGE.format(source=source, passes=_PASSES))
    if over:
        source, last = _source(_OVER_COLUMNS, last)
        parts.append(_OVER.format(source=source, passes=_PASSES))
    if outbox:
        source, last = _source(_OUTBOX_COLUMNS, last)
        parts.append(_OUTBOX.format(source=source, passes=_PASSES))
    return ", ".join(parts) + "\nSELECT ok FROM verdict"


def _source(columns: str, last: int) -> tuple[str, int]:
    """The rows of one table as they are passed, an array a column; and the number of the last argument."""
    pairs = [column.split() for column in columns.split(",")]
    arrays = ", ".join(f"${last + index}::{kind}[]" for index, (_, kind) in enumerate(pairs, 1))
    names = ", ".join(name for name, _ in pairs)
    return f"unnest({arrays}) AS r({names})", last + len(pairs)
