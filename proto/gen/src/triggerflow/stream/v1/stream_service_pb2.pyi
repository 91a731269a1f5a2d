import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from triggerflow.orchestrator.v1 import event_pb2 as _event_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ProjectEventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROJECT_EVENT_TYPE_UNSPECIFIED: _ClassVar[ProjectEventType]
    PROJECT_EVENT_TYPE_FLOW_UPDATED: _ClassVar[ProjectEventType]
    PROJECT_EVENT_TYPE_FLOW_PUBLISHED: _ClassVar[ProjectEventType]
    PROJECT_EVENT_TYPE_FLOW_RELEASED: _ClassVar[ProjectEventType]
    PROJECT_EVENT_TYPE_EXECUTION_STARTED: _ClassVar[ProjectEventType]
    PROJECT_EVENT_TYPE_EXECUTION_COMPLETED: _ClassVar[ProjectEventType]
    PROJECT_EVENT_TYPE_EXECUTION_FAILED: _ClassVar[ProjectEventType]
PROJECT_EVENT_TYPE_UNSPECIFIED: ProjectEventType
PROJECT_EVENT_TYPE_FLOW_UPDATED: ProjectEventType
PROJECT_EVENT_TYPE_FLOW_PUBLISHED: ProjectEventType
PROJECT_EVENT_TYPE_FLOW_RELEASED: ProjectEventType
PROJECT_EVENT_TYPE_EXECUTION_STARTED: ProjectEventType
PROJECT_EVENT_TYPE_EXECUTION_COMPLETED: ProjectEventType
PROJECT_EVENT_TYPE_EXECUTION_FAILED: ProjectEventType

class WatchExecutionRequest(_message.Message):
    __slots__ = ("project_id", "execution_id", "after")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    execution_id: str
    after: str
    def __init__(self, project_id: _Optional[str] = ..., execution_id: _Optional[str] = ..., after: _Optional[str] = ...) -> None: ...

class WatchExecutionResponse(_message.Message):
    __slots__ = ("events", "cursor")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.ExecutionEvent]
    cursor: str
    def __init__(self, events: _Optional[_Iterable[_Union[_event_pb2.ExecutionEvent, _Mapping]]] = ..., cursor: _Optional[str] = ...) -> None: ...

class WatchProjectRequest(_message.Message):
    __slots__ = ("project_id", "after")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    after: str
    def __init__(self, project_id: _Optional[str] = ..., after: _Optional[str] = ...) -> None: ...

class WatchProjectResponse(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[ProjectEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[ProjectEvent, _Mapping]]] = ...) -> None: ...

class ProjectEvent(_message.Message):
    __slots__ = ("id", "type", "timestamp", "flow_id", "execution_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: ProjectEventType
    timestamp: _timestamp_pb2.Timestamp
    flow_id: str
    execution_id: str
    def __init__(self, id: _Optional[str] = ..., type: _Optional[_Union[ProjectEventType, str]] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., flow_id: _Optional[str] = ..., execution_id: _Optional[str] = ...) -> None: ...
