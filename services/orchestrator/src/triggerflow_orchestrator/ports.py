"""What the orchestrator needs from the outside. Every implementation of a port passes its contract suite.

Reads raise nothing of their own: a database that cannot answer raises `Unavailable`. Whoever asks names the project;
what belongs to another project does not exist for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from triggerflow_orchestrator.domain.execution import (
    ActivationRecord,
    BlueprintVersion,
    ExecutionNotice,
    ExecutionRecord,
    ExecutionStatus,
    LargeValue,
    Remembered,
    StoredEvent,
)


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
class StoredAnswer:
    """The first answer to a request id: exactly one of `response` and `error` is there."""

    fingerprint: str
    response: bytes | None
    error: bytes | None
    created_at: int


class Reads(Protocol):
    """Everything that is read of executions. One call sees one state of the database."""

    async def execution(self, project_id: str, execution_id: str) -> ExecutionRecord | None:
        """The execution, or None."""

    async def executions(
        self, project_id: str, where: ExecutionFilter, after: Position | None, limit: int
    ) -> list[ExecutionRecord]:
        """Up to `limit` by falling (created_at, id), strictly below `after`."""

    async def activations(
        self, project_id: str, execution_id: str, after: Position | None, limit: int
    ) -> list[ActivationRecord] | None:
        """Up to `limit` by rising (started_at, id), strictly above `after`. None where there is no such execution.

        The start of an activation never changes, so that one that is there throughout appears once.
        """

    async def events(self, project_id: str, execution_id: str, after: str, limit: int) -> EventPage | None:
        """Up to `limit` by rising id, strictly above `after` ("" is below all). None where there is no execution."""

    async def notices(self, project_id: str, after: str, limit: int) -> list[ExecutionNotice]:
        """Up to `limit` by rising id, strictly above `after` ("" is below all)."""

    async def large_value(self, project_id: str, ref: str) -> LargeValue | None:
        """Where a large value is kept, or None; it is as visible as its execution."""

    async def answer(self, project_id: str, request_id: str, method: str) -> StoredAnswer | None:
        """What was answered to a request id before, however long ago, or None."""

    async def live(self) -> list[ExecutionRecord]:
        """All that have not ended, of every project, by rising (priority, created_at, id). For recovery only."""

    async def remembered(self, execution_id: str) -> Remembered | None:
        """All that is needed to go on with an execution of any project, or None. For recovery only."""


class Pruning(Protocol):
    """Forgets what need not be kept. Deletes in small steps, so that the one writer never waits long."""

    async def forget_answers(self, before_us: int) -> int:
        """Delete answers made before; say how many."""


class Objects(Protocol):
    """Where large values are kept: compact JSON, never changed once put."""

    def put(self, ref: str, text: bytes) -> str:
        """Store durably, and return the key to find it by, which is the ref. Again with the same ref is the same.

        Blocks: the journal's writer calls it on its own thread. Raises OSError.
        """

    async def get(self, key: str, offset: int, limit: int) -> bytes | None:
        """A piece; empty at and past the end. None where there is none of this key."""


class Blueprints(Protocol):
    """Published versions, by the registry."""

    async def get_version(self, flow_id: str, version: str | None, project_id: str) -> BlueprintVersion:
        """That version, or with None the one a run takes by default.

        Raises Invalid at /flowId for an unknown flow, Invalid at /blueprintVersion for an unknown version, NoVersion.
        A caller that heard of a change (`flow-events` on the bus) never gets what was before it.
        """


class Journal(Protocol):
    """The one writer."""

    def submit(self, unit: Any) -> None:
        """Queue a unit (`app.units.Unit`), which is written whole or not at all and told on the loop. Never blocks."""
