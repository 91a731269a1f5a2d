"""Flows, versions, problems and the handler catalogue. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from triggerflow.registry.v1 import catalogue_pb2, flow_pb2, node_pb2, version_pb2

from triggerflow_chassis.clock import from_timestamp, parse_rfc3339, rfc3339, to_timestamp
from triggerflow_chassis.ids import normalise
from triggerflow_chassis.jsontext import dumps
from triggerflow_chassis.wire.freeform import read, trusted, whole
from triggerflow_chassis.wire.node import node_from_json, node_to_json

__all__ = [
    "blueprint_from_json",
    "blueprint_to_json",
    "flow_from_json",
    "flow_to_json",
    "handler_from_json",
    "handler_to_json",
    "node_from_json",
    "node_to_json",
    "problem_from_json",
    "problem_to_json",
    "version_from_json",
    "version_to_json",
]

_SEVERITY_NAMES = {
    flow_pb2.PROBLEM_SEVERITY_ERROR: "error",
    flow_pb2.PROBLEM_SEVERITY_WARNING: "warning",
}
_SEVERITIES = {name: number for number, name in _SEVERITY_NAMES.items()}


def flow_to_json(flow: flow_pb2.Flow, *, summary: bool = False) -> dict[str, Any]:
    """The draft as REST shows it; a summary, as in lists, comes without nodes, edges and channels.

    Raises Invalid where free-form text inside is not JSON.
    """
    result: dict[str, Any] = {
        "id": normalise(flow.id),
        "projectId": normalise(flow.project_id),
        "name": flow.name,
        "description": flow.description,
    }
    if not summary:
        result |= _drawing_to_json(flow)
    result["settings"] = _settings_to_json(flow.settings)
    result["latestVersion"] = flow.latest_version if flow.HasField("latest_version") else None
    result["problems"] = [problem_to_json(problem) for problem in flow.problems]
    result["createdAt"] = _time(flow, "created_at")
    result["updatedAt"] = _time(flow, "updated_at")
    return result


def flow_from_json(value: Mapping[str, Any]) -> flow_pb2.Flow:
    """The draft as a message. Only `name` must be there; what the server sets is taken where it has its own kind, so
    that a service can send what it stored, and left out where a client put something else."""
    flow = flow_pb2.Flow(name=value["name"], description=value.get("description", ""))
    _draw(flow, value)
    for member, field in (("id", "id"), ("projectId", "project_id"), ("latestVersion", "latest_version")):
        if isinstance(value.get(member), str):
            setattr(flow, field, value[member] if member == "latestVersion" else normalise(value[member]))
    for member, time in (("createdAt", flow.created_at), ("updatedAt", flow.updated_at)):
        _set_time(time, value.get(member))
    return flow


def blueprint_to_json(blueprint: version_pb2.Blueprint) -> dict[str, Any]:
    """`{name, description, nodes, edges, channels, settings}`. Raises Invalid as `flow_to_json` does."""
    return {
        "name": blueprint.name,
        "description": blueprint.description,
        **_drawing_to_json(blueprint),
        "settings": _settings_to_json(blueprint.settings),
    }


def blueprint_from_json(value: Mapping[str, Any]) -> version_pb2.Blueprint:
    """The blueprint as a message; only `name` must be there."""
    blueprint = version_pb2.Blueprint(name=value["name"], description=value.get("description", ""))
    _draw(blueprint, value)
    return blueprint


def version_to_json(version: version_pb2.Version) -> dict[str, Any]:
    """`{version, contentHash, createdAt, message}`, and `flow` where the version carries its blueprint."""
    result: dict[str, Any] = {
        "version": version.version,
        "contentHash": version.content_hash,
        "createdAt": _time(version, "created_at"),
        "message": version.message,
    }
    if version.HasField("blueprint"):
        result["flow"] = blueprint_to_json(version.blueprint)
    return result


def version_from_json(value: Mapping[str, Any], flow_id: str = "") -> version_pb2.Version:
    """The version as a message; `flow_id` is not part of its JSON."""
    version = version_pb2.Version(
        flow_id=normalise(flow_id),
        version=value["version"],
        content_hash=value["contentHash"],
        message=value.get("message", ""),
    )
    _set_time(version.created_at, value.get("createdAt"))
    if "flow" in value:
        version.blueprint.CopyFrom(blueprint_from_json(value["flow"]))
    return version


def problem_to_json(problem: flow_pb2.Problem) -> dict[str, Any]:
    """`{severity, pointer, nodeId?, reason, message}`."""
    result: dict[str, Any] = {
        "severity": _SEVERITY_NAMES.get(problem.severity, "error"),
        "pointer": problem.pointer,
    }
    if problem.HasField("node_id"):
        result["nodeId"] = normalise(problem.node_id)
    return result | {"reason": problem.reason, "message": problem.message}


def problem_from_json(value: Mapping[str, Any]) -> flow_pb2.Problem:
    """The problem as a message."""
    return flow_pb2.Problem(
        severity=_SEVERITIES[value["severity"]],
        pointer=value["pointer"],
        node_id=value.get("nodeId"),
        reason=value["reason"],
        message=value["message"],
    )


def handler_to_json(handler: catalogue_pb2.CatalogueHandler) -> dict[str, Any]:
    """`{reference, adapter, node, configSchema, ui, pure, health}`; the node lacks id and position."""
    return {
        "reference": handler.reference,
        "adapter": handler.adapter,
        "node": node_to_json(handler.node, partial=True),
        "configSchema": trusted(handler.config_schema_json or "{}"),
        "ui": trusted(handler.ui_json or "{}"),
        "pure": handler.pure,
        "health": {
            "status": handler.health.status or "ok",
            **({"message": handler.health.message} if handler.health.message else {}),
        },
    }


def handler_from_json(value: Mapping[str, Any]) -> catalogue_pb2.CatalogueHandler:
    """The catalogue entry as a message."""
    health = value.get("health") or {}
    return catalogue_pb2.CatalogueHandler(
        reference=value["reference"],
        adapter=value["adapter"],
        node=node_from_json(value["node"]),
        config_schema_json=dumps(value["configSchema"]),
        ui_json=dumps(value["ui"]),
        pure=value["pure"],
        health=catalogue_pb2.AdapterHealth(status=health.get("status", "ok"), message=health.get("message", "")),
    )


def _drawing_to_json(drawing: flow_pb2.Flow | version_pb2.Blueprint) -> dict[str, Any]:
    return {
        "nodes": nodes_to_json(drawing.nodes),
        "edges": [_edge_to_json(edge, f"/edges/{index}") for index, edge in enumerate(drawing.edges)],
        "channels": read(drawing.channels_json, "/channels") if drawing.HasField("channels_json") else [],
    }


def nodes_to_json(nodes: Iterable[node_pb2.Node]) -> list[dict[str, Any]]:
    """A bare array of nodes, as `GET /flows/{id}/nodes` has it."""
    return [node_to_json(node, f"/nodes/{index}") for index, node in enumerate(nodes)]


def _draw(drawing: flow_pb2.Flow | version_pb2.Blueprint, value: Mapping[str, Any]) -> None:
    drawing.nodes.extend(node_from_json(node, f"/nodes/{index}") for index, node in enumerate(value.get("nodes") or ()))
    drawing.edges.extend(_edge_from_json(edge) for edge in value.get("edges") or ())
    # No channels and an empty list mean the same, and are shown as the same.
    if value.get("channels"):
        drawing.channels_json = dumps(value["channels"])
    settings = value.get("settings") or {}
    drawing.settings.SetInParent()
    if "timeoutSeconds" in settings:
        drawing.settings.timeout_seconds = whole(settings["timeoutSeconds"], "/settings/timeoutSeconds")
    if "concurrency" in settings:
        drawing.settings.concurrency = whole(settings["concurrency"], "/settings/concurrency")
    if "labels" in settings:
        drawing.settings.labels.SetInParent()
        drawing.settings.labels.labels.extend(settings["labels"])
    if "onFailure" in settings:
        asked = settings["onFailure"]
        drawing.settings.on_failure.SetInParent()
        if "flowId" in asked:
            drawing.settings.on_failure.flow_id = normalise(asked["flowId"])
        if "url" in asked:
            drawing.settings.on_failure.url = asked["url"]


def _settings_to_json(settings: flow_pb2.FlowSettings) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if settings.HasField("timeout_seconds"):
        result["timeoutSeconds"] = settings.timeout_seconds
    if settings.HasField("concurrency"):
        result["concurrency"] = settings.concurrency
    if settings.HasField("labels"):
        result["labels"] = list(settings.labels.labels)
    if settings.HasField("on_failure"):
        asked = settings.on_failure
        result["onFailure"] = {
            **({"flowId": asked.flow_id} if asked.HasField("flow_id") else {}),
            **({"url": asked.url} if asked.HasField("url") else {}),
        }
    return result


def _edge_to_json(edge: flow_pb2.Edge, at: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "id": normalise(edge.id),
        "source": _endpoint_to_json(edge.source),
        "target": _endpoint_to_json(edge.target),
    }
    if edge.HasField("loop_json"):
        result["loop"] = read(edge.loop_json, f"{at}/loop")
    return result


def _endpoint_to_json(endpoint: flow_pb2.Endpoint) -> dict[str, Any]:
    return {"nodeId": normalise(endpoint.node_id), "port": endpoint.port}


def _edge_from_json(value: Mapping[str, Any]) -> flow_pb2.Edge:
    edge = flow_pb2.Edge(
        id=normalise(value["id"]),
        source=_endpoint_from_json(value["source"]),
        target=_endpoint_from_json(value["target"]),
    )
    if "loop" in value:
        edge.loop_json = dumps(value["loop"])
    return edge


def _endpoint_from_json(value: Mapping[str, Any]) -> flow_pb2.Endpoint:
    return flow_pb2.Endpoint(node_id=normalise(value["nodeId"]), port=value["port"])


def _time(message: flow_pb2.Flow | version_pb2.Version, field: str) -> str | None:
    if not message.HasField(field):
        return None
    return rfc3339(from_timestamp(getattr(message, field)))


def _set_time(time: Timestamp, value: Any) -> None:
    if isinstance(value, str):
        try:
            time.CopyFrom(to_timestamp(parse_rfc3339(value)))
        except ValueError:
            # Only a client's own text can be wrong here, and the server ignores it.
            return
