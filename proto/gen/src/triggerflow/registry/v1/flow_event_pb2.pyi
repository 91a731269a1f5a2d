import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FlowEventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FLOW_EVENT_TYPE_UNSPECIFIED: _ClassVar[FlowEventType]
    FLOW_EVENT_TYPE_UPDATED: _ClassVar[FlowEventType]
    FLOW_EVENT_TYPE_PUBLISHED: _ClassVar[FlowEventType]
    FLOW_EVENT_TYPE_RELEASED: _ClassVar[FlowEventType]
FLOW_EVENT_TYPE_UNSPECIFIED: FlowEventType
FLOW_EVENT_TYPE_UPDATED: FlowEventType
FLOW_EVENT_TYPE_PUBLISHED: FlowEventType
FLOW_EVENT_TYPE_RELEASED: FlowEventType

class FlowEvent(_message.Message):
    __slots__ = ("id", "type", "timestamp", "project_id", "flow_id", "deleted")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: FlowEventType
    timestamp: _timestamp_pb2.Timestamp
    project_id: str
    flow_id: str
    deleted: bool
    def __init__(self, id: _Optional[str] = ..., type: _Optional[_Union[FlowEventType, str]] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., project_id: _Optional[str] = ..., flow_id: _Optional[str] = ..., deleted: _Optional[bool] = ...) -> None: ...
