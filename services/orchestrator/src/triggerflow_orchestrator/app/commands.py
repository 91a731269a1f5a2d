"""What the orchestrator can be told to do, checked for form but not yet for sense."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Names an idempotent call for 24 h. Who commits what the call asked for commits its answer with it:
    a row (project_id, request_id, method, fingerprint, render(record), None, now)."""

    project_id: str
    request_id: str
    method: str
    fingerprint: str
    """Of all that was asked: another fingerprint under the same id is refused."""
    render: Callable[[Any], bytes] = field(compare=False, repr=False)
    """The answer as it is stored and replayed, made of what the call gives: mostly an `ExecutionRecord`."""


@dataclass(frozen=True, slots=True)
class FireKey:
    """Names one firing of a trigger, for as long as its run is kept. A second run of the same name is refused with
    RequestTaken."""

    flow_id: str
    node_id: str
    request_id: str


@dataclass(frozen=True, slots=True)
class StartCommand:
    """Start a run. `context` is as given; `options` is as given, without defaults."""

    project_id: str
    principal: str
    flow_id: str
    blueprint_version: str | None
    inputs: Mapping[str, Any]
    context: Mapping[str, Any]
    options: Mapping[str, Any]
    trigger_node_id: str | None
    wait_seconds: int
    request: RequestKey | None
    fire: FireKey | None = None


@dataclass(frozen=True, slots=True)
class RetryCommand:
    """Run an execution again. `start` is "start", "failure" or a node's id, from where; None means as it was then."""

    project_id: str
    principal: str
    execution_id: str
    start: str
    blueprint_version: str | None = None
    inputs: Mapping[str, Any] | None = None
    request: RequestKey | None = None
