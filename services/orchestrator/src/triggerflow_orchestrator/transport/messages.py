"""Make messages of records. Field by field, since it is done for every answer and event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from triggerflow.orchestrator.v1 import (
    activation_pb2,
    event_pb2,
    execution_pb2,
    load_pb2,
    metric_pb2,
    project_notice_pb2,
)
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as service_pb2
from triggerflow_chassis.clock import to_timestamp
from triggerflow_chassis.wire import event as event_wire
from triggerflow_chassis.wire import execution as wire
from triggerflow_chassis.wire.project_event import NOTICE_TYPES

from triggerflow_orchestrator.domain.execution import (
    PRIORITIES,
    ActivationRecord,
    ExecutionRecord,
    Failure,
    MetricTotal,
    ProjectNotice,
    StoredEvent,
)
from triggerflow_orchestrator.domain.lease import Load, WorkerLoad


def execution(record: ExecutionRecord) -> execution_pb2.Execution:
    message = execution_pb2.Execution(
        id=record.id,
        project_id=record.project_id,
        flow_id=record.flow_id,
        blueprint_version=record.version,
        content_hash=record.content_hash,
        status=wire.STATUSES[record.status],
        inputs_json=record.inputs_json,
        outputs_json=record.outputs_json,
        context=wire.context_from_json(record.context),
        options=options(record.options),
        rerun_of=record.rerun_of,
        created_at=to_timestamp(record.created_at),
        principal=record.principal,
        flow_name=record.flow_name,
    )
    if record.error is not None:
        message.error.CopyFrom(failure(record.error))
    if record.started_at is not None:
        message.started_at.CopyFrom(to_timestamp(record.started_at))
    if record.ended_at is not None:
        message.ended_at.CopyFrom(to_timestamp(record.ended_at))
    return message


def options(stored: Mapping[str, Any]) -> execution_pb2.ExecutionOptions:
    return wire.options_from_json(stored)


def failure(error: Failure) -> execution_pb2.ExecutionError:
    return execution_pb2.ExecutionError(
        type=error.type, message=error.message, node_id=error.node_id, stack=error.stack, attempt=error.attempt
    )


def activation(record: ActivationRecord) -> activation_pb2.Activation:
    message = activation_pb2.Activation(
        id=record.id,
        node_id=record.node_id,
        scope=record.scope,
        attempt=record.attempt,
        status=wire.ACTIVATION_STATUSES[record.status],
        inputs_json=record.inputs_json,
        ports_json=record.ports_json,
        started_at=to_timestamp(record.started_at),
    )
    if record.error is not None:
        message.error.CopyFrom(failure(record.error))
    if record.ended_at is not None:
        message.ended_at.CopyFrom(to_timestamp(record.ended_at))
    if record.metrics:
        message.metrics.extend(map(metric, record.metrics))
    return message


def metric(total: MetricTotal) -> metric_pb2.MetricTotal:
    return metric_pb2.MetricTotal(name=total.name, unit=total.unit, total=total.total, count=total.count)


def event(stored: StoredEvent) -> event_pb2.ExecutionEvent:
    return event_wire.event_from_json(orjson.loads(stored.body), stored.sequence)


def project_notice(record: ProjectNotice) -> project_notice_pb2.ProjectNotice:
    return project_notice_pb2.ProjectNotice(
        id=record.id,
        type=NOTICE_TYPES[record.type],
        timestamp=to_timestamp(record.timestamp),
        project_id=record.project_id,
        flow_id=record.flow_id,
        execution_id=record.execution_id,
    )


def execution_notice(record: ProjectNotice) -> event_pb2.ExecutionNotice:
    return event_pb2.ExecutionNotice(
        id=record.id,
        type=event_wire.TYPES[record.type],
        timestamp=to_timestamp(record.timestamp),
        project_id=record.project_id,
        flow_id=record.flow_id,
        execution_id=record.execution_id,
    )


def render_start(record: ExecutionRecord) -> bytes:
    """The answer to StartExecution as it is stored and replayed."""
    return service_pb2.StartExecutionResponse(execution=execution(record)).SerializeToString()


def render_cancel(record: ExecutionRecord) -> bytes:
    """The answer to CancelExecution as it is stored and replayed."""
    return service_pb2.CancelExecutionResponse(execution=execution(record)).SerializeToString()


def load(figures: Load) -> load_pb2.Load:
    return load_pb2.Load(
        queued=[
            load_pb2.QueuedRuns(priority=name, count=figures.queued[number])
            for name, number in PRIORITIES.items()
            if number in figures.queued
        ],
        oldest_queued_seconds=figures.oldest_seconds,
        workers=[worker_load(worker) for worker in figures.workers],
        stray_handlers=figures.strays,
    )


def worker_load(worker: WorkerLoad) -> load_pb2.WorkerLoad:
    return load_pb2.WorkerLoad(
        id=worker.id,
        name=worker.name,
        live_runs=worker.live,
        most_runs=worker.most,
        started_at=to_timestamp(worker.started_at),
        lease_seconds=worker.lease_seconds,
        stray_handlers=worker.strays,
    )
