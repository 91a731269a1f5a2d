"""Make messages of what verbs answer. Pure."""

from __future__ import annotations

from typing import Any

from triggerflow.registry.v1 import (
    catalogue_pb2,
    flow_event_pb2,
    flow_pb2,
    node_pb2,
    schema_pb2,
    version_pb2,
)
from triggerflow_adapter_sdk.description import HandlerDescription
from triggerflow_chassis.clock import to_timestamp
from triggerflow_chassis.wire import flow as wire

from triggerflow_registry.app.shown import ShownFlow, ShownSummary
from triggerflow_registry.domain.flow import (
    UNPUBLISHED,
    Document,
    Flow,
    FlowEvent,
    FlowEventType,
    FlowSummary,
    NodeObject,
    Version,
)
from triggerflow_registry.domain.problem import Problem
from triggerflow_registry.domain.schema import Schema, SchemaType

_EVENT_TYPES = {
    FlowEventType.UPDATED: flow_event_pb2.FLOW_EVENT_TYPE_UPDATED,
    FlowEventType.PUBLISHED: flow_event_pb2.FLOW_EVENT_TYPE_PUBLISHED,
}

_SCHEMA_TYPES = {
    SchemaType.AVRO: schema_pb2.SCHEMA_TYPE_AVRO,
    SchemaType.JSON: schema_pb2.SCHEMA_TYPE_JSON,
}
SCHEMA_TYPES = {number: type for type, number in _SCHEMA_TYPES.items()}


def schema_message(schema: Schema) -> schema_pb2.Schema:
    return schema_pb2.Schema(
        subject=schema.subject,
        version=schema.version,
        type=_SCHEMA_TYPES[schema.type],
        fingerprint=schema.fingerprint,
        text=schema.text,
        created_at=to_timestamp(schema.created_at),
    )


def flow_message(shown: ShownFlow) -> flow_pb2.Flow:
    """A whole draft."""
    message = wire.flow_from_json(_document(shown.flow.document))
    _stamp(message, shown.flow)
    message.problems.extend(_problem(problem) for problem in shown.problems)
    return message


def summary_message(shown: ShownSummary) -> flow_pb2.Flow:
    """A draft without nodes, edges and channels."""
    summary = shown.summary
    message = wire.flow_from_json(
        {"name": summary.name, "description": summary.description, "settings": summary.settings}
    )
    _stamp(message, summary)
    message.problems.extend(_problem(problem) for problem in shown.problems)
    return message


def node_message(node: NodeObject) -> node_pb2.Node:
    return wire.node_from_json(node)


def version_message(version: Version) -> version_pb2.Version:
    """A version, with its blueprint where it is at hand."""
    message = version_pb2.Version(
        flow_id=version.flow_id,
        version=str(version.number),
        content_hash=version.content_hash,
        created_at=to_timestamp(version.created_at),
        message=version.message,
    )
    if version.blueprint is not None:
        message.blueprint.CopyFrom(wire.blueprint_from_json(_document(version.blueprint)))
    return message


def event_message(event: FlowEvent) -> flow_event_pb2.FlowEvent:
    return flow_event_pb2.FlowEvent(
        id=event.id,
        type=_EVENT_TYPES[event.type],
        timestamp=to_timestamp(event.timestamp),
        project_id=event.project_id,
        flow_id=event.flow_id,
        deleted=event.deleted,
    )


def handler_message(handler: HandlerDescription) -> catalogue_pb2.CatalogueHandler:
    """A kind of node as the catalogue shows it."""
    return wire.handler_from_json(
        {
            "reference": handler.reference,
            "adapter": handler.adapter,
            "node": handler.node,
            "configSchema": handler.config_schema,
            "ui": handler.ui,
            "pure": handler.pure,
            "health": handler.health,
        }
    )


def _stamp(message: flow_pb2.Flow, flow: Flow | FlowSummary) -> None:
    message.id = flow.id
    message.project_id = flow.project_id
    if flow.latest_version != UNPUBLISHED:
        message.latest_version = str(flow.latest_version)
    message.created_at.CopyFrom(to_timestamp(flow.created_at))
    message.updated_at.CopyFrom(to_timestamp(flow.updated_at))
    message.etag = flow.etag


def _document(document: Document) -> dict[str, Any]:
    return {
        "name": document.name,
        "description": document.description,
        "nodes": document.nodes,
        "edges": document.edges,
        "channels": list(document.channels),
        "settings": document.settings,
    }


def _problem(problem: Problem) -> flow_pb2.Problem:
    said = {
        "severity": str(problem.severity),
        "pointer": problem.pointer,
        "reason": str(problem.reason),
        "message": problem.message,
    }
    if problem.node_id is not None:
        said["nodeId"] = problem.node_id
    return wire.problem_from_json(said)
