import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from triggerflow.registry.v1 import node_pb2 as _node_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ProblemSeverity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROBLEM_SEVERITY_UNSPECIFIED: _ClassVar[ProblemSeverity]
    PROBLEM_SEVERITY_ERROR: _ClassVar[ProblemSeverity]
    PROBLEM_SEVERITY_WARNING: _ClassVar[ProblemSeverity]
PROBLEM_SEVERITY_UNSPECIFIED: ProblemSeverity
PROBLEM_SEVERITY_ERROR: ProblemSeverity
PROBLEM_SEVERITY_WARNING: ProblemSeverity

class Flow(_message.Message):
    __slots__ = ("id", "project_id", "name", "description", "nodes", "edges", "channels_json", "settings", "latest_version", "problems", "created_at", "updated_at", "etag")
    ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    EDGES_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_JSON_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    LATEST_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    id: str
    project_id: str
    name: str
    description: str
    nodes: _containers.RepeatedCompositeFieldContainer[_node_pb2.Node]
    edges: _containers.RepeatedCompositeFieldContainer[Edge]
    channels_json: str
    settings: FlowSettings
    latest_version: str
    problems: _containers.RepeatedCompositeFieldContainer[Problem]
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, id: _Optional[str] = ..., project_id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., nodes: _Optional[_Iterable[_Union[_node_pb2.Node, _Mapping]]] = ..., edges: _Optional[_Iterable[_Union[Edge, _Mapping]]] = ..., channels_json: _Optional[str] = ..., settings: _Optional[_Union[FlowSettings, _Mapping]] = ..., latest_version: _Optional[str] = ..., problems: _Optional[_Iterable[_Union[Problem, _Mapping]]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class Edge(_message.Message):
    __slots__ = ("id", "source", "target", "loop_json")
    ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    LOOP_JSON_FIELD_NUMBER: _ClassVar[int]
    id: str
    source: Endpoint
    target: Endpoint
    loop_json: str
    def __init__(self, id: _Optional[str] = ..., source: _Optional[_Union[Endpoint, _Mapping]] = ..., target: _Optional[_Union[Endpoint, _Mapping]] = ..., loop_json: _Optional[str] = ...) -> None: ...

class Endpoint(_message.Message):
    __slots__ = ("node_id", "port")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    port: str
    def __init__(self, node_id: _Optional[str] = ..., port: _Optional[str] = ...) -> None: ...

class FlowSettings(_message.Message):
    __slots__ = ("timeout_seconds", "labels", "concurrency", "on_failure")
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    ON_FAILURE_FIELD_NUMBER: _ClassVar[int]
    timeout_seconds: int
    labels: LabelList
    concurrency: int
    on_failure: OnFailure
    def __init__(self, timeout_seconds: _Optional[int] = ..., labels: _Optional[_Union[LabelList, _Mapping]] = ..., concurrency: _Optional[int] = ..., on_failure: _Optional[_Union[OnFailure, _Mapping]] = ...) -> None: ...

class OnFailure(_message.Message):
    __slots__ = ("flow_id", "url")
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    flow_id: str
    url: str
    def __init__(self, flow_id: _Optional[str] = ..., url: _Optional[str] = ...) -> None: ...

class LabelList(_message.Message):
    __slots__ = ("labels",)
    LABELS_FIELD_NUMBER: _ClassVar[int]
    labels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, labels: _Optional[_Iterable[str]] = ...) -> None: ...

class Problem(_message.Message):
    __slots__ = ("severity", "pointer", "node_id", "reason", "message")
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    POINTER_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    severity: ProblemSeverity
    pointer: str
    node_id: str
    reason: str
    message: str
    def __init__(self, severity: _Optional[_Union[ProblemSeverity, str]] = ..., pointer: _Optional[str] = ..., node_id: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
