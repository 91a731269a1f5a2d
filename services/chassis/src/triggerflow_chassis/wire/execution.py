"""Executions and activations. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from triggerflow.orchestrator.v1 import activation_pb2, execution_pb2, metric_pb2

from triggerflow_chassis.clock import from_timestamp, parse_rfc3339, rfc3339, to_timestamp
from triggerflow_chassis.ids import normalise
from triggerflow_chassis.jsontext import dumps
from triggerflow_chassis.wire.freeform import trusted, whole

STATUS_NAMES: Mapping[int, str] = {
    execution_pb2.EXECUTION_STATUS_QUEUED: "queued",
    execution_pb2.EXECUTION_STATUS_RUNNING: "running",
    execution_pb2.EXECUTION_STATUS_WAITING: "waiting",
    execution_pb2.EXECUTION_STATUS_SUCCEEDED: "succeeded",
    execution_pb2.EXECUTION_STATUS_FAILED: "failed",
    execution_pb2.EXECUTION_STATUS_CANCELLED: "cancelled",
}
STATUSES: Mapping[str, Any] = {name: number for number, name in STATUS_NAMES.items()}
ACTIVATION_STATUS_NAMES: Mapping[int, str] = {
    activation_pb2.ACTIVATION_STATUS_RUNNING: "running",
    activation_pb2.ACTIVATION_STATUS_WAITING: "waiting",
    activation_pb2.ACTIVATION_STATUS_SUCCEEDED: "succeeded",
    activation_pb2.ACTIVATION_STATUS_FAILED: "failed",
    activation_pb2.ACTIVATION_STATUS_SKIPPED: "skipped",
    activation_pb2.ACTIVATION_STATUS_CANCELLED: "cancelled",
}
ACTIVATION_STATUSES: Mapping[str, Any] = {name: number for number, name in ACTIVATION_STATUS_NAMES.items()}


def execution_to_json(execution: execution_pb2.Execution) -> dict[str, Any]:
    """The execution as REST shows it, its options with defaults."""
    result: dict[str, Any] = {
        "id": execution.id,
        "projectId": execution.project_id,
        "flowId": execution.flow_id,
        "blueprintVersion": execution.blueprint_version,
        "contentHash": execution.content_hash,
        "status": STATUS_NAMES[execution.status],
        "inputs": trusted(execution.inputs_json or "{}"),
        "outputs": trusted(execution.outputs_json or "{}"),
        "error": error_to_json(execution.error) if execution.HasField("error") else None,
        "context": context_to_json(execution.context),
        "executionOptions": options_to_json(execution.options),
    }
    if execution.HasField("rerun_of"):
        result["rerunOf"] = execution.rerun_of
    if execution.metrics:
        result["metrics"] = metrics_to_json(execution.metrics)
    result["createdAt"] = _shown(execution.created_at)
    result["startedAt"] = _shown(execution.started_at) if execution.HasField("started_at") else None
    result["endedAt"] = _shown(execution.ended_at) if execution.HasField("ended_at") else None
    return result


def execution_from_json(
    value: Mapping[str, Any], *, principal: str = "", flow_name: str = ""
) -> execution_pb2.Execution:
    """The execution as a message; principal and flow name are not part of its JSON."""
    execution = execution_pb2.Execution(
        id=normalise(value["id"]),
        project_id=normalise(value["projectId"]),
        flow_id=normalise(value["flowId"]),
        blueprint_version=value["blueprintVersion"],
        content_hash=value["contentHash"],
        status=STATUSES[value["status"]],
        inputs_json=dumps(value["inputs"]),
        outputs_json=dumps(value["outputs"]),
        context=context_from_json(value["context"]),
        options=options_from_json(value["executionOptions"]),
        rerun_of=value.get("rerunOf"),
        created_at=_time(value["createdAt"]),
        principal=principal,
        flow_name=flow_name,
        metrics=metrics_from_json(value.get("metrics", {})),
    )
    if value.get("error") is not None:
        execution.error.CopyFrom(error_from_json(value["error"]))
    if value.get("startedAt") is not None:
        execution.started_at.CopyFrom(_time(value["startedAt"]))
    if value.get("endedAt") is not None:
        execution.ended_at.CopyFrom(_time(value["endedAt"]))
    return execution


def activation_to_json(activation: activation_pb2.Activation) -> dict[str, Any]:
    """The activation as REST shows it."""
    result: dict[str, Any] = {
        "id": activation.id,
        "nodeId": activation.node_id,
        "scope": activation.scope,
        "attempt": activation.attempt,
        "status": ACTIVATION_STATUS_NAMES[activation.status],
    }
    if activation.HasField("inputs_json"):
        result["inputs"] = trusted(activation.inputs_json)
    result["ports"] = trusted(activation.ports_json or "{}")
    result["error"] = error_to_json(activation.error) if activation.HasField("error") else None
    if activation.metrics:
        result["metrics"] = metrics_to_json(activation.metrics)
    result["startedAt"] = _shown(activation.started_at)
    result["endedAt"] = _shown(activation.ended_at) if activation.HasField("ended_at") else None
    return result


def activation_from_json(value: Mapping[str, Any]) -> activation_pb2.Activation:
    """The activation as a message."""
    activation = activation_pb2.Activation(
        id=normalise(value["id"]),
        node_id=normalise(value["nodeId"]),
        scope=value["scope"],
        attempt=value["attempt"],
        status=ACTIVATION_STATUSES[value["status"]],
        ports_json=dumps(value["ports"]),
        started_at=_time(value["startedAt"]),
        metrics=metrics_from_json(value.get("metrics", {})),
    )
    if "inputs" in value:
        activation.inputs_json = dumps(value["inputs"])
    if value.get("error") is not None:
        activation.error.CopyFrom(error_from_json(value["error"]))
    if value.get("endedAt") is not None:
        activation.ended_at.CopyFrom(_time(value["endedAt"]))
    return activation


def metrics_to_json(metrics: Iterable[metric_pb2.MetricTotal]) -> dict[str, Any]:
    """`{name: {total, count, unit}}`; the unit is null where there is none."""
    return {
        metric.name: {
            "total": int(metric.total) if metric.total.is_integer() and abs(metric.total) < 2**53 else metric.total,
            "count": metric.count,
            "unit": metric.unit if metric.HasField("unit") else None,
        }
        for metric in metrics
    }


def metrics_from_json(value: Mapping[str, Any]) -> list[metric_pb2.MetricTotal]:
    """The metrics as messages."""
    return [
        metric_pb2.MetricTotal(name=name, unit=found["unit"], total=found["total"], count=found["count"])
        for name, found in value.items()
    ]


def error_to_json(error: execution_pb2.ExecutionError) -> dict[str, Any]:
    """`{type, message, nodeId?, stack?, attempt?}`."""
    result: dict[str, Any] = {"type": error.type, "message": error.message}
    if error.HasField("node_id"):
        result["nodeId"] = error.node_id
    if error.HasField("stack"):
        result["stack"] = error.stack
    if error.HasField("attempt"):
        result["attempt"] = error.attempt
    return result


def error_from_json(value: Mapping[str, Any]) -> execution_pb2.ExecutionError:
    """The error as a message."""
    return execution_pb2.ExecutionError(
        type=value["type"],
        message=value["message"],
        node_id=value.get("nodeId"),
        stack=value.get("stack"),
        attempt=value.get("attempt"),
    )


def context_to_json(context: execution_pb2.ExecutionContext) -> dict[str, Any]:
    """The caller's context, as it was given."""
    result: dict[str, Any] = {}
    if context.HasField("user_id"):
        result["userId"] = context.user_id
    if context.HasField("labels"):
        result["labels"] = list(context.labels.labels)
    if context.HasField("priority"):
        result["priority"] = context.priority
    return result


