"""Events: the mission's TriggerFlowExecutionEvent. On the hot path, so mapped by hand, field by field. Pure.

Each type has exactly one kind of payload; one without a payload is none of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from triggerflow.orchestrator.v1 import event_pb2 as pb

from triggerflow_chassis.clock import from_timestamp, parse_rfc3339, rfc3339
from triggerflow_chassis.wire.freeform import plain

TYPE_NAMES: Mapping[int, str] = {
    pb.EXECUTION_EVENT_TYPE_EXECUTION_STARTED: "execution.started",
    pb.EXECUTION_EVENT_TYPE_EXECUTION_COMPLETED: "execution.completed",
    pb.EXECUTION_EVENT_TYPE_EXECUTION_FAILED: "execution.failed",
    pb.EXECUTION_EVENT_TYPE_CHUNK_STARTED: "chunk.started",
    pb.EXECUTION_EVENT_TYPE_CHUNK_COMPLETED: "chunk.completed",
    pb.EXECUTION_EVENT_TYPE_CHUNK_FAILED: "chunk.failed",
    pb.EXECUTION_EVENT_TYPE_RUNTIME_OUTPUT: "runtime.output",
    pb.EXECUTION_EVENT_TYPE_LOG: "log",
    pb.EXECUTION_EVENT_TYPE_METRIC: "metric",
}
TYPES: Mapping[str, Any] = {name: number for number, name in TYPE_NAMES.items()}
# After one of these nothing follows.
LAST_TYPES: frozenset[int] = frozenset(
    {pb.EXECUTION_EVENT_TYPE_EXECUTION_COMPLETED, pb.EXECUTION_EVENT_TYPE_EXECUTION_FAILED}
)

_STATUS_NAMES = {
    pb.EVENT_STATUS_RUNNING: "running",
    pb.EVENT_STATUS_SUCCEEDED: "succeeded",
    pb.EVENT_STATUS_FAILED: "failed",
}
_STATUSES: Mapping[str, Any] = {name: number for number, name in _STATUS_NAMES.items()}
_loads = orjson.loads
_text = orjson.dumps


def event_to_json(event: pb.ExecutionEvent) -> dict[str, Any]:
    """`{id, executionId, type, timestamp, payload}`; the sequence is of the protocol only."""
    result: dict[str, Any] = {
        "id": event.id,
        "executionId": event.execution_id,
        "type": TYPE_NAMES[event.type],
        "timestamp": rfc3339(from_timestamp(event.timestamp)),
    }
    kind = event.WhichOneof("payload")
    if kind == "chunk":
        result["payload"] = _chunk_to_json(event.chunk)
    elif kind == "output":
        result["payload"] = _output_to_json(event.output)
    elif kind == "state":
        result["payload"] = _state_to_json(event.state)
    elif kind == "log":
        log = event.log
        payload = result["payload"] = {"level": log.level, "message": log.message}
        if log.HasField("node_id"):
            payload["nodeId"] = log.node_id
    elif kind == "metric":
        metric = event.metric
        measured: dict[str, Any] = {"name": metric.name, "value": plain(metric.value)}
        if metric.HasField("unit"):
            measured["unit"] = metric.unit
        result["payload"] = measured
    return result


def event_from_json(value: Mapping[str, Any], sequence: int) -> pb.ExecutionEvent:
    """The event as a message. Raises KeyError for a type that is none of the schema's."""
    event = pb.ExecutionEvent(
        id=value["id"],
        execution_id=value["executionId"],
        type=TYPES[value["type"]],
        sequence=sequence,
    )
    seconds, rest = divmod(parse_rfc3339(value["timestamp"]), 1_000_000)
    event.timestamp.seconds = seconds
    event.timestamp.nanos = rest * 1_000
    payload = value.get("payload")
    if payload is None:
        return event
    kind = value["type"].partition(".")[0]
    if kind == "chunk":
        _fill_chunk(event.chunk, payload)
    elif kind == "runtime":
        output = event.output
        output.stream = payload["stream"]
        if "data" in payload:
            output.data_json = _text(payload["data"]).decode()
        if "sequence" in payload:
            output.sequence = payload["sequence"]
    elif kind == "execution":
        event.state.SetInParent()
        if "status" in payload:
            event.state.status = _STATUSES[payload["status"]]
        if "message" in payload:
            event.state.message = payload["message"]
    elif kind == "log":
        event.log.level = payload["level"]
        event.log.message = payload["message"]
        if "nodeId" in payload:
            event.log.node_id = payload["nodeId"]
    else:
        event.metric.name = payload["name"]
        event.metric.value = payload["value"]
        if "unit" in payload:
            event.metric.unit = payload["unit"]
    return event


def _state_to_json(state: pb.ExecutionState) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if state.status:
        result["status"] = _STATUS_NAMES[state.status]
    if state.HasField("message"):
        result["message"] = state.message
    return result


def _chunk_to_json(chunk: pb.ChunkEvent) -> dict[str, Any]:
    result: dict[str, Any] = {"nodeId": chunk.node_id, "status": _STATUS_NAMES[chunk.status]}
    if chunk.HasField("result_json"):
        result["result"] = _loads(chunk.result_json)
    if chunk.HasField("error"):
        error = chunk.error
        shown: dict[str, Any] = {}
        if error.HasField("type"):
            shown["type"] = error.type
        if error.HasField("message"):
            shown["message"] = error.message
        if error.HasField("stack"):
            shown["stack"] = error.stack
        result["error"] = shown
    return result


def _fill_chunk(chunk: pb.ChunkEvent, payload: Mapping[str, Any]) -> None:
    chunk.node_id = payload["nodeId"]
    chunk.status = _STATUSES[payload["status"]]
    if "result" in payload:
        chunk.result_json = _text(payload["result"]).decode()
    if "error" in payload:
        chunk.error.SetInParent()
        for key in ("type", "message", "stack"):
            if key in payload["error"]:
                setattr(chunk.error, key, payload["error"][key])


def _output_to_json(output: pb.RuntimeOutput) -> dict[str, Any]:
    result: dict[str, Any] = {"stream": output.stream}
    if output.HasField("data_json"):
        result["data"] = _loads(output.data_json)
    if output.HasField("sequence"):
        result["sequence"] = output.sequence
    return result
