import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExecutionEventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_EVENT_TYPE_UNSPECIFIED: _ClassVar[ExecutionEventType]
    EXECUTION_EVENT_TYPE_EXECUTION_STARTED: _ClassVar[ExecutionEventType]
    EXECUTION_EVENT_TYPE_EXECUTION_COMPLETED: _ClassVar[ExecutionEventType]
    EXECUTION_EVENT_TYPE_EXECUTION_FAILED: _ClassVar[ExecutionEventType]
    EXECUTION_EVENT_TYPE_CHUNK_STARTED: _ClassVar[ExecutionEventType]
    EXECUTION_EVENT_TYPE_CHUNK_COMPLETED: _ClassVar[ExecutionEventType]
    EXECUTION_EVENT_TYPE_CHUNK_FAILED: _ClassVar[ExecutionEventType]
    EXECUTION_EVENT_TYPE_RUNTIME_OUTPUT: _ClassVar[ExecutionEventType]
    EXECUTION_EVENT_TYPE_LOG: _ClassVar[ExecutionEventType]
    EXECUTION_EVENT_TYPE_METRIC: _ClassVar[ExecutionEventType]

class EventStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_STATUS_UNSPECIFIED: _ClassVar[EventStatus]
    EVENT_STATUS_RUNNING: _ClassVar[EventStatus]
    EVENT_STATUS_SUCCEEDED: _ClassVar[EventStatus]
    EVENT_STATUS_FAILED: _ClassVar[EventStatus]
EXECUTION_EVENT_TYPE_UNSPECIFIED: ExecutionEventType
EXECUTION_EVENT_TYPE_EXECUTION_STARTED: ExecutionEventType
EXECUTION_EVENT_TYPE_EXECUTION_COMPLETED: ExecutionEventType
EXECUTION_EVENT_TYPE_EXECUTION_FAILED: ExecutionEventType
EXECUTION_EVENT_TYPE_CHUNK_STARTED: ExecutionEventType
EXECUTION_EVENT_TYPE_CHUNK_COMPLETED: ExecutionEventType
EXECUTION_EVENT_TYPE_CHUNK_FAILED: ExecutionEventType
EXECUTION_EVENT_TYPE_RUNTIME_OUTPUT: ExecutionEventType
EXECUTION_EVENT_TYPE_LOG: ExecutionEventType
EXECUTION_EVENT_TYPE_METRIC: ExecutionEventType
EVENT_STATUS_UNSPECIFIED: EventStatus
EVENT_STATUS_RUNNING: EventStatus
EVENT_STATUS_SUCCEEDED: EventStatus
EVENT_STATUS_FAILED: EventStatus

class ExecutionEvent(_message.Message):
    __slots__ = ("id", "execution_id", "type", "timestamp", "sequence", "state", "chunk", "output", "log", "metric")
    ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    LOG_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    id: str
    execution_id: str
    type: ExecutionEventType
    timestamp: _timestamp_pb2.Timestamp
    sequence: int
    state: ExecutionState
    chunk: ChunkEvent
    output: RuntimeOutput
    log: LogEvent
    metric: MetricEvent
    def __init__(self, id: _Optional[str] = ..., execution_id: _Optional[str] = ..., type: _Optional[_Union[ExecutionEventType, str]] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sequence: _Optional[int] = ..., state: _Optional[_Union[ExecutionState, _Mapping]] = ..., chunk: _Optional[_Union[ChunkEvent, _Mapping]] = ..., output: _Optional[_Union[RuntimeOutput, _Mapping]] = ..., log: _Optional[_Union[LogEvent, _Mapping]] = ..., metric: _Optional[_Union[MetricEvent, _Mapping]] = ...) -> None: ...

class ExecutionState(_message.Message):
    __slots__ = ("status", "message")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    status: EventStatus
    message: str
    def __init__(self, status: _Optional[_Union[EventStatus, str]] = ..., message: _Optional[str] = ...) -> None: ...

class ChunkEvent(_message.Message):
    __slots__ = ("node_id", "status", "result_json", "error")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RESULT_JSON_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    status: EventStatus
    result_json: str
    error: ChunkError
    def __init__(self, node_id: _Optional[str] = ..., status: _Optional[_Union[EventStatus, str]] = ..., result_json: _Optional[str] = ..., error: _Optional[_Union[ChunkError, _Mapping]] = ...) -> None: ...

class ChunkError(_message.Message):
    __slots__ = ("type", "message", "stack")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    STACK_FIELD_NUMBER: _ClassVar[int]
    type: str
    message: str
    stack: str
    def __init__(self, type: _Optional[str] = ..., message: _Optional[str] = ..., stack: _Optional[str] = ...) -> None: ...

class RuntimeOutput(_message.Message):
    __slots__ = ("stream", "data_json", "sequence")
    STREAM_FIELD_NUMBER: _ClassVar[int]
    DATA_JSON_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    stream: str
    data_json: str
    sequence: int
    def __init__(self, stream: _Optional[str] = ..., data_json: _Optional[str] = ..., sequence: _Optional[int] = ...) -> None: ...

class LogEvent(_message.Message):
    __slots__ = ("level", "message", "node_id")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    level: str
    message: str
    node_id: str
    def __init__(self, level: _Optional[str] = ..., message: _Optional[str] = ..., node_id: _Optional[str] = ...) -> None: ...

class MetricEvent(_message.Message):
    __slots__ = ("name", "value", "unit")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    unit: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ..., unit: _Optional[str] = ...) -> None: ...

class ExecutionNotice(_message.Message):
    __slots__ = ("id", "type", "timestamp", "project_id", "flow_id", "execution_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: ExecutionEventType
    timestamp: _timestamp_pb2.Timestamp
    project_id: str
    flow_id: str
    execution_id: str
    def __init__(self, id: _Optional[str] = ..., type: _Optional[_Union[ExecutionEventType, str]] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., project_id: _Optional[str] = ..., flow_id: _Optional[str] = ..., execution_id: _Optional[str] = ...) -> None: ...