def context_from_json(value: Mapping[str, Any]) -> execution_pb2.ExecutionContext:
    """The context as a message."""
    context = execution_pb2.ExecutionContext(user_id=value.get("userId"), priority=value.get("priority"))
    if "labels" in value:
        context.labels.SetInParent()
        context.labels.labels.extend(value["labels"])
    return context


def options_to_json(options: execution_pb2.ExecutionOptions) -> dict[str, Any]:
    """The options with their defaults filled in."""
    # "async" is a word of Python, hence getattr.
    result: dict[str, Any] = {"async": getattr(options, "async") if options.HasField("async") else True}
    if options.HasField("timeout_seconds"):
        result["timeoutSeconds"] = options.timeout_seconds
    result["trace"] = options.trace
    return result


def options_from_json(value: Mapping[str, Any], at: str = "/executionOptions") -> execution_pb2.ExecutionOptions:
    """The options as a message; absent stays absent. Raises Invalid for a number beyond 64 bits."""
    options = execution_pb2.ExecutionOptions(trace=value.get("trace"))
    if "async" in value:
        setattr(options, "async", value["async"])
    if "timeoutSeconds" in value:
        options.timeout_seconds = whole(value["timeoutSeconds"], f"{at}/timeoutSeconds")
    return options


def _shown(time: Timestamp) -> str:
    return rfc3339(from_timestamp(time))


def _time(text: str) -> Timestamp:
    return to_timestamp(parse_rfc3339(text))
