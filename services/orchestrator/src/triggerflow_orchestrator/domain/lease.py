"""Who may write to a run, what is queued, and what somebody without a lease asks of it. Pure; no I/O.

A run has at most one holder. Whoever takes a run over raises its epoch by one before anything else, so that what the
holder before still writes is refused (`LeaseLost`). In the mesh a worker's lease is its row in `workers`, and it holds
every run whose `owner` it is; in local mode there is one process, which claims what it takes up at its start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from triggerflow_chassis.errors import Unavailable

from triggerflow_orchestrator.domain.execution import ExecutionRecord

CommandKind = Literal["cancel"]


class LeaseLost(Unavailable):
    """Somebody else has the run now. Nothing of what was to be written is kept, and trying again never helps: drop
    the run from memory."""

    def __init__(self, execution_id: str) -> None:
        super().__init__(f"Execution {execution_id} was taken over meanwhile. Ask again.")
        self.execution_id = execution_id


class RequestTaken(Unavailable):
    """Another process answered the same request id first. Nothing of this one is kept; its answer is the first's."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"Another call with request id {request_id} was answered first. Ask again for its answer.")
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class Queued:
    """A run that waits for a worker: what a kick carries."""

    execution_id: str
    priority: int
    """0 high, 1 normal, 2 low."""


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """One worker as of its last heartbeat."""

    id: str
    name: str
    live: int
    """Runs it had."""
    most: int
    """Runs it takes at once."""
    started_at: int
    lease_seconds: float
    """What is left of its lease; negative where it lapsed and no reaper came by yet."""
    strays: int = 0
    """Handlers that go on although they were cancelled."""


GENERATION: Final = 2
"""The flow model that this release's workers know: 1 is plain graphs; 2 has loops, sub-flows, waits, channels and runs
that take over results. What a run needs at least is the default of its column, raised by a migration, and the database
keeps it from workers that know less."""


@dataclass(frozen=True, slots=True)
class Load:
    """What an autoscaler reads."""

    queued: Mapping[int, int]
    """Runs nobody holds, by priority. Every priority is there, at 0 where none waits."""
    oldest_seconds: float
    """How long the one queued longest has waited; 0 where none waits."""
    workers: tuple[WorkerLoad, ...]
    """By name, then id."""
    strays: int = 0
    """Handlers that go on although they were cancelled, of all workers."""


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody without a lease wants of a run. Its holder does it; doing it twice is doing it once."""

    id: str
    project_id: str
    execution_id: str
    kind: CommandKind
    principal: str
    """Who asked."""
    body_json: str
    """By kind; `{}` for cancel."""
    created_at: int


@dataclass(frozen=True, slots=True)
class NotThere:
    """There is no such execution in this project."""


@dataclass(frozen=True, slots=True)
class Ended:
    """It had ended. Nothing was written."""

    record: ExecutionRecord


@dataclass(frozen=True, slots=True)
class AskedOfOwner:
    """A command is written for the worker that holds it, and the answer to the request with it: tell the worker."""

    record: ExecutionRecord
    owner: str
    command: Command


@dataclass(frozen=True, slots=True)
class TakenOver:
    """No live lease held it, and now the caller does: `record` has the new epoch, and no owner.

    End it by a unit fenced with that epoch, with the answer to the request in it. Where that unit is told LeaseLost,
    a worker claimed it between the two: ask again.
    """

    record: ExecutionRecord


Asked = NotThere | Ended | AskedOfOwner | TakenOver
"""What became of a command."""
