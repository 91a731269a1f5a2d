from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NodeType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NODE_TYPE_UNSPECIFIED: _ClassVar[NodeType]
    NODE_TYPE_TRIGGER: _ClassVar[NodeType]
    NODE_TYPE_ACTION: _ClassVar[NodeType]
    NODE_TYPE_CONDITION: _ClassVar[NodeType]
    NODE_TYPE_SUBFLOW: _ClassVar[NodeType]
    NODE_TYPE_OUTPUT: _ClassVar[NodeType]
NODE_TYPE_UNSPECIFIED: NodeType
NODE_TYPE_TRIGGER: NodeType
NODE_TYPE_ACTION: NodeType
NODE_TYPE_CONDITION: NodeType
NODE_TYPE_SUBFLOW: NodeType
NODE_TYPE_OUTPUT: NodeType

class Node(_message.Message):
    __slots__ = ("id", "type", "name", "description", "handlers", "position", "ports", "annotations_json", "version")
    class HandlersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Handler
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Handler, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    HANDLERS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    PORTS_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_JSON_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: NodeType
    name: str
    description: str
    handlers: _containers.MessageMap[str, Handler]
    position: Position
    ports: Ports
    annotations_json: str
    version: int
    def __init__(self, id: _Optional[str] = ..., type: _Optional[_Union[NodeType, str]] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., handlers: _Optional[_Mapping[str, Handler]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., ports: _Optional[_Union[Ports, _Mapping]] = ..., annotations_json: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class Handler(_message.Message):
    __slots__ = ("entrypoint", "config_json", "timeout_seconds", "retries")
    ENTRYPOINT_FIELD_NUMBER: _ClassVar[int]
    CONFIG_JSON_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    RETRIES_FIELD_NUMBER: _ClassVar[int]
    entrypoint: str
    config_json: str
    timeout_seconds: int
    retries: Retries
    def __init__(self, entrypoint: _Optional[str] = ..., config_json: _Optional[str] = ..., timeout_seconds: _Optional[int] = ..., retries: _Optional[_Union[Retries, _Mapping]] = ...) -> None: ...

class Retries(_message.Message):
    __slots__ = ("max_attempts", "backoff_seconds")
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    BACKOFF_SECONDS_FIELD_NUMBER: _ClassVar[int]
    max_attempts: int
    backoff_seconds: int
    def __init__(self, max_attempts: _Optional[int] = ..., backoff_seconds: _Optional[int] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("x", "y")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    x: float
    y: float
    def __init__(self, x: _Optional[float] = ..., y: _Optional[float] = ...) -> None: ...

class Ports(_message.Message):
    __slots__ = ("inputs", "outputs")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    inputs: InputPorts
    outputs: OutputPorts
    def __init__(self, inputs: _Optional[_Union[InputPorts, _Mapping]] = ..., outputs: _Optional[_Union[OutputPorts, _Mapping]] = ...) -> None: ...

class InputPorts(_message.Message):
    __slots__ = ("ports",)
    PORTS_FIELD_NUMBER: _ClassVar[int]
    ports: _containers.RepeatedCompositeFieldContainer[InputPort]
    def __init__(self, ports: _Optional[_Iterable[_Union[InputPort, _Mapping]]] = ...) -> None: ...

class OutputPorts(_message.Message):
    __slots__ = ("ports",)
    PORTS_FIELD_NUMBER: _ClassVar[int]
    ports: _containers.RepeatedCompositeFieldContainer[OutputPort]
    def __init__(self, ports: _Optional[_Iterable[_Union[OutputPort, _Mapping]]] = ...) -> None: ...

class InputPort(_message.Message):
    __slots__ = ("key", "label", "type", "default_json")
    KEY_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_JSON_FIELD_NUMBER: _ClassVar[int]
    key: str
    label: str
    type: str
    default_json: str
    def __init__(self, key: _Optional[str] = ..., label: _Optional[str] = ..., type: _Optional[str] = ..., default_json: _Optional[str] = ...) -> None: ...

class OutputPort(_message.Message):
    __slots__ = ("key", "label", "type")
    KEY_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    key: str
    label: str
    type: str
    def __init__(self, key: _Optional[str] = ..., label: _Optional[str] = ..., type: _Optional[str] = ...) -> None: ...
