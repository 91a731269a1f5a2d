"""What the orchestrator needs from the outside. Every implementation of a port passes its contract suite.

Reads raise nothing of their own: a database that cannot answer raises `Unavailable`. Whoever asks names the project;
what belongs to another project does not exist for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from triggerflow_orchestrator.domain.archive import ToArchive
from triggerflow_orchestrator.domain.execution import (
    ActivationRecord,
    BlueprintVersion,
    ExecutionRecord,
    ExecutionStatus,
    FlowEvent,
    LargeValue,
    MetricTotal,
    ProjectNotice,
    Remembered,
    StoredEvent,
)
from triggerflow_orchestrator.domain.intervention import Intervention
from triggerflow_orchestrator.domain.lease import Asked, Command, Load, Queued
from triggerflow_orchestrator.domain.plan import Plan
from triggerflow_orchestrator.domain.wait import WaitRecord, WaitStatus


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions: every condition given must hold. Empty and None hold for all."""

    flow_id: str | None = None
    statuses: frozenset[ExecutionStatus] = frozenset()
    """Any of these."""
    labels: frozenset[str] = frozenset()
    """All of these, those that came from the flow's settings included."""
    from_us: int | None = None
    """Inclusive, on `created_at`."""
    to_us: int | None = None
    """Exclusive, on `created_at`."""
    query: str = ""
    """Part of the error message, a label, the id or the flow's name, without case. Nothing in it is a wildcard."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the time and id of its last item."""

    at_us: int
    id: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events after a cursor, in order."""

    events: tuple[StoredEvent, ...]
    ended: bool
    """Whether the last event here, or before the cursor where there is none here, ended the execution."""
    expired: bool
    """Whether events between the cursor and the first one here are gone: retention took them."""


@dataclass(frozen=True, slots=True)
class NoticePage:
    """Notices after a cursor, in order."""

    notices: tuple[ProjectNotice, ...]
    expired: bool
    """Whether notices above the cursor are gone: retention took them."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first answer to a request id: exactly one of `response` and `error` is there."""

    fingerprint: str
    response: bytes | None
    error: bytes | None
    created_at: int


class RequestRow(NamedTuple):
    """The first answer to a request id, as it is stored."""

    project_id: str
    request_id: str
    method: str
    fingerprint: str
    response: bytes | None
    error: bytes | None
    created_at: int


@dataclass(frozen=True, slots=True)
class WaitFilter:
    """Which waits: every condition given must hold."""

    status: WaitStatus | None = None
    flow_id: str | None = None
    execution_id: str | None = None
    assignee: str = ""
    """Those that name it, and those that name nobody."""


@dataclass(frozen=True, slots=True)
class WaitAnswer:
    """An answer as it is stored: `{decision?, data?, by, at}`, data as shown."""

    json: str
    at_us: int
    render: Callable[[int], bytes] = lambda _: b""
    """The stored answer to a signal, given how many it answered."""


