import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Intervention(_message.Message):
    __slots__ = ("id", "execution_id", "value_json", "by", "at")
    ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_JSON_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    execution_id: str
    value_json: str
    by: str
    at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., execution_id: _Optional[str] = ..., value_json: _Optional[str] = ..., by: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AddInterventionRequest(_message.Message):
    __slots__ = ("project_id", "request_id", "execution_id", "value_json")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_JSON_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    request_id: str
    execution_id: str
    value_json: str
    def __init__(self, project_id: _Optional[str] = ..., request_id: _Optional[str] = ..., execution_id: _Optional[str] = ..., value_json: _Optional[str] = ...) -> None: ...

class AddInterventionResponse(_message.Message):
    __slots__ = ("intervention",)
    INTERVENTION_FIELD_NUMBER: _ClassVar[int]
    intervention: Intervention
    def __init__(self, intervention: _Optional[_Union[Intervention, _Mapping]] = ...) -> None: ...

class ListInterventionsRequest(_message.Message):
    __slots__ = ("project_id", "execution_id")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    execution_id: str
    def __init__(self, project_id: _Optional[str] = ..., execution_id: _Optional[str] = ...) -> None: ...

class ListInterventionsResponse(_message.Message):
    __slots__ = ("interventions",)
    INTERVENTIONS_FIELD_NUMBER: _ClassVar[int]
    interventions: _containers.RepeatedCompositeFieldContainer[Intervention]
    def __init__(self, interventions: _Optional[_Iterable[_Union[Intervention, _Mapping]]] = ...) -> None: ...
