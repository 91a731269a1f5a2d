import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from triggerflow.registry.v1 import flow_pb2 as _flow_pb2
from triggerflow.registry.v1 import node_pb2 as _node_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Version(_message.Message):
    __slots__ = ("flow_id", "version", "content_hash", "created_at", "message", "blueprint")
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CONTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    BLUEPRINT_FIELD_NUMBER: _ClassVar[int]
    flow_id: str
    version: str
    content_hash: str
    created_at: _timestamp_pb2.Timestamp
    message: str
    blueprint: Blueprint
    def __init__(self, flow_id: _Optional[str] = ..., version: _Optional[str] = ..., content_hash: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., message: _Optional[str] = ..., blueprint: _Optional[_Union[Blueprint, _Mapping]] = ...) -> None: ...

class Blueprint(_message.Message):
    __slots__ = ("name", "description", "nodes", "edges", "channels_json", "settings")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    NODES_FIELD_NUMBER: _ClassVar[int]
    EDGES_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_JSON_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    nodes: _containers.RepeatedCompositeFieldContainer[_node_pb2.Node]
    edges: _containers.RepeatedCompositeFieldContainer[_flow_pb2.Edge]
    channels_json: str
    settings: _flow_pb2.FlowSettings
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., nodes: _Optional[_Iterable[_Union[_node_pb2.Node, _Mapping]]] = ..., edges: _Optional[_Iterable[_Union[_flow_pb2.Edge, _Mapping]]] = ..., channels_json: _Optional[str] = ..., settings: _Optional[_Union[_flow_pb2.FlowSettings, _Mapping]] = ...) -> None: ...