class LargeValueRow(NamedTuple):
    """A large value that is in the object store already."""

    ref: str
    bytes: int
    key: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of an answer: the wait as it is for ever, with this answer where it `won`."""

    wait: WaitRecord
    owner: str | None
    """The worker that has the run, where one has it."""
    won: bool


class Firing(NamedTuple):
    """A wait that was settled, and the worker that has its run, where one has it."""

    wait: WaitRecord
    owner: str | None


class Waits(Protocol):
    """What runs wait for. Settling is decided by the database: of any number of answers to a wait one wins, and so of
    any number of processes that fire what is due. Every method raises Unavailable where the database does not answer;
    an answer whose outcome is unknown is asked for again under the same request id."""

    async def one(self, project_id: str, wait_id: str) -> WaitRecord | None:
        """The wait, or None."""

    async def page(self, project_id: str, where: WaitFilter, after: Position | None, limit: int) -> list[WaitRecord]:
        """Up to `limit` by falling (created_at, id), strictly below `after`."""

    async def to_apply(self, owner: str | None) -> list[WaitRecord]:
        """Settled waits that their runs have not taken up, of the runs this worker has (None: that no worker has) and
        that did not leave their process, in the order they were settled. Few: taking up is quick."""

    async def answer(
        self, wait_id: str, answer: WaitAnswer, values: Sequence[LargeValueRow], request: RequestRow | None
    ) -> Decided:
        """Answer a wait that is there, with the answer to the request in one transaction where it wins; else nothing
        is written. Raises RequestTaken where the request id has an answer."""

    async def signal(
        self, project_id: str, name: str, key: str, answer: WaitAnswer, request: RequestRow | None
    ) -> list[Firing]:
        """Answer every open event of this name and key, none of which may be; the request is kept either way, its
        response made by `answer.render`. Raises RequestTaken."""

    async def fire_due(self, limit: int) -> list[Firing]:
        """Settle, as expired and without an answer, up to `limit` open waits whose time has come. Those somebody else
        is firing are passed over."""

    async def wake(self, limit: int, *, claim: bool) -> list[ExecutionRecord]:
        """Take up to `limit` runs of status `waiting` that have an answer to take up, or whose time has come, out of
        their wait: running, queued now. With `claim`, which is local mode's, their epoch is raised: they are the
        caller's. By (priority, created_at, id)."""

    async def claim(self, execution_id: str) -> ExecutionRecord | None:
        """Take this run out of its wait whatever it waits for, its epoch raised: it is the caller's. None where it is
        not of status `waiting`. Local mode."""

    async def next_due_in(self) -> float | None:
        """Seconds until something is due by the clock, 0 where something is; None where nothing ever is."""


class Reads(Protocol):
    """Everything that is read of executions. One call sees one state of the database."""

    async def execution(self, project_id: str, execution_id: str) -> ExecutionRecord | None:
        """The execution, or None."""

    async def executions(
        self, project_id: str, where: ExecutionFilter, after: Position | None, limit: int
    ) -> list[ExecutionRecord]:
        """Up to `limit` by falling (created_at, id), strictly below `after`."""

    async def ended(self, execution_ids: Collection[str]) -> frozenset[str]:
        """Those of these, of any project, that have ended."""

    async def activations(
        self, project_id: str, execution_id: str, after: Position | None, limit: int
    ) -> list[ActivationRecord] | None:
        """Up to `limit` by rising (started_at, id), strictly above `after`. None where there is no such execution.

        The start of an activation never changes, so that one that is there throughout appears once.
        """

    async def metrics(self, execution_id: str) -> list[MetricTotal]:
        """What the handlers of an execution of any project told, added up, by name."""

    async def metrics_by_activation(self, execution_id: str) -> Mapping[str, tuple[MetricTotal, ...]]:
        """The same for each activation that told any."""

    async def events(self, project_id: str, execution_id: str, after: str, limit: int) -> EventPage | None:
        """Up to `limit` by rising id, strictly above `after` ("" is below all). None where there is no execution."""

    async def notices(self, project_id: str, after: str, limit: int, *, flows: bool) -> NoticePage:
        """Up to `limit` by rising id, strictly above `after` ("" is below all); those of flows only where asked for.
        Once one is seen, none appears below it."""

    async def newest_notice(self, project_id: str) -> str:
        """The id of the last notice there is; empty where there is none."""

    async def followed_to(self, name: str) -> str:
        """How far a log was followed: the id of the last entry taken, empty before the first."""

    async def large_value(self, project_id: str, ref: str) -> LargeValue | None:
        """Where a large value is kept, or None; it is as visible as its execution."""

    async def answer(self, project_id: str, request_id: str, method: str) -> StoredAnswer | None:
        """What was answered to a request id before, however long ago, or None."""

    async def seed(self, execution_id: str) -> str | None:
        """What an execution of any project takes over from another (`domain.seed`), or None. For recovery only."""

    async def live(self) -> list[ExecutionRecord]:
        """All that have not ended and do not wait outside of a process, of every project, by rising (priority,
        created_at, id). For recovery only."""

    async def remembered(self, execution_id: str, plan: Plan | None = None) -> Remembered | None:
        """All that is known of an execution of any project, or None; with its `plan`, at least what is needed to go on
        with it. For recovery only."""


