"""A wait: an activation that no handler performs, but an answer, an event or the clock ends. Pure; no I/O.

A wait is one row whose id is its activation's. It is settled once, by whoever the database lets settle it: that is its
answer for ever. The run takes the answer up later, and exactly once: that is its activation's outcome in the journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from triggerflow_orchestrator.domain.value import Value

WaitKind = Literal["approval", "timer", "event"]
WaitStatus = Literal["open", "answered", "expired", "cancelled"]

KINDS: Final[Mapping[str, WaitKind]] = {"core:approval": "approval", "core:timer": "timer", "core:event": "event"}
"""By entrypoint: what the engine performs itself."""

WAIT_STATUSES: Final[tuple[WaitStatus, ...]] = ("open", "answered", "expired", "cancelled")
DECISIONS: Final = ("approved", "rejected")
TIMEOUT_PORT: Final = "timeout"
CLOCK: Final = "clock"
"""Who answers what is due."""


@dataclass(frozen=True, slots=True)
class WaitTerms:
    """What an activation waits for."""

    kind: WaitKind
    due_at: int | None = None
    """When the clock ends it."""
    fails: bool = False
    """Whether the activation fails then, because the node's time limit is what passes."""
    schema: Any = None
    """JSON Schema of an approval's data; None where anything may be."""
    assignees: tuple[str, ...] = ()
    name: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class WaitRecord:
    """A wait as stored. JSON that is only passed on stays compact text."""

    id: str
    execution_id: str
    project_id: str
    flow_id: str
    flow_name: str
    node_id: str
    node_name: str
    scope: str
    kind: WaitKind
    status: WaitStatus
    schema_json: str | None
    assignees: tuple[str, ...]
    input_json: str
    """As shown: with references in place of what is large."""
    name: str | None
    key: str | None
    fails: bool
    created_at: int
    due_at: int | None
    answer_json: str | None
    """`{decision?, data?, by, at}`, data as shown; None while it is open."""
    settled_at: int | None


@dataclass(frozen=True, slots=True)
class Settled:
    """How a wait ended, for the run that takes it up."""

    wait_id: str
    status: WaitStatus
    fails: bool
    decision: str | None
    data: Value
    by: str
    at: str
    """RFC 3339."""
