from triggerflow.orchestrator.v1 import execution_pb2 as _execution_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunNodeRequest(_message.Message):
    __slots__ = ("project_id", "flow_id", "node_id", "inputs_json", "request_id")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    INPUTS_JSON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    flow_id: str
    node_id: str
    inputs_json: str
    request_id: str
    def __init__(self, project_id: _Optional[str] = ..., flow_id: _Optional[str] = ..., node_id: _Optional[str] = ..., inputs_json: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class RunNodeResponse(_message.Message):
    __slots__ = ("ports_json", "error", "logs", "seconds")
    PORTS_JSON_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    LOGS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    ports_json: str
    error: _execution_pb2.ExecutionError
    logs: _containers.RepeatedCompositeFieldContainer[NodeLogLine]
    seconds: float
    def __init__(self, ports_json: _Optional[str] = ..., error: _Optional[_Union[_execution_pb2.ExecutionError, _Mapping]] = ..., logs: _Optional[_Iterable[_Union[NodeLogLine, _Mapping]]] = ..., seconds: _Optional[float] = ...) -> None: ...

class NodeLogLine(_message.Message):
    __slots__ = ("level", "message")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    level: str
    message: str
    def __init__(self, level: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
