"""Hold what the registry keeps: drafts, versions, events and answers given. Values only; no I/O.

Nodes, edges, channels and settings are JSON objects in the form of docs/contract.md section 1. Nobody changes one in
place: an edit makes a new `Document`. Times are microseconds since the epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NewType, TypeAlias

FlowId = NewType("FlowId", str)
NodeId = NewType("NodeId", str)
ProjectId = NewType("ProjectId", str)

NodeObject: TypeAlias = Mapping[str, Any]
EdgeObject: TypeAlias = Mapping[str, Any]

UNPUBLISHED = 0
"""The number before a flow's first version."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a person edits. Every node carries the `version` the registry counts."""

    name: str
    description: str
    nodes: tuple[NodeObject, ...]
    edges: tuple[EdgeObject, ...]
    channels: tuple[Any, ...]
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Flow:
    """A draft as stored. `latest_version` is UNPUBLISHED where none was published."""

    id: FlowId
    project_id: ProjectId
    document: Document
    etag: str
    latest_version: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class FlowSummary:
    """A draft without its nodes, edges and channels, as lists show it."""

    id: FlowId
    project_id: ProjectId
    name: str
    description: str
    settings: Mapping[str, Any]
    etag: str
    latest_version: int
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Heading:
    """What a run is told of a flow before it reads a version. `latest_version` is UNPUBLISHED where there is none."""

    name: str
    latest_version: int


@dataclass(frozen=True, slots=True)
class Version:
    """An immutable copy of a draft. `blueprint` is None in lists."""

    flow_id: FlowId
    number: int
    content_hash: str
    created_at: int
    message: str
    blueprint: Document | None


class FlowEventType(StrEnum):
    """What happened to a flow, in the words of `GET /events`."""

    UPDATED = "flow.updated"
    PUBLISHED = "flow.published"


@dataclass(frozen=True, slots=True)
class FlowEvent:
    """One committed change. Ids rise strictly over the whole registry, so an id is a cursor."""

    id: str
    type: FlowEventType
    timestamp: int
    project_id: ProjectId
    flow_id: FlowId
    deleted: bool

    def as_item(self) -> dict[str, Any]:
        """The item on the bus."""
        return {
            "id": self.id,
            "type": str(self.type),
            "timestamp": self.timestamp,
            "projectId": self.project_id,
            "flowId": self.flow_id,
            "deleted": self.deleted,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What a mutation with a request id was answered, so that asking again is answered alike.

    `body` is the response, or the error where `failed`, as the transport encodes them. `fingerprint` tells whether
    the same was asked.
    """

    method: str
    fingerprint: str
    body: bytes
    failed: bool
    created_at: int
