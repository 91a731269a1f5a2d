"""Waits. Pure."""

from __future__ import annotations

from typing import Any

from triggerflow.orchestrator.v1 import wait_pb2

from triggerflow_chassis.clock import from_timestamp, rfc3339
from triggerflow_chassis.wire.freeform import trusted

WAIT_STATUSES = ("open", "answered", "expired", "cancelled")


def wait_to_json(wait: wait_pb2.Wait) -> dict[str, Any]:
    """The wait as REST shows it. `name` and `key` are an event's alone."""
    result: dict[str, Any] = {
        "id": wait.id,
        "executionId": wait.execution_id,
        "flowId": wait.flow_id,
        "flowName": wait.flow_name,
        "nodeId": wait.node_id,
        "nodeName": wait.node_name,
        "scope": wait.scope,
        "kind": wait.kind,
        "status": wait.status,
        "schema": trusted(wait.schema_json) if wait.HasField("schema_json") else None,
        "assignees": list(wait.assignees),
        "input": trusted(wait.input_json or "null"),
    }
    if wait.HasField("name"):
        result["name"] = wait.name
    if wait.HasField("key"):
        result["key"] = wait.key
    result["createdAt"] = rfc3339(from_timestamp(wait.created_at))
    result["dueAt"] = rfc3339(from_timestamp(wait.due_at)) if wait.HasField("due_at") else None
    result["answer"] = trusted(wait.answer_json) if wait.HasField("answer_json") else None
    return result
