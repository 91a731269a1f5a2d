from triggerflow.registry.v1 import node_pb2 as _node_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CatalogueHandler(_message.Message):
    __slots__ = ("reference", "adapter", "node", "config_schema_json", "ui_json", "pure", "health")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    ADAPTER_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    CONFIG_SCHEMA_JSON_FIELD_NUMBER: _ClassVar[int]
    UI_JSON_FIELD_NUMBER: _ClassVar[int]
    PURE_FIELD_NUMBER: _ClassVar[int]
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    reference: str
    adapter: str
    node: _node_pb2.Node
    config_schema_json: str
    ui_json: str
    pure: bool
    health: AdapterHealth
    def __init__(self, reference: _Optional[str] = ..., adapter: _Optional[str] = ..., node: _Optional[_Union[_node_pb2.Node, _Mapping]] = ..., config_schema_json: _Optional[str] = ..., ui_json: _Optional[str] = ..., pure: _Optional[bool] = ..., health: _Optional[_Union[AdapterHealth, _Mapping]] = ...) -> None: ...

class AdapterHealth(_message.Message):
    __slots__ = ("status", "message")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    status: str
    message: str
    def __init__(self, status: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