class RecoverySources(Protocol):
    """What is read beside the journal, to go on with a run or to end it unrun."""

    async def values(self, refs: Collection[str]) -> Mapping[str, bytes]:
        """Each reference's compact JSON. Raises Unavailable where one cannot be read."""

    async def lost(self, refs: Collection[str]) -> frozenset[str]:
        """Those of these that are not there any more. Raises Unavailable where the store does not answer."""

    async def custom_counts(self, execution_id: str, activation_ids: Collection[str]) -> Mapping[str, int]:
        """How many custom outputs each activation has sent."""

    async def interventions(self, execution_id: str) -> Sequence[tuple[Intervention, bool]]:
        """What was added to a run, in order, and of each whether the run took it."""

    async def printed_counts(
        self, execution_id: str, activation_ids: Collection[str]
    ) -> Mapping[str, Mapping[str, int]]:
        """How many rows of "stdout" and of "stderr" each activation has sent; those that sent none are not in it."""


class Pruning(Protocol):
    """Forgets what need not be kept. Deletes in small steps, so that the one writer never waits long."""

    async def forget_answers(self, before_us: int) -> int:
        """Delete answers made before; say how many."""

    async def forget_notices(self, before_us: int) -> int:
        """Delete notices told before; say how many. Whoever asks from a cursor below one of them is told so."""

    async def forget_executions(self, before_us: int) -> int:
        """Delete executions that ended before, with all that belongs to them, large values included; say how many.
        Where executions are archived, those that are not yet stay, and the values of the others.
        Nobody sees half of one. One that was half forgotten when the process ended is the next to go."""


class Objects(Protocol):
    """Where large values are kept: compact JSON, never changed once put.

    All methods raise Unavailable where the store does not answer, with what to look at in its detail; trying again
    is safe.
    """

    async def put(self, ref: str, text: bytes) -> str:
        """Store durably, and return the key to find it by, which is the ref.

        Nothing that is there is ever overwritten: a ref put again, by whomever, keeps its first text. Raises
        ValueError where `ref` is none.
        """

    async def get(self, key: str, offset: int, limit: int) -> bytes | None:
        """A piece, shorter than `limit` only at the end, and empty past it. None where there is none of this key."""

    async def remove(self, key: str) -> None:
        """Forget a value. There need be none of this key."""


class Archiving(Protocol):
    """Which executions ended and are not archived. Raises Unavailable."""

    async def to_archive(self, before_us: int, without: Collection[str], limit: int) -> list[ToArchive]:
        """Up to `limit` that ended at or before, of every project, those that ended first first, none of `without`."""

    async def note_archived(self, execution_ids: Sequence[str], at_us: int) -> None:
        """From now on they are archived: they may be forgotten. Again is the same."""


class Archives(Protocol):
    """Where archives are kept. Raises Unavailable."""

    async def create(self, key: str, content: bytes) -> bool:
        """Store durably. False where there is one of this key: it stays as it is."""

    async def get(self, key: str) -> bytes | None:
        """The archive, whole; None where there is none."""


class Blueprints(Protocol):
    """Published versions, by the registry."""

    async def get_version(self, flow_id: str, version: str | None, project_id: str) -> BlueprintVersion:
        """That version, or with None the one a run takes by default.

        Raises Invalid at /flowId for an unknown flow, Invalid at /blueprintVersion for an unknown version, NoVersion.
        A caller that heard of a change (`flow-events` on the bus) never gets what was before it.
        """


class Journal(Protocol):
    """The one writer of a process."""

    def submit(self, unit: Any) -> None:
        """Queue a unit (`app.units.Unit`), which is written whole or not at all and told on the loop. Never blocks.

        Units are written and told in the order submitted; where one must wait (its large values cannot be put), units
        of other runs may pass it, those of its own run never.
        """


