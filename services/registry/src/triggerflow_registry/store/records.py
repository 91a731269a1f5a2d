"""Turn drafts, versions, events and answers into rows and back. Pure."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Row
from triggerflow_chassis.jsontext import dumps

from triggerflow_registry.domain.flow import (
    Answer,
    Document,
    Flow,
    FlowEvent,
    FlowEventType,
    FlowId,
    FlowSummary,
    ProjectId,
    Version,
)

Values = dict[str, Any]


def flow_values(flow: Flow, principal: str) -> Values:
    document = flow.document
    return {
        "id": flow.id,
        "project_id": flow.project_id,
        "principal": principal,
        "name": document.name,
        "name_folded": document.name.casefold(),
        "description": document.description,
        "settings": dumps(document.settings),
        "drawing": dumps({"nodes": document.nodes, "edges": document.edges, "channels": document.channels}),
        "etag": flow.etag,
        "latest_version": flow.latest_version,
        "created_at": flow.created_at,
        "updated_at": flow.updated_at,
    }


def flow_of(row: Row[Any]) -> Flow:
    drawing = orjson.loads(row.drawing)
    return Flow(
        id=FlowId(row.id),
        project_id=ProjectId(row.project_id),
        document=Document(
            name=row.name,
            description=row.description,
            nodes=tuple(drawing["nodes"]),
            edges=tuple(drawing["edges"]),
            channels=tuple(drawing["channels"]),
            settings=orjson.loads(row.settings),
        ),
        etag=row.etag,
        latest_version=row.latest_version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def summary_of(row: Row[Any]) -> FlowSummary:
    return FlowSummary(
        id=FlowId(row.id),
        project_id=ProjectId(row.project_id),
        name=row.name,
        description=row.description,
        settings=orjson.loads(row.settings),
        etag=row.etag,
        latest_version=row.latest_version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def version_values(project_id: ProjectId, version: Version, blueprint: Document, principal: str) -> Values:
    return {
        "flow_id": version.flow_id,
        "number": version.number,
        "project_id": project_id,
        "principal": principal,
        "content_hash": version.content_hash,
        "message": version.message,
        "blueprint": blueprint_text(blueprint),
        "created_at": version.created_at,
    }


def version_of(row: Row[Any], blueprint: str | None) -> Version:
    return Version(
        flow_id=FlowId(row.flow_id),
        number=row.number,
        content_hash=row.content_hash,
        created_at=row.created_at,
        message=row.message,
        blueprint=None if blueprint is None else blueprint_of(blueprint),
    )


def event_values(event: FlowEvent, principal: str) -> Values:
    return {
        "id": event.id,
        "project_id": event.project_id,
        "principal": principal,
        "type": str(event.type),
        "flow_id": event.flow_id,
        "deleted": event.deleted,
        "timestamp": event.timestamp,
    }


def event_of(row: Row[Any]) -> FlowEvent:
    return FlowEvent(
        id=row.id,
        type=FlowEventType(row.type),
        timestamp=row.timestamp,
        project_id=ProjectId(row.project_id),
        flow_id=FlowId(row.flow_id),
        deleted=row.deleted,
    )


def answer_values(project_id: ProjectId, request_id: str, answer: Answer, principal: str) -> Values:
    return {
        "project_id": project_id,
        "request_id": request_id,
        "principal": principal,
        "method": answer.method,
        "fingerprint": answer.fingerprint,
        "body": answer.body,
        "failed": answer.failed,
        "created_at": answer.created_at,
    }


def answer_of(row: Row[Any]) -> Answer:
    return Answer(
        method=row.method,
        fingerprint=row.fingerprint,
        body=row.body,
        failed=row.failed,
        created_at=row.created_at,
    )


def blueprint_text(blueprint: Document) -> str:
    return dumps(
        {
            "name": blueprint.name,
            "description": blueprint.description,
            "nodes": blueprint.nodes,
            "edges": blueprint.edges,
            "channels": blueprint.channels,
            "settings": blueprint.settings,
        }
    )


def blueprint_of(text: str | bytes) -> Document:
    value = orjson.loads(text)
    return Document(
        name=value["name"],
        description=value["description"],
        nodes=tuple(value["nodes"]),
        edges=tuple(value["edges"]),
        channels=tuple(value["channels"]),
        settings=value["settings"],
    )
