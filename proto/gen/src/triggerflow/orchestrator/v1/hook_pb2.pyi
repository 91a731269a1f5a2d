import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from triggerflow.orchestrator.v1 import execution_pb2 as _execution_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Hook(_message.Message):
    __slots__ = ("node_id", "name", "kind", "path", "secret", "active")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    name: str
    kind: str
    path: str
    secret: str
    active: bool
    def __init__(self, node_id: _Optional[str] = ..., name: _Optional[str] = ..., kind: _Optional[str] = ..., path: _Optional[str] = ..., secret: _Optional[str] = ..., active: _Optional[bool] = ...) -> None: ...

class HookListen(_message.Message):
    __slots__ = ("path", "until", "inputs_json", "called_at")
    PATH_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    INPUTS_JSON_FIELD_NUMBER: _ClassVar[int]
    CALLED_AT_FIELD_NUMBER: _ClassVar[int]
    path: str
    until: _timestamp_pb2.Timestamp
    inputs_json: str
    called_at: _timestamp_pb2.Timestamp
    def __init__(self, path: _Optional[str] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., inputs_json: _Optional[str] = ..., called_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class HookHeader(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class CallHookRequest(_message.Message):
    __slots__ = ("project_id", "path", "test", "method", "query", "headers", "body", "wait_seconds")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    TEST_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    path: str
    test: bool
    method: str
    query: str
    headers: _containers.RepeatedCompositeFieldContainer[HookHeader]
    body: bytes
    wait_seconds: int
    def __init__(self, project_id: _Optional[str] = ..., path: _Optional[str] = ..., test: _Optional[bool] = ..., method: _Optional[str] = ..., query: _Optional[str] = ..., headers: _Optional[_Iterable[_Union[HookHeader, _Mapping]]] = ..., body: _Optional[bytes] = ..., wait_seconds: _Optional[int] = ...) -> None: ...

class CallHookResponse(_message.Message):
    __slots__ = ("execution", "sync")
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    SYNC_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    sync: bool
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ..., sync: _Optional[bool] = ...) -> None: ...

class GetHookPageRequest(_message.Message):
    __slots__ = ("project_id", "path")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    path: str
    def __init__(self, project_id: _Optional[str] = ..., path: _Optional[str] = ...) -> None: ...

class GetHookPageResponse(_message.Message):
    __slots__ = ("kind", "config_json", "flow_name")
    KIND_FIELD_NUMBER: _ClassVar[int]
    CONFIG_JSON_FIELD_NUMBER: _ClassVar[int]
    FLOW_NAME_FIELD_NUMBER: _ClassVar[int]
    kind: str
    config_json: str
    flow_name: str
    def __init__(self, kind: _Optional[str] = ..., config_json: _Optional[str] = ..., flow_name: _Optional[str] = ...) -> None: ...

class SubmitHookRequest(_message.Message):
    __slots__ = ("project_id", "path", "inputs_json", "submission_id")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    INPUTS_JSON_FIELD_NUMBER: _ClassVar[int]
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    path: str
    inputs_json: str
    submission_id: str
    def __init__(self, project_id: _Optional[str] = ..., path: _Optional[str] = ..., inputs_json: _Optional[str] = ..., submission_id: _Optional[str] = ...) -> None: ...

class SubmitHookResponse(_message.Message):
    __slots__ = ("execution", "waiting")
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    waiting: str
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ..., waiting: _Optional[str] = ...) -> None: ...

class GetSubmissionRequest(_message.Message):
    __slots__ = ("project_id", "path", "submission_id", "wait_seconds")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    path: str
    submission_id: str
    wait_seconds: int
    def __init__(self, project_id: _Optional[str] = ..., path: _Optional[str] = ..., submission_id: _Optional[str] = ..., wait_seconds: _Optional[int] = ...) -> None: ...

class GetSubmissionResponse(_message.Message):
    __slots__ = ("execution", "waiting")
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    waiting: str
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ..., waiting: _Optional[str] = ...) -> None: ...

class ListHooksRequest(_message.Message):
    __slots__ = ("project_id", "flow_id")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    flow_id: str
    def __init__(self, project_id: _Optional[str] = ..., flow_id: _Optional[str] = ...) -> None: ...

class ListHooksResponse(_message.Message):
    __slots__ = ("hooks",)
    HOOKS_FIELD_NUMBER: _ClassVar[int]
    hooks: _containers.RepeatedCompositeFieldContainer[Hook]
    def __init__(self, hooks: _Optional[_Iterable[_Union[Hook, _Mapping]]] = ...) -> None: ...

class RotateHookSecretRequest(_message.Message):
    __slots__ = ("project_id", "flow_id", "node_id", "request_id")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    flow_id: str
    node_id: str
    request_id: str
    def __init__(self, project_id: _Optional[str] = ..., flow_id: _Optional[str] = ..., node_id: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class RotateHookSecretResponse(_message.Message):
    __slots__ = ("hook",)
    HOOK_FIELD_NUMBER: _ClassVar[int]
    hook: Hook
    def __init__(self, hook: _Optional[_Union[Hook, _Mapping]] = ...) -> None: ...

class ListenHookRequest(_message.Message):
    __slots__ = ("project_id", "flow_id", "node_id", "request_id")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    flow_id: str
    node_id: str
    request_id: str
    def __init__(self, project_id: _Optional[str] = ..., flow_id: _Optional[str] = ..., node_id: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class ListenHookResponse(_message.Message):
    __slots__ = ("listen",)
    LISTEN_FIELD_NUMBER: _ClassVar[int]
    listen: HookListen
    def __init__(self, listen: _Optional[_Union[HookListen, _Mapping]] = ...) -> None: ...

class GetHookListenRequest(_message.Message):
    __slots__ = ("project_id", "flow_id", "node_id")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    flow_id: str
    node_id: str
    def __init__(self, project_id: _Optional[str] = ..., flow_id: _Optional[str] = ..., node_id: _Optional[str] = ...) -> None: ...

class GetHookListenResponse(_message.Message):
    __slots__ = ("listen",)
    LISTEN_FIELD_NUMBER: _ClassVar[int]
    listen: HookListen
    def __init__(self, listen: _Optional[_Union[HookListen, _Mapping]] = ...) -> None: ...
