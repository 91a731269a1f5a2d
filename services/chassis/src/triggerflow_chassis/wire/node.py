"""Nodes: the mission's TriggerFlowNodeMetadata, member by member. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from triggerflow.registry.v1 import node_pb2 as pb

from triggerflow_chassis.ids import normalise
from triggerflow_chassis.jsontext import dumps, pointer
from triggerflow_chassis.wire.freeform import plain, read, whole

TYPE_NAMES: Mapping[int, str] = {
    pb.NODE_TYPE_TRIGGER: "trigger",
    pb.NODE_TYPE_ACTION: "action",
    pb.NODE_TYPE_CONDITION: "condition",
    pb.NODE_TYPE_SUBFLOW: "subflow",
    pb.NODE_TYPE_OUTPUT: "output",
}
_TYPES: Mapping[str, Any] = {name: number for number, name in TYPE_NAMES.items()}


def node_to_json(node: pb.Node, at: str = "", *, partial: bool = False) -> dict[str, Any]:
    """The node as JSON. A type of a newer protocol is left out, for the schema to name as missing.

    `partial` leaves out id and position, for a node that is not on a canvas yet. Raises Invalid, with pointers below
    `at`, where free-form text inside is not JSON.
    """
    result: dict[str, Any] = {}
    if not partial:
        result["id"] = normalise(node.id)
    if node.type in TYPE_NAMES:
        result["type"] = TYPE_NAMES[node.type]
    result["name"] = node.name
    if node.HasField("description"):
        result["description"] = node.description
    # A protobuf map has no order; sorted, equal nodes give equal text.
    result["handlers"] = {
        key: _handler_to_json(node.handlers[key], at + pointer("handlers", key)) for key in sorted(node.handlers)
    }
    if not partial and node.HasField("position"):
        result["position"] = {"x": plain(node.position.x), "y": plain(node.position.y)}
    if node.HasField("ports"):
        result["ports"] = _ports_to_json(node.ports, f"{at}/ports")
    if node.HasField("annotations_json"):
        result["annotations"] = read(node.annotations_json, f"{at}/annotations")
    if node.HasField("version"):
        result["version"] = node.version
    return result


def node_from_json(value: Mapping[str, Any], at: str = "") -> pb.Node:
    """The node as a message. Raises Invalid, with pointers below `at`, for numbers beyond 64 bits."""
    node = pb.Node(
        id=normalise(value.get("id", "")),
        type=_TYPES.get(value.get("type", ""), pb.NODE_TYPE_UNSPECIFIED),
        name=value["name"],
        description=value.get("description"),
    )
    for key, handler in value["handlers"].items():
        node.handlers[key].CopyFrom(_handler_from_json(handler, at + pointer("handlers", key)))
    if "position" in value:
        node.position.CopyFrom(pb.Position(x=value["position"]["x"], y=value["position"]["y"]))
    if "ports" in value:
        node.ports.CopyFrom(_ports_from_json(value["ports"]))
    if "annotations" in value:
        node.annotations_json = dumps(value["annotations"])
    if value.get("version") is not None:
        node.version = whole(value["version"], f"{at}/version")
    return node


def _handler_to_json(handler: pb.Handler, at: str) -> dict[str, Any]:
    result: dict[str, Any] = {"entrypoint": handler.entrypoint}
    if handler.HasField("config_json"):
        result["config"] = read(handler.config_json, f"{at}/config")
    if handler.HasField("timeout_seconds"):
        result["timeoutSeconds"] = handler.timeout_seconds
    if handler.HasField("retries"):
        retries: dict[str, Any] = {}
        if handler.retries.HasField("max_attempts"):
            retries["maxAttempts"] = handler.retries.max_attempts
        if handler.retries.HasField("backoff_seconds"):
            retries["backoffSeconds"] = handler.retries.backoff_seconds
        result["retries"] = retries
    return result


def _handler_from_json(value: Mapping[str, Any], at: str) -> pb.Handler:
    handler = pb.Handler(entrypoint=value["entrypoint"])
    if "config" in value:
        handler.config_json = dumps(value["config"])
    if "timeoutSeconds" in value:
        handler.timeout_seconds = whole(value["timeoutSeconds"], f"{at}/timeoutSeconds")
    if "retries" in value:
        retries = value["retries"]
        handler.retries.SetInParent()
        if "maxAttempts" in retries:
            handler.retries.max_attempts = whole(retries["maxAttempts"], f"{at}/retries/maxAttempts")
        if "backoffSeconds" in retries:
            handler.retries.backoff_seconds = whole(retries["backoffSeconds"], f"{at}/retries/backoffSeconds")
    return handler


def _ports_to_json(ports: pb.Ports, at: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if ports.HasField("inputs"):
        result["inputs"] = [
            _input_to_json(port, f"{at}/inputs/{index}") for index, port in enumerate(ports.inputs.ports)
        ]
    if ports.HasField("outputs"):
        result["outputs"] = [
            {"key": port.key, "label": port.label, **({"type": port.type} if port.HasField("type") else {})}
            for port in ports.outputs.ports
        ]
    return result


def _input_to_json(port: pb.InputPort, at: str) -> dict[str, Any]:
    result: dict[str, Any] = {"key": port.key, "label": port.label, "type": port.type}
    if port.HasField("default_json"):
        result["default"] = read(port.default_json, f"{at}/default")
    return result


def _ports_from_json(value: Mapping[str, Any]) -> pb.Ports:
    ports = pb.Ports()
    if "inputs" in value:
        ports.inputs.SetInParent()
        for each in value["inputs"]:
            port = ports.inputs.ports.add(key=each["key"], label=each["label"], type=each["type"])
            if "default" in each:
                port.default_json = dumps(each["default"])
    if "outputs" in value:
        ports.outputs.SetInParent()
        for each in value["outputs"]:
            ports.outputs.ports.add(key=each["key"], label=each["label"], type=each.get("type"))
    return ports
