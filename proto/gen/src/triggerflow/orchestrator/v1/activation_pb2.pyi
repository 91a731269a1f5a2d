import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from triggerflow.orchestrator.v1 import execution_pb2 as _execution_pb2
from triggerflow.orchestrator.v1 import metric_pb2 as _metric_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ActivationStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACTIVATION_STATUS_UNSPECIFIED: _ClassVar[ActivationStatus]
    ACTIVATION_STATUS_RUNNING: _ClassVar[ActivationStatus]
    ACTIVATION_STATUS_WAITING: _ClassVar[ActivationStatus]
    ACTIVATION_STATUS_SUCCEEDED: _ClassVar[ActivationStatus]
    ACTIVATION_STATUS_FAILED: _ClassVar[ActivationStatus]
    ACTIVATION_STATUS_SKIPPED: _ClassVar[ActivationStatus]
    ACTIVATION_STATUS_CANCELLED: _ClassVar[ActivationStatus]
ACTIVATION_STATUS_UNSPECIFIED: ActivationStatus
ACTIVATION_STATUS_RUNNING: ActivationStatus
ACTIVATION_STATUS_WAITING: ActivationStatus
ACTIVATION_STATUS_SUCCEEDED: ActivationStatus
ACTIVATION_STATUS_FAILED: ActivationStatus
ACTIVATION_STATUS_SKIPPED: ActivationStatus
ACTIVATION_STATUS_CANCELLED: ActivationStatus

class Activation(_message.Message):
    __slots__ = ("id", "node_id", "scope", "attempt", "status", "inputs_json", "ports_json", "error", "started_at", "ended_at", "metrics")
    ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_JSON_FIELD_NUMBER: _ClassVar[int]
    PORTS_JSON_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    id: str
    node_id: str
    scope: str
    attempt: int
    status: ActivationStatus
    inputs_json: str
    ports_json: str
    error: _execution_pb2.ExecutionError
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    metrics: _containers.RepeatedCompositeFieldContainer[_metric_pb2.MetricTotal]
    def __init__(self, id: _Optional[str] = ..., node_id: _Optional[str] = ..., scope: _Optional[str] = ..., attempt: _Optional[int] = ..., status: _Optional[_Union[ActivationStatus, str]] = ..., inputs_json: _Optional[str] = ..., ports_json: _Optional[str] = ..., error: _Optional[_Union[_execution_pb2.ExecutionError, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., metrics: _Optional[_Iterable[_Union[_metric_pb2.MetricTotal, _Mapping]]] = ...) -> None: ...
