import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ProjectNoticeType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROJECT_NOTICE_TYPE_UNSPECIFIED: _ClassVar[ProjectNoticeType]
    PROJECT_NOTICE_TYPE_FLOW_UPDATED: _ClassVar[ProjectNoticeType]
    PROJECT_NOTICE_TYPE_FLOW_PUBLISHED: _ClassVar[ProjectNoticeType]
    PROJECT_NOTICE_TYPE_FLOW_RELEASED: _ClassVar[ProjectNoticeType]
    PROJECT_NOTICE_TYPE_EXECUTION_STARTED: _ClassVar[ProjectNoticeType]
    PROJECT_NOTICE_TYPE_EXECUTION_COMPLETED: _ClassVar[ProjectNoticeType]
    PROJECT_NOTICE_TYPE_EXECUTION_FAILED: _ClassVar[ProjectNoticeType]
PROJECT_NOTICE_TYPE_UNSPECIFIED: ProjectNoticeType
PROJECT_NOTICE_TYPE_FLOW_UPDATED: ProjectNoticeType
PROJECT_NOTICE_TYPE_FLOW_PUBLISHED: ProjectNoticeType
PROJECT_NOTICE_TYPE_FLOW_RELEASED: ProjectNoticeType
PROJECT_NOTICE_TYPE_EXECUTION_STARTED: ProjectNoticeType
PROJECT_NOTICE_TYPE_EXECUTION_COMPLETED: ProjectNoticeType
PROJECT_NOTICE_TYPE_EXECUTION_FAILED: ProjectNoticeType

class ProjectNotice(_message.Message):
    __slots__ = ("id", "type", "timestamp", "project_id", "flow_id", "execution_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: ProjectNoticeType
    timestamp: _timestamp_pb2.Timestamp
    project_id: str
    flow_id: str
    execution_id: str
    def __init__(self, id: _Optional[str] = ..., type: _Optional[_Union[ProjectNoticeType, str]] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., project_id: _Optional[str] = ..., flow_id: _Optional[str] = ..., execution_id: _Optional[str] = ...) -> None: ...