class Leases(Protocol):
    """Who runs what, in the mesh. All times are by the database's clock. Every method raises Unavailable where the
    database does not answer; whether it did what it was asked is then unknown, and asking again is safe.

    A worker's lease is its row: it lasts until `lease_until`, `beat` renews it, and with it go all runs it owns.
    Handing a run over always raises its epoch, so a run is driven by one worker at a time as far as the journal goes.
    """

    async def join(self, worker_id: str, name: str, most: int) -> None:
        """Take a lease. The id is new each time (UUIDv7): a lease that was lost never comes back."""

    async def beat(self, worker_id: str, live: int, strays: int = 0) -> bool:
        """Renew the lease. False: it is gone, and with it every run; drop them all, and join under a new id.

        A lease that lapsed and that no reaper came by is renewed: nobody has its runs yet.
        """

    async def claim(self, worker_id: str, execution_ids: Sequence[str]) -> list[ExecutionRecord]:
        """Take those of these that nobody holds and that have not ended: owner, epoch + 1. None of them where the
        lease is gone. The records have the new epoch, by rising (priority, queued_at). A record with
        `cancel_requested_at` may have a command waiting: read `Commands.of_worker` before it begins."""

    async def claim_waiting(
        self, worker_id: str, limit: int, waited_seconds: float, weights: Mapping[int, int]
    ) -> list[ExecutionRecord]:
        """Take up to `limit` runs that nobody holds and that were queued at least that long ago. Rows somebody else
        is claiming are passed over, not waited for.

        `weights` by priority, e.g. {0: 6, 1: 3, 2: 1}: of ten taken, six are high, three normal, one low, while all
        wait; what one priority does not fill goes to the others. Within a priority the oldest goes first.
        """

    async def owned(self, worker_id: str) -> list[str]:
        """What it holds and has not ended, as the database has it: for a worker whose claim was not answered."""

    async def give_back(self, worker_id: str, execution_ids: Sequence[str]) -> list[Queued]:
        """Let go of those of these it owns: no owner, epoch + 1, queued now. Those given back; kick them."""

    async def leave(self, worker_id: str) -> list[Queued]:
        """Let go of all it owns, and of the lease. Those let go; kick them."""

    async def reap(self) -> list[Queued]:
        """Delete the rows of workers whose lease lapsed, and queue their runs: no owner, epoch + 1, queued now; kick
        them. Any number of reapers may run beside each other; each run is given to one of them. Also queues runs
        whose owner has no row, and forgets commands of runs that ended."""

    async def requeue(self, waited_seconds: float) -> list[Queued]:
        """Runs nobody holds, queued longer ago than that: their kick seems lost. Each is `queued_at` now; kick them.
        Their epoch stays, since nobody held them."""

    async def load(self) -> Load:
        """What is queued, and the workers."""


class Kicks(Protocol):
    """Tells workers, in the mesh. Never blocks, never raises: what is lost costs time, since the database remembers."""

    def kick(self, queued: Sequence[Queued]) -> None:
        """Tell some worker that these runs wait. Once they are durable as queued."""

    def nudge(self, worker_id: str) -> None:
        """Tell this worker that it has commands."""


class Commands(Protocol):
    """What those who hold no lease ask of runs, in the mesh. Raises Unavailable as `Leases` does."""

    async def ask_cancel(
        self,
        project_id: str,
        execution_id: str,
        principal: str,
        answer: Callable[[ExecutionRecord], RequestRow] | None,
    ) -> Asked:
        """Ask for the end of a run, in one transaction with its row locked.

        NotThere or Ended: nothing is written. AskedOfOwner, where a live lease holds it: the command, and `answer` of
        the record, are written; publish the command to the worker. Asked again before it ended: the command that
        waits is given, none is added. TakenOver, where none does: epoch + 1, no owner; the caller ends it, and writes
        the answer with its end. Raises RequestTaken where the request id has an answer.
        """

    async def of_worker(self, worker_id: str) -> list[Command]:
        """Commands for runs this worker owns, oldest first. A command stays until `done`."""

    async def orphaned(self) -> list[Command]:
        """Commands for runs that no live lease holds and that have not ended: who asked was told it will end, then
        its worker died. Whoever reads them asks again (`ask_cancel` without an answer), and so takes the run over."""

    async def done(self, command_ids: Sequence[str]) -> None:
        """Forget commands that were carried out. Unknown ids are passed over."""


class FlowLog(Protocol):
    """The registry's log of flow events."""

    async def read(self, after: str, limit: int) -> Sequence[FlowEvent]:
        """Up to `limit` by rising id, strictly above `after`; once one is seen, none appears below it. Raises
        ServiceError where the registry does not answer."""


class Telling(Protocol):
    """What gives notices their place in a project's log."""

    async def settled(self) -> None:
        """Return once what was committed before the call, here and at the registry, has its place; or after a while,
        where somebody who is needed for it does not answer."""
