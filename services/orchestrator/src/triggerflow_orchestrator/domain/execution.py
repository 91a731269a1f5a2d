"""An execution and what is remembered of it, as values. Pure; no I/O.

JSON that is only passed on stays compact text (`…_json`), so that reading a run parses nothing it need not.
Times are microseconds since the epoch, UTC; ids are lower-case text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from triggerflow_orchestrator.domain.wait import WaitRecord

ExecutionStatus = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
ActivationStatus = Literal["running", "waiting", "succeeded", "failed", "skipped", "cancelled"]
NoticeType = Literal[
    "flow.updated",
    "flow.published",
    "flow.released",
    "execution.started",
    "execution.completed",
    "execution.failed",
]

EXECUTION_STATUSES: Final[tuple[ExecutionStatus, ...]] = (
    "queued",
    "running",
    "waiting",
    "succeeded",
    "failed",
    "cancelled",
)
LIVE: Final[frozenset[str]] = frozenset({"queued", "running", "waiting"})
ENDED: Final[frozenset[str]] = frozenset({"succeeded", "failed", "cancelled"})
ENDING_EVENTS: Final[frozenset[str]] = frozenset({"execution.completed", "execution.failed"})

# As `priority` is stored: what waits is drained by rising number.
PRIORITIES: Final[Mapping[str, int]] = {"high": 0, "normal": 1, "low": 2}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an execution or an activation failed: CONTRACT section 1, `error`."""

    type: str
    message: str
    node_id: str | None = None
    stack: str | None = None
    attempt: int | None = None

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Failure:
        """The failure as it was stored by `as_json`."""
        return Failure(
            type=value["type"],
            message=value["message"],
            node_id=value.get("nodeId"),
            stack=value.get("stack"),
            attempt=value.get("attempt"),
        )

    def as_json(self) -> dict[str, Any]:
        """Without the members that are absent."""
        found = {
            "type": self.type,
            "message": self.message,
            "nodeId": self.node_id,
            "stack": self.stack,
            "attempt": self.attempt,
        }
        return {key: value for key, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """One run of one version of a flow, as stored."""

    id: str
    project_id: str
    principal: str
    flow_id: str
    flow_name: str
    version: str
    content_hash: str
    status: ExecutionStatus
    priority: int
    inputs_json: str
    outputs_json: str
    error: Failure | None
    context: Mapping[str, Any]
    """As given: {userId?, labels?, priority?}."""
    options: Mapping[str, Any]
    """{async, timeoutSeconds?, trace}, defaults filled in."""
    rerun_of: str | None
    trigger_node_id: str | None
    epoch: int
    created_at: int
    started_at: int | None = None
    ended_at: int | None = None
    deadline_at: int | None = None
    cancel_requested_at: int | None = None
    owner: str | None = None
    """The worker whose lease holds it, in the mesh; None where nobody runs it."""
    queued_at: int | None = None
    """When it was last put into the queue, in the mesh."""
    wake_at: int | None = None
    """When it goes on by itself, of one that waits, and still there until whoever takes it up has written."""
    context_added: int = 0
    """How often context was added to it."""

    @property
    def ended(self) -> bool:
        """Whether its status is final."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class MetricTotal:
    """What handlers told of one metric, added up."""

    name: str
    unit: str | None
    """The one it was first told with."""
    total: float
    count: int


@dataclass(frozen=True, slots=True)
class ActivationRecord:
    """One time a node ran, or was skipped."""

    id: str
    node_id: str
    scope: str
    attempt: int
    status: ActivationStatus
    inputs_json: str | None
    ports_json: str
    error: Failure | None
    started_at: int
    ended_at: int | None
    metrics: tuple[MetricTotal, ...] = ()
    """By name."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of an execution: `body` is its JSON as it is sent."""

    id: str
    sequence: int
    body: str


def notice_item(
    id: str, type: str, timestamp: int, project_id: str, flow_id: str, execution_id: str | None
) -> dict[str, Any]:
    """What a project is told, as the bus carries it (`triggerflow_chassis.bus`)."""
    item: dict[str, Any] = {
        "id": id,
        "type": type,
        "timestamp": timestamp,
        "projectId": project_id,
        "flowId": flow_id,
    }
    if execution_id is not None:
        item["executionId"] = execution_id
    return item


@dataclass(frozen=True, slots=True)
class ProjectNotice:
    """What a project is told. `id` is the cursor."""

    id: str
    type: NoticeType
    timestamp: int
    project_id: str
    flow_id: str
    execution_id: str | None
    """None where it tells of a flow."""

    def as_item(self) -> dict[str, Any]:
        """The item on the bus."""
        return notice_item(self.id, self.type, self.timestamp, self.project_id, self.flow_id, self.execution_id)


@dataclass(frozen=True, slots=True)
class FlowEvent:
    """A change of a flow, as the registry's log has it. `id` rises in the order of its commits."""

    id: str
    type: str
    timestamp: int
    project_id: str
    flow_id: str


@dataclass(frozen=True, slots=True)
class LargeValue:
    """Where a value above 64 KiB is kept, and how long its compact JSON is."""

    ref: str
    execution_id: str
    bytes: int
    key: str


@dataclass(frozen=True, slots=True)
class JournalRow:
    """The outcome of one activation, in the order of commits."""

    seq: int
    epoch: int
    activation_id: str
    node_id: str
    scope: str
    attempt: int
    status: ActivationStatus
    ports_json: str
    error: Failure | None
    started_at: int
    ended_at: int


@dataclass(frozen=True, slots=True)
class StartRow:
    """An activation whose `chunk.started` was sent."""

    activation_id: str
    node_id: str
    scope: str
    started_at: int
    inputs_json: str | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """Attempt `attempt` will be made from `due_at` on; the one before it failed with `failed_type`."""

    activation_id: str
    attempt: int
    failed_type: str
    due_at: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """All that is needed to go on with an execution: journal by rising seq, starts by rising time, then id."""

    execution: ExecutionRecord
    journal: tuple[JournalRow, ...]
    starts: tuple[StartRow, ...]
    attempts: tuple[AttemptRow, ...]
    last_event: StoredEvent | None
    last_seq: int = 0
    """Of the whole journal, where not all of it is here."""
    waits: tuple[WaitRecord, ...] = ()
    """Those that the run has not taken up: settled ones in the order they were settled, then open ones."""


@dataclass(frozen=True, slots=True)
class BlueprintVersion:
    """A version of a flow, ready to compile. `blueprint` is its JSON form (`triggerflow_chassis.wire.flow`)."""

    flow_id: str
    flow_name: str
    """The flow's name now, which may differ from the one it was published with."""
    version: str
    content_hash: str
    blueprint: Mapping[str, Any]
