import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from triggerflow.orchestrator.v1 import metric_pb2 as _metric_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExecutionStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_STATUS_UNSPECIFIED: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_QUEUED: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_RUNNING: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_WAITING: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_SUCCEEDED: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_FAILED: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_CANCELLED: _ClassVar[ExecutionStatus]
EXECUTION_STATUS_UNSPECIFIED: ExecutionStatus
EXECUTION_STATUS_QUEUED: ExecutionStatus
EXECUTION_STATUS_RUNNING: ExecutionStatus
EXECUTION_STATUS_WAITING: ExecutionStatus
EXECUTION_STATUS_SUCCEEDED: ExecutionStatus
EXECUTION_STATUS_FAILED: ExecutionStatus
EXECUTION_STATUS_CANCELLED: ExecutionStatus

class Execution(_message.Message):
    __slots__ = ("id", "project_id", "flow_id", "blueprint_version", "content_hash", "status", "inputs_json", "outputs_json", "error", "context", "options", "rerun_of", "created_at", "started_at", "ended_at", "principal", "flow_name", "metrics")
    ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    BLUEPRINT_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_JSON_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_JSON_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    RERUN_OF_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    FLOW_NAME_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    id: str
    project_id: str
    flow_id: str
    blueprint_version: str
    content_hash: str
    status: ExecutionStatus
    inputs_json: str
    outputs_json: str
    error: ExecutionError
    context: ExecutionContext
    options: ExecutionOptions
    rerun_of: str
    created_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    principal: str
    flow_name: str
    metrics: _containers.RepeatedCompositeFieldContainer[_metric_pb2.MetricTotal]
    def __init__(self, id: _Optional[str] = ..., project_id: _Optional[str] = ..., flow_id: _Optional[str] = ..., blueprint_version: _Optional[str] = ..., content_hash: _Optional[str] = ..., status: _Optional[_Union[ExecutionStatus, str]] = ..., inputs_json: _Optional[str] = ..., outputs_json: _Optional[str] = ..., error: _Optional[_Union[ExecutionError, _Mapping]] = ..., context: _Optional[_Union[ExecutionContext, _Mapping]] = ..., options: _Optional[_Union[ExecutionOptions, _Mapping]] = ..., rerun_of: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., principal: _Optional[str] = ..., flow_name: _Optional[str] = ..., metrics: _Optional[_Iterable[_Union[_metric_pb2.MetricTotal, _Mapping]]] = ...) -> None: ...

class ExecutionError(_message.Message):
    __slots__ = ("type", "message", "node_id", "stack", "attempt")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    STACK_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    type: str
    message: str
    node_id: str
    stack: str
    attempt: int
    def __init__(self, type: _Optional[str] = ..., message: _Optional[str] = ..., node_id: _Optional[str] = ..., stack: _Optional[str] = ..., attempt: _Optional[int] = ...) -> None: ...

class ExecutionContext(_message.Message):
    __slots__ = ("user_id", "labels", "priority")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    labels: ExecutionLabels
    priority: str
    def __init__(self, user_id: _Optional[str] = ..., labels: _Optional[_Union[ExecutionLabels, _Mapping]] = ..., priority: _Optional[str] = ...) -> None: ...

class ExecutionLabels(_message.Message):
    __slots__ = ("labels",)
    LABELS_FIELD_NUMBER: _ClassVar[int]
    labels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, labels: _Optional[_Iterable[str]] = ...) -> None: ...

class ExecutionOptions(_message.Message):
    __slots__ = ("timeout_seconds", "trace")
    ASYNC_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    timeout_seconds: int
    trace: bool
    def __init__(self, timeout_seconds: _Optional[int] = ..., trace: _Optional[bool] = ..., **kwargs) -> None: ...
