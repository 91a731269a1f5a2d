"""Events of a project, and the flow events and notices they are made of. Pure.

A notice or flow event on the bus is a dict (see `triggerflow_chassis.bus`); in history it is a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from triggerflow.orchestrator.v1 import event_pb2, project_notice_pb2
from triggerflow.registry.v1 import flow_event_pb2
from triggerflow.stream.v1 import stream_service_pb2 as pb

from triggerflow_chassis.clock import from_timestamp, rfc3339, to_timestamp
from triggerflow_chassis.wire import event

TYPE_NAMES: Mapping[int, str] = {
    pb.PROJECT_EVENT_TYPE_FLOW_UPDATED: "flow.updated",
    pb.PROJECT_EVENT_TYPE_FLOW_PUBLISHED: "flow.published",
    pb.PROJECT_EVENT_TYPE_FLOW_RELEASED: "flow.released",
    pb.PROJECT_EVENT_TYPE_EXECUTION_STARTED: "execution.started",
    pb.PROJECT_EVENT_TYPE_EXECUTION_COMPLETED: "execution.completed",
    pb.PROJECT_EVENT_TYPE_EXECUTION_FAILED: "execution.failed",
}
NOTICE_TYPE_NAMES: Mapping[int, str] = {
    project_notice_pb2.PROJECT_NOTICE_TYPE_FLOW_UPDATED: "flow.updated",
    project_notice_pb2.PROJECT_NOTICE_TYPE_FLOW_PUBLISHED: "flow.published",
    project_notice_pb2.PROJECT_NOTICE_TYPE_FLOW_RELEASED: "flow.released",
    project_notice_pb2.PROJECT_NOTICE_TYPE_EXECUTION_STARTED: "execution.started",
    project_notice_pb2.PROJECT_NOTICE_TYPE_EXECUTION_COMPLETED: "execution.completed",
    project_notice_pb2.PROJECT_NOTICE_TYPE_EXECUTION_FAILED: "execution.failed",
}
NOTICE_TYPES: Mapping[str, Any] = {name: number for number, name in NOTICE_TYPE_NAMES.items()}
_TYPES: Mapping[str, Any] = {name: number for number, name in TYPE_NAMES.items()}
_FLOW_TYPE_NAMES = {
    flow_event_pb2.FLOW_EVENT_TYPE_UPDATED: "flow.updated",
    flow_event_pb2.FLOW_EVENT_TYPE_PUBLISHED: "flow.published",
    flow_event_pb2.FLOW_EVENT_TYPE_RELEASED: "flow.released",
}
_FLOW_TYPES: Mapping[str, Any] = {name: number for number, name in _FLOW_TYPE_NAMES.items()}


def project_event_to_json(project_event: pb.ProjectEvent) -> dict[str, Any]:
    """`{id, type, timestamp, flowId, executionId?}`, as `GET /events` sends it."""
    result: dict[str, Any] = {
        "id": project_event.id,
        "type": TYPE_NAMES[project_event.type],
        "timestamp": rfc3339(from_timestamp(project_event.timestamp)),
        "flowId": project_event.flow_id,
    }
    if project_event.HasField("execution_id"):
        result["executionId"] = project_event.execution_id
    return result


def project_event_from_item(item: Mapping[str, Any]) -> pb.ProjectEvent:
    """From a notice as the bus has it."""
    return pb.ProjectEvent(
        id=item["id"],
        type=_TYPES[item["type"]],
        timestamp=to_timestamp(item["timestamp"]),
        flow_id=item["flowId"],
        execution_id=item.get("executionId"),
    )


def flow_event_to_item(flow_event: flow_event_pb2.FlowEvent) -> dict[str, Any]:
    """A flow event of the registry's history as the bus has it."""
    return {
        "id": flow_event.id,
        "type": _FLOW_TYPE_NAMES[flow_event.type],
        "timestamp": from_timestamp(flow_event.timestamp),
        "projectId": flow_event.project_id,
        "flowId": flow_event.flow_id,
        "deleted": flow_event.deleted,
    }


def flow_event_from_item(item: Mapping[str, Any]) -> flow_event_pb2.FlowEvent:
    """The same, back."""
    return flow_event_pb2.FlowEvent(
        id=item["id"],
        type=_FLOW_TYPES[item["type"]],
        timestamp=to_timestamp(item["timestamp"]),
        project_id=item["projectId"],
        flow_id=item["flowId"],
        deleted=item["deleted"],
    )


def notice_to_item(notice: project_notice_pb2.ProjectNotice) -> dict[str, Any]:
    """An entry of the project's log, of the orchestrator's history, as the bus has it."""
    item = {
        "id": notice.id,
        "type": NOTICE_TYPE_NAMES[notice.type],
        "timestamp": from_timestamp(notice.timestamp),
        "projectId": notice.project_id,
        "flowId": notice.flow_id,
    }
    if notice.HasField("execution_id"):
        item["executionId"] = notice.execution_id
    return item


def execution_notice_to_item(notice: event_pb2.ExecutionNotice) -> dict[str, Any]:
    """A notice of the log of executions, which is all that older orchestrators have, as the bus has it."""
    return {
        "id": notice.id,
        "type": event.TYPE_NAMES[notice.type],
        "timestamp": from_timestamp(notice.timestamp),
        "projectId": notice.project_id,
        "flowId": notice.flow_id,
        "executionId": notice.execution_id,
    }


def notice_from_item(item: Mapping[str, Any]) -> project_notice_pb2.ProjectNotice:
    """The same, back."""
    return project_notice_pb2.ProjectNotice(
        id=item["id"],
        type=NOTICE_TYPES[item["type"]],
        timestamp=to_timestamp(item["timestamp"]),
        project_id=item["projectId"],
        flow_id=item["flowId"],
        execution_id=item.get("executionId"),
    )
