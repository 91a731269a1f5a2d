"""The one writer of a process to the orchestrator's PostgreSQL: commits in groups, on the loop, over one connection.

A commit takes whatever queued while the previous one ran, and under load a few milliseconds more: a commit costs nearly
the same for few units as for many. Each is one statement (`postgres_statement`); its units are told in the order of
submission, and while their callbacks run the next commit is under way. Large values were put before
(`app.values_first`): this journal writes rows only. Notices are given their ids later, by the relay.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import Final

import asyncpg
import structlog
from triggerflow_chassis.errors import Internal, Unavailable
from triggerflow_chassis.postgres.address import Postgres
from triggerflow_chassis.postgres.faults import DRIVER_ERRORS, as_unavailable
from triggerflow_chassis.postgres.pulse import Pulse

from triggerflow_orchestrator.app.durable import Durable
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.lease import LeaseLost, RequestTaken
from triggerflow_orchestrator.store.fences import Result
from triggerflow_orchestrator.store.outbox_waker import OutboxWaker
from triggerflow_orchestrator.store.postgres_session import Session, open_session
from triggerflow_orchestrator.store.postgres_statement import MOST_UNITS, Group, take_group

log = structlog.get_logger(__name__)

# A group of that many shows that more will follow at once. Alone, a run is never held up.
_BUSY_UNITS: Final = 4
_GATHER_SECONDS: Final = 0.003
_FIRST_WAIT_SECONDS: Final = 0.1
_LONGEST_WAIT_SECONDS: Final = 2.0
_TELL_SECONDS: Final = 1.0
_LAST_SECONDS: Final = 2.0
# Classes of SQLSTATE: what one unit's rows are to blame for, and what may go well at once when it is tried again.
# Everything else is the server's trouble, and may pass: a full disk, a table that is locked, a right that is missing.
_AT_FAULT: Final = ("21", "22", "23", "54")
_AGAIN_AT_ONCE: Final = ("40",)
_MOST_AT_ONCE: Final = 5


class PostgresJournal:
    """Accepts units and writes them, each whole or not at all. Used on the loop only."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._waiting: deque[Unit] = deque()
        self._unknown: list[Unit] = []
        """The first of `_waiting`, where a connection died under their commit and nobody asked yet."""
        self._wanted = asyncio.Event()
        self._session: Session | None = None
        self._dead: Session | None = None
        self._most = MOST_UNITS
        self._last = 0
        """How many units the last commit had."""
        self._at_once = 0
        self._wait = _FIRST_WAIT_SECONDS
        self._last_told = -_TELL_SECONDS
        self._waker = OutboxWaker(postgres)
        self._pulse = Pulse(postgres)
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        self.commits = 0

    async def open(self) -> None:
        """Connect and begin to write. Raises Unavailable."""
        try:
            self._session = await open_session(self._postgres)
        except DRIVER_ERRORS as error:
            raise as_unavailable(error, self._postgres) or Unavailable(str(error)) from error
        self._tasks = [
            asyncio.create_task(self._run(), name="journal"),
            asyncio.create_task(self._waker.run(), name="outbox-waker"),
            asyncio.create_task(self._pulse.run(), name="journal-pulse"),
        ]

    @property
    def connected(self) -> bool:
        """Whether the database answered last."""
        return self._session is not None and not self._session.closed

    async def flush(self) -> None:
        """Return once all that was submitted until now is told."""
        durable = Durable()
        self.submit(Unit(done=durable.told))
        with suppress(Unavailable):
            await durable.wait()

    async def close(self) -> None:
        """Write what was submitted, but do not wait for a database that is away; what is left is told Unavailable."""
        if self._tasks:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_SECONDS):
                    await self.flush()
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            with suppress(*DRIVER_ERRORS):
                await self._session.close()
        left, self._waiting = list(self._waiting), deque()
        if left:
            log.warning("units_not_written", units=len(left), unknown=len(self._unknown))
        _tell([(unit, Unavailable("The process stopped before the database took the change.")) for unit in left])

    def submit(self, unit: Unit) -> None:
        """Queue a unit, its large values put before. Never blocks."""
        if unit.objects:
            # Its rows would name what is not there.
            self._later([(unit, Internal("A unit came to the journal before its large values were kept."))])
            return
        if self._closed:
            self._later([(unit, Unavailable("The process is stopping."))])
            return
        if unit.may_fail and self._pulse.hangs:
            self._later([(unit, self._hung())])
            return
        self._waiting.append(unit)
        self._wanted.set()

    # The writer.

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._waiting:
                try:
                    if self._last >= _BUSY_UNITS and len(self._waiting) < self._most:
                        await asyncio.sleep(_GATHER_SECONDS)
                    await self._step()
                except Exception:  # a defect of ours: the writer must live all the same
                    log.exception("journal_step_failed")
                    await self._rest()

    async def _step(self) -> None:
        session = self._session
        if session is None or session.closed:
            session = await self._connect()
            if session is None or not self._waiting:
                return
        units = list(islice(self._waiting, self._most))
        try:
            group = take_group(units)
            units = group.units
            self._pulse.began(session, session.connection)
            try:
                passed = await session.write(group)
            finally:
                self._pulse.ended(session)
        except Exception as error:  # whatever one unit holds, the writer must live for the others
            await self._failed(session, units, error)
        else:
            self._passed(group, passed)

    def _passed(self, group: Group, passed: Iterable[bool]) -> None:
        self.commits += 1
        self._last = len(group.units)
        self._at_once = 0
        # After a group was halved because of one unit: the others need not stay in small groups.
        self._most = min(self._most * 2, MOST_UNITS)
        self._wait = _FIRST_WAIT_SECONDS
        results: list[Result] = []
        for unit, ok in zip(group.units, passed, strict=True):
            self._waiting.popleft()
            results.append((unit, None if ok else LeaseLost(unit.fence.execution_id if unit.fence else "")))
        if group.tells:
            self._waker.wake()
        self._later(results)

    async def _failed(self, session: Session, units: list[Unit], error: Exception) -> None:
        if _outcome_is_unknown(session, error):
            self._unknown = units
            self._forget_session(session)
            self._note("journal_connection_lost", error)
            if self._pulse.hangs:
                self._tell_those_unknown()
                self._refuse_those_that_may_fail(TimeoutError("it takes connections and says nothing"))
            return
        state = str(getattr(error, "sqlstate", None) or "")
        if state.startswith(_AGAIN_AT_ONCE) and self._at_once < _MOST_AT_ONCE:
            self._at_once += 1
        elif isinstance(error, asyncpg.PostgresError) and not state.startswith(_AT_FAULT):
            self._note("journal_write_failed", error)
            self._refuse_those_that_may_fail(error)
            await self._rest()
        elif len(units) > 1:
            # Nothing was kept of all of them because of one: narrow down to it, in order.
            self._most = len(units) // 2
        else:
            self._most = MOST_UNITS
            self._waiting.popleft()
            self._later([(units[0], self._refusal(units[0], error))])

    def _refusal(self, unit: Unit, error: Exception) -> Exception:
        if isinstance(error, asyncpg.UniqueViolationError) and error.table_name == "requests":
            return RequestTaken(next((row[1] for kind, row in unit.rows if kind is Kind.REQUEST), ""))
        if isinstance(error, asyncpg.UniqueViolationError) and error.table_name == "fires":
            return RequestTaken(next((row[2] for kind, row in unit.rows if kind is Kind.FIRE), ""))
        self._note("unit_refused", error)
        return Unavailable(f"The database did not take the change: {_words(error)}.")

    # The connection.

    async def _connect(self) -> Session | None:
        """A session, and nothing that is unknown any more; None where that failed, after a rest."""
        if self._session is not None:
            self._forget_session(self._session)
        try:
            session = await open_session(self._postgres)
            try:
                await self._find_out(session)
            except BaseException:
                session.abandon()
                raise
        except (*DRIVER_ERRORS, Unavailable) as error:
            self._note("journal_not_connected", error)
            self._refuse_those_that_may_fail(error)
            await self._rest()
            return None
        log.info("journal_connected", place=self._postgres.place)
        self._session = session
        return session

    def _forget_session(self, session: Session) -> None:
        session.abandon()
        # The first that died is the one whose commit is unknown; those after it wrote nothing.
        self._dead = self._dead or session
        self._session = None

    async def _find_out(self, session: Session) -> None:
        if self._dead is None:
            return
        await session.end(self._dead)
        written = [await session.is_written(unit) for unit in self._unknown]
        self._dead = None
        unknown, self._unknown = self._unknown, []
        if not unknown:
            return
        log.info("journal_outcome_found", units=len(unknown), written=sum(written))
        later = list(self._waiting)[len(unknown) :]
        again: list[Unit] = []
        results: list[Result] = []
        for unit, there in zip(unknown, written, strict=True):
            if there:
                results.append((unit, None))
            elif unit.may_fail:
                results.append((unit, Unavailable("The database was away before it took the change. Try again.")))
            else:
                again.append(unit)
        self._waiting = deque([*again, *later])
        self._waker.wake()
        self._later(results)

    def _refuse_those_that_may_fail(self, error: Exception) -> None:
        """Whoever waits for an answer gets one now. What may have been written already waits to be found out."""
        known = len(self._unknown)
        refused = [unit for unit in islice(self._waiting, known, None) if unit.may_fail]
        if not refused:
            return
        self._waiting = deque(unit for index, unit in enumerate(self._waiting) if index < known or not unit.may_fail)
        told = as_unavailable(error, self._postgres) or Unavailable(
            f"The database did not take the change: {_words(error)}."
        )
        self._later([(unit, told) for unit in refused])

    def _tell_those_unknown(self) -> None:
        """Whoever may be told a failure need not wait until it is found out: his request id makes asking again safe."""
        for unit in self._unknown:
            if unit.may_fail:
                told, unit.done = unit.done, _already_told
                told(self._hung("It may have taken this: ask again under the same request id or Idempotency-Key."))

    def _hung(self, more: str = "Try again once it runs.") -> Unavailable:
        return Unavailable(f"PostgreSQL at {self._postgres.place} takes connections and says nothing. {more}")

    async def _rest(self) -> None:
        await asyncio.sleep(self._wait * random.uniform(0.8, 1.2))
        self._wait = min(self._wait * 2, _LONGEST_WAIT_SECONDS)

    def _note(self, event: str, error: Exception) -> None:
        now = time.monotonic()
        if now - self._last_told >= _TELL_SECONDS:
            self._last_told = now
            log.error(event, error=_words(error), waiting=len(self._waiting))

    def _later(self, results: list[Result]) -> None:
        """Tell after this step: the next commit is under way by then. In a clean context, as from a thread."""
        if results:
            asyncio.get_running_loop().call_soon(_tell, results, context=contextvars.Context())


def _outcome_is_unknown(session: Session, error: Exception) -> bool:
    # asyncpg is confused by a connection that the server ended between two statements, before it hears of the end.
    if session.closed or isinstance(error, OSError | asyncpg.InternalClientError):
        return True
    if isinstance(error, asyncpg.PostgresError):
        # Heard before the connection went: the server ends it, and does not say whether before or after the commit.
        severity = getattr(error, "severity_en", None) or getattr(error, "severity", None)
        return severity in ("FATAL", "PANIC") or str(error.sqlstate or "").startswith(("08", "57P"))
    return False


def _already_told(error: BaseException | None) -> None:
    """He has his answer."""


def _words(error: BaseException) -> str:
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__


def _tell(results: list[Result]) -> None:
    for unit, error in results:
        try:
            unit.done(error)
        except Exception:
            log.exception("journal_callback_failed")
