"""The one writer of the orchestrator's database: a thread with plain sqlite3 that commits in groups.

A commit takes whatever queued while the previous one ran, so no timer is needed. Each commit costs one
`call_soon_threadsafe`. A unit is written whole or not at all.
"""

from __future__ import annotations

import asyncio
import json
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import structlog
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.ids import next_uuid7

from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.lease import RequestTaken
from triggerflow_orchestrator.store.fences import Result, passing

log = structlog.get_logger(__name__)

_RETRY_SECONDS: Final = 0.25
_BUSY_SECONDS: Final = 2.0
_TELL_SECONDS: Final = 1.0
_STOP: Final = None

_SQL: Final = {
    Kind.EXECUTION: (
        "INSERT INTO executions (id, project_id, principal, flow_id, flow_name, version, content_hash, status,"
        " priority, inputs, outputs, error, context, options, rerun_of, trigger_node_id, epoch, created_at, started_at,"
        " ended_at, deadline_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    ),
    Kind.LABEL: "INSERT OR IGNORE INTO execution_labels (execution_id, label) VALUES (?,?)",
    Kind.OBJECT: "INSERT INTO objects (ref, execution_id, bytes, key) VALUES (?,?,?,?)",
    Kind.START: (
        "INSERT INTO activation_starts (activation_id, execution_id, node_id, scope, started_at, inputs)"
        " VALUES (?,?,?,?,?,?)"
    ),
    Kind.ATTEMPT: (
        "INSERT INTO activation_attempts (activation_id, attempt, execution_id, failed_type, due_at) VALUES (?,?,?,?,?)"
    ),
    Kind.JOURNAL: (
        "INSERT INTO journal (execution_id, seq, epoch, activation_id, node_id, scope, attempt, status, ports, error,"
        " started_at, ended_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
    ),
    Kind.EVENT: "INSERT INTO events (execution_id, id, sequence, body) VALUES (?,?,?,?)",
    Kind.STATE: (
        "UPDATE executions SET status=?1, outputs=?2, error=?3, started_at=?4, ended_at=?5, deadline_at=?6, epoch=?7,"
        " wake_at=NULL,"
        " owner=CASE WHEN ?5 IS NULL THEN owner END WHERE id=?8"
    ),
    Kind.CANCEL: "UPDATE executions SET cancel_requested_at=? WHERE id=?",
    Kind.REQUEST: (
        "INSERT OR IGNORE INTO requests (project_id, request_id, method, fingerprint, response, error, created_at)"
        " VALUES (?,?,?,?,?,?,?)"
    ),
    Kind.CLAIM: "UPDATE executions SET epoch=? WHERE id=?",
    Kind.FOLLOWED: "UPDATE followed SET position=? WHERE name=?",
    Kind.FAILURE_CALL: (
        "INSERT INTO failure_calls (execution_id, kind, project_id, principal, target, look_at, attempt)"
        " VALUES (?,?,?,?,?,?,0)"
    ),
    Kind.INTERVENTION_TAKEN: "INSERT INTO interventions_taken (execution_id, id) VALUES (?,?)",
    Kind.CHANNEL_VALUE: (
        "INSERT INTO channel_values (id, project_id, channel, value, execution_id, node_id, published_at)"
        " VALUES (?,?,?,?,?,?,?)"
    ),
    Kind.METRIC: (
        "INSERT INTO activation_metrics (execution_id, activation_id, sequence, name, unit, value) VALUES (?,?,?,?,?,?)"
    ),
    Kind.FIRE: "INSERT INTO fires (flow_id, node_id, request_id, execution_id, fired_at) VALUES (?,?,?,?,?)",
    Kind.SEED: "INSERT INTO seeds (execution_id, body) VALUES (?,?)",
    Kind.WAIT: (
        "INSERT INTO waits (id, execution_id, project_id, flow_id, flow_name, node_id, node_name, scope, kind, status,"
        " form, assignees, input, name, key, fails, created_at, due_at, applied)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    ),
    # SQLite, as the standard has it, reads the row as it was before.
    Kind.WAIT_OVER: (
        "UPDATE waits SET applied=1, status=CASE WHEN status='open' THEN 'cancelled' ELSE status END,"
        " answer=coalesce(answer, ?), settled_at=coalesce(settled_at, ?) WHERE id=?"
    ),
    Kind.PARK: "UPDATE executions SET status='waiting', wake_at=? WHERE id=? AND ended_at IS NULL",
}
_EPOCHS: Final = "SELECT id, epoch FROM executions WHERE id IN (SELECT value FROM json_each(?))"
_NOTICE: Final = "INSERT INTO notices (id, project_id, type, timestamp, flow_id, execution_id) VALUES (?,?,?,?,?,?)"


class Objects(Protocol):
    """Where the writer puts large values before the rows that name them."""

    def put_now(self, ref: str, text: bytes) -> str:
        """Store durably, and return the key to find it by. Called on the writer's thread."""


class SqliteJournal:
    """Accepts units on the loop; writes them on a thread of its own."""

    def __init__(self, path: Path, objects: Objects, loop: asyncio.AbstractEventLoop) -> None:
        self._path = path
        self._objects = objects
        self._loop = loop
        self._queue: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._opened: asyncio.Future[None] = loop.create_future()
        self._last_notice: str | None = None
        self._closing = False
        self._last_told = -_TELL_SECONDS
        self.commits = 0

    async def open(self) -> None:
        """Open the database on the writer's thread. Raises Unavailable where that fails."""
        self._thread.start()
        await self._opened

    async def close(self) -> None:
        """Write what was submitted, then end the thread."""
        self._closing = True
        self._queue.put(_STOP)
        await asyncio.to_thread(self._thread.join)

    def submit(self, unit: Unit) -> None:
        """Queue a unit. Never blocks."""
        self._queue.put(unit)

    # The thread.

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=_BUSY_SECONDS)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        row = connection.execute("SELECT id FROM notices ORDER BY position DESC LIMIT 1").fetchone()
        self._last_notice = row[0] if row else None
        return connection

    def _run(self) -> None:
        try:
            connection = self._connect()
        except sqlite3.Error as error:
            self._tell(_fail_future, self._opened, Unavailable(f"the database cannot be opened: {error}"))
            return
        self._tell(_resolve_future, self._opened, None)
        waiting: list[Unit] = []
        try:
            while True:
                stop = self._collect(waiting)
                if waiting:
                    waiting = self._write(connection, waiting)
                if stop and (not waiting or self._closing):
                    return
        finally:
            connection.close()

    def _collect(self, waiting: list[Unit]) -> bool:
        """Take all that queued. Blocks while there is nothing to do; a unit to try again waits a moment."""
        stop = False
        try:
            item = self._queue.get(timeout=_RETRY_SECONDS) if waiting else self._queue.get()
            while True:
                if item is _STOP:
                    stop = True
                else:
                    waiting.append(item)
                item = self._queue.get_nowait()
        except queue.Empty:
            return stop

    def _write(self, connection: sqlite3.Connection, units: list[Unit]) -> list[Unit]:
        """Commit all in one transaction; where that fails, one by one. Returns what is to be tried again."""
        try:
            results = self._commit(connection, units)
        except Exception as error:  # whatever one unit holds, the writer must live for the others
            if len(units) == 1:
                return self._after_failure(units[0], error)
            again: list[Unit] = []
            for index, unit in enumerate(units):
                if again and not unit.may_fail:
                    again.extend(units[index:])  # keeps the order of a run's units
                    break
                again.extend(self._write(connection, [unit]))
            return again
        self._tell(_run_done, results)
        return []

    def _after_failure(self, unit: Unit, error: Exception) -> list[Unit]:
        if isinstance(error, sqlite3.IntegrityError) and "fires." in str(error):
            fired = next((row[2] for kind, row in unit.rows if kind is Kind.FIRE), "")
            self._tell(_run_done, [(unit, RequestTaken(fired))])
            return []
        lasting = isinstance(error, sqlite3.OperationalError | OSError)
        now = time.monotonic()
        if now - self._last_told >= _TELL_SECONDS:
            self._last_told = now
            log.error("journal_write_failed", error=str(error), will_retry=lasting and not unit.may_fail)
        if unit.may_fail or not lasting:
            self._tell(_run_done, [(unit, Unavailable(f"the database did not take the change: {error}"))])
            return []
        return [unit]

    def _commit(self, connection: sqlite3.Connection, units: Sequence[Unit]) -> list[Result]:
        for unit in units:
            for ref, text in unit.objects:
                # Before the row that names it: a value without a row is litter, a row without a value a loss.
                self._objects.put_now(ref, text)
        connection.execute("BEGIN IMMEDIATE")
        try:
            results = _fenced(connection, units)
            last = self._insert(connection, [unit for unit, error in results if error is None])
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._last_notice = last
        self.commits += 1
        return results

    def _insert(self, connection: sqlite3.Connection, units: Sequence[Unit]) -> str | None:
        by_kind: dict[Kind, list[tuple[Any, ...]]] = {}
        for unit in units:
            for kind, row in unit.rows:
                rows = by_kind.get(kind)
                if rows is None:
                    by_kind[kind] = [row]
                else:
                    rows.append(row)
        for kind in sorted(by_kind):
            connection.executemany(_SQL[kind], by_kind[kind])
        notices = [notice for unit in units for notice in unit.notices]
        last = self._last_notice
        for notice in notices:
            last = notice.id = next_uuid7(last)
        if notices:
            connection.executemany(
                _NOTICE,
                [(n.id, n.project_id, n.type, n.timestamp, n.flow_id, n.execution_id) for n in notices],
            )
        return last

    def _tell(self, call: Callable[..., None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the loop is gone: what is written is written, recovery reads it
            time.sleep(0)


def _fenced(connection: sqlite3.Connection, units: Sequence[Unit]) -> list[Result]:
    """Which units may pass. One statement, whatever the number of runs."""
    ids = {unit.fence.execution_id for unit in units if unit.fence is not None}
    if not ids:
        return [(unit, None) for unit in units]
    epochs: dict[str, int] = dict(connection.execute(_EPOCHS, (json.dumps([*ids]),)))
    return list(passing(units, epochs))


def _run_done(results: list[Result]) -> None:
    for unit, error in results:
        try:
            unit.done(error)
        except Exception:
            log.exception("journal_callback_failed")


def _resolve_future(future: asyncio.Future[None], value: None) -> None:
    if not future.done():
        future.set_result(value)


def _fail_future(future: asyncio.Future[None], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
