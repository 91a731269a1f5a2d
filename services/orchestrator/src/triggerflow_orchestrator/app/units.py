"""What one step of a run writes, all of it or nothing: rows by kind, large values, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from triggerflow_chassis.ids import uuid7

from triggerflow_orchestrator.domain.execution import notice_item


class Kind(IntEnum):
    """Tables a unit appends to. The order is the order of writing inside a transaction."""

    EXECUTION = 0
    """(id, project_id, principal, flow_id, flow_name, version, content_hash, status, priority, inputs, outputs,
    error, context, options, rerun_of, trigger_node_id, epoch, created_at, started_at, ended_at, deadline_at)"""
    LABEL = 1
    """(execution_id, label)"""
    OBJECT = 2
    """(ref, execution_id, bytes, key)"""
    START = 3
    """(activation_id, execution_id, node_id, scope, started_at, inputs)"""
    ATTEMPT = 4
    """(activation_id, attempt, execution_id, failed_type, due_at)"""
    JOURNAL = 5
    """(execution_id, seq, epoch, activation_id, node_id, scope, attempt, status, ports, error, started_at, ended_at)"""
    EVENT = 6
    """(execution_id, id, sequence, body)"""
    STATE = 7
    """(status, outputs, error, started_at, ended_at, deadline_at, epoch, id)"""
    CANCEL = 8
    """(cancel_requested_at, id)"""
    REQUEST = 9
    """(project_id, request_id, method, fingerprint, response, error, created_at). In the mesh a second answer to the
    same request id refuses its unit with RequestTaken; in local mode, where calls take turns, the first one stays."""
    CLAIM = 10
    """(epoch, id). Takes a run over in local mode; in the mesh `ports.Leases` does"""
    FOLLOWED = 11
    """(position, name). How far another log was followed; local mode, in the mesh the relay writes it"""
    FIRE = 12
    """(flow_id, node_id, request_id, execution_id, fired_at). A second one of the same three refuses its unit with
    RequestTaken"""
    SEED = 13
    """(execution_id, body). What a run begins with that another one did: `domain.seed`"""
    INTERVENTION_TAKEN = 22
    """(execution_id, id). The run took context that was added to it"""
    FAILURE_CALL = 21
    """(execution_id, kind, project_id, principal, target, look_at). Who is told that a run failed"""
    CHANNEL_VALUE = 40
    """(id, project_id, channel, value, execution_id, node_id, published_at). What a run told a channel"""
    METRIC = 20
    """(execution_id, activation_id, sequence, name, unit, value)"""
    WAIT = 30
    """(id, execution_id, project_id, flow_id, flow_name, node_id, node_name, scope, kind, status, form, assignees,
    input, name, key, fails, created_at, due_at, applied)"""
    WAIT_OVER = 31
    """(answer, settled_at, id). The run is done with a wait: it took its answer up, or ends; then what is open is
    cancelled with this answer"""
    PARK = 32
    """(wake_at, id). The run leaves its process, as `waiting` and nobody's, until it is answered or that time"""


@dataclass(frozen=True, slots=True)
class Fence:
    """Lets a unit pass only while the execution's row has this epoch, that is while nobody took the run over."""

    execution_id: str
    epoch: int


@dataclass(slots=True)
class Notice:
    """What a project is told. The writer gives the id, in the order of commits."""

    project_id: str
    type: str
    timestamp: int
    flow_id: str
    execution_id: str
    """Empty where it tells of a flow."""
    id: str = ""

    def as_item(self) -> dict[str, Any]:
        """The item on the bus."""
        return notice_item(self.id, self.type, self.timestamp, self.project_id, self.flow_id, self.execution_id or None)


def _nobody(error: BaseException | None) -> None:
    """Until somebody waits."""


@dataclass(slots=True)
class Unit:
    """One atomic step. `done(None)` is called on the loop once it is durable, in the order of submission.

    Where writing fails, a unit that `may_fail` is told by `done(error)` and nothing of it is kept (but where the
    database hangs while it is written: then nobody can know, and the error says so); any other
    is tried again until it is written, since a run must not lose an outcome to a full disk or a lock.

    A unit whose `fence` no longer holds is told `LeaseLost` and nothing of it is kept, `may_fail` or not; other units
    written with it are. A unit that inserts its execution has no fence; every later one of that run has. A STATE row
    with `ended_at` also takes the owner away.
    """

    done: Callable[[BaseException | None], None] = _nobody
    may_fail: bool = False
    rows: list[tuple[Kind, tuple[Any, ...]]] = field(default_factory=list)
    objects: list[tuple[str, bytes]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    """Their ids are there once `done` is called in local mode. In the mesh the relay gives them later, in `notices`."""
    fence: Fence | None = None
    kept: dict[int, str] = field(default_factory=dict)
    """Large values that are in the object store already: the reference, by the `id` of the text."""
    named: set[str] = field(default_factory=set)
    """References whose row is in this unit, or in the database already."""

    def keep(self, execution_id: str, text: bytes) -> str:
        """Write a large value with this unit; its reference."""
        known = self.kept.get(id(text))
        ref = known or uuid7()
        if known is None:
            self.objects.append((ref, text))
        if ref not in self.named:  # at a port and at an output it is the same
            self.named.add(ref)
            self.rows.append((Kind.OBJECT, (ref, execution_id, len(text), ref)))
        return ref
