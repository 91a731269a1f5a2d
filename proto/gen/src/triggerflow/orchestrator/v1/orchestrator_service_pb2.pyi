import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from triggerflow.orchestrator.v1 import activation_pb2 as _activation_pb2
from triggerflow.orchestrator.v1 import event_pb2 as _event_pb2
from triggerflow.orchestrator.v1 import execution_pb2 as _execution_pb2
from triggerflow.orchestrator.v1 import hook_pb2 as _hook_pb2
from triggerflow.orchestrator.v1 import intervention_pb2 as _intervention_pb2
from triggerflow.orchestrator.v1 import load_pb2 as _load_pb2
from triggerflow.orchestrator.v1 import lone_node_pb2 as _lone_node_pb2
from triggerflow.orchestrator.v1 import project_notice_pb2 as _project_notice_pb2
from triggerflow.orchestrator.v1 import rerun_pb2 as _rerun_pb2
from triggerflow.orchestrator.v1 import schedule_pb2 as _schedule_pb2
from triggerflow.orchestrator.v1 import wait_pb2 as _wait_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StartExecutionRequest(_message.Message):
    __slots__ = ("project_id", "request_id", "flow_id", "blueprint_version", "inputs_json", "context", "options", "trigger_node_id", "wait_seconds")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    BLUEPRINT_VERSION_FIELD_NUMBER: _ClassVar[int]
    INPUTS_JSON_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_NODE_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    request_id: str
    flow_id: str
    blueprint_version: str
    inputs_json: str
    context: _execution_pb2.ExecutionContext
    options: _execution_pb2.ExecutionOptions
    trigger_node_id: str
    wait_seconds: int
    def __init__(self, project_id: _Optional[str] = ..., request_id: _Optional[str] = ..., flow_id: _Optional[str] = ..., blueprint_version: _Optional[str] = ..., inputs_json: _Optional[str] = ..., context: _Optional[_Union[_execution_pb2.ExecutionContext, _Mapping]] = ..., options: _Optional[_Union[_execution_pb2.ExecutionOptions, _Mapping]] = ..., trigger_node_id: _Optional[str] = ..., wait_seconds: _Optional[int] = ...) -> None: ...

class StartExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class GetExecutionRequest(_message.Message):
    __slots__ = ("project_id", "execution_id")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    execution_id: str
    def __init__(self, project_id: _Optional[str] = ..., execution_id: _Optional[str] = ...) -> None: ...

class GetExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class ListExecutionsRequest(_message.Message):
    __slots__ = ("project_id", "page_size", "page_token", "flow_id", "statuses", "labels", "to", "query")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FLOW_ID_FIELD_NUMBER: _ClassVar[int]
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    page_size: int
    page_token: str
    flow_id: str
    statuses: _containers.RepeatedScalarFieldContainer[_execution_pb2.ExecutionStatus]
    labels: _containers.RepeatedScalarFieldContainer[str]
    to: _timestamp_pb2.Timestamp
    query: str
    def __init__(self, project_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., flow_id: _Optional[str] = ..., statuses: _Optional[_Iterable[_Union[_execution_pb2.ExecutionStatus, str]]] = ..., labels: _Optional[_Iterable[str]] = ..., to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., query: _Optional[str] = ..., **kwargs) -> None: ...

class ListExecutionsResponse(_message.Message):
    __slots__ = ("executions", "next_page_token")
    EXECUTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    executions: _containers.RepeatedCompositeFieldContainer[_execution_pb2.Execution]
    next_page_token: str
    def __init__(self, executions: _Optional[_Iterable[_Union[_execution_pb2.Execution, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelExecutionRequest(_message.Message):
    __slots__ = ("project_id", "request_id", "execution_id")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    request_id: str
    execution_id: str
    def __init__(self, project_id: _Optional[str] = ..., request_id: _Optional[str] = ..., execution_id: _Optional[str] = ...) -> None: ...

class CancelExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class ListActivationsRequest(_message.Message):
    __slots__ = ("project_id", "execution_id", "page_size", "page_token")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    execution_id: str
    page_size: int
    page_token: str
    def __init__(self, project_id: _Optional[str] = ..., execution_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListActivationsResponse(_message.Message):
    __slots__ = ("activations", "next_page_token")
    ACTIVATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    activations: _containers.RepeatedCompositeFieldContainer[_activation_pb2.Activation]
    next_page_token: str
    def __init__(self, activations: _Optional[_Iterable[_Union[_activation_pb2.Activation, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListEventsRequest(_message.Message):
    __slots__ = ("project_id", "execution_id", "after", "limit")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    execution_id: str
    after: str
    limit: int
    def __init__(self, project_id: _Optional[str] = ..., execution_id: _Optional[str] = ..., after: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListEventsResponse(_message.Message):
    __slots__ = ("events", "next", "ended", "complete")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[_event_pb2.ExecutionEvent]
    next: str
    ended: bool
    complete: bool
    def __init__(self, events: _Optional[_Iterable[_Union[_event_pb2.ExecutionEvent, _Mapping]]] = ..., next: _Optional[str] = ..., ended: _Optional[bool] = ..., complete: _Optional[bool] = ...) -> None: ...

class GetValueRequest(_message.Message):
    __slots__ = ("project_id", "ref", "offset")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    ref: str
    offset: int
    def __init__(self, project_id: _Optional[str] = ..., ref: _Optional[str] = ..., offset: _Optional[int] = ...) -> None: ...

class GetValueResponse(_message.Message):
    __slots__ = ("json", "total_bytes")
    JSON_FIELD_NUMBER: _ClassVar[int]
    TOTAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    json: bytes
    total_bytes: int
    def __init__(self, json: _Optional[bytes] = ..., total_bytes: _Optional[int] = ...) -> None: ...

class ListExecutionNoticesRequest(_message.Message):
    __slots__ = ("project_id", "after", "limit")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    after: str
    limit: int
    def __init__(self, project_id: _Optional[str] = ..., after: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListExecutionNoticesResponse(_message.Message):
    __slots__ = ("notices",)
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    notices: _containers.RepeatedCompositeFieldContainer[_event_pb2.ExecutionNotice]
    def __init__(self, notices: _Optional[_Iterable[_Union[_event_pb2.ExecutionNotice, _Mapping]]] = ...) -> None: ...

class GetLoadRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetLoadResponse(_message.Message):
    __slots__ = ("load",)
    LOAD_FIELD_NUMBER: _ClassVar[int]
    load: _load_pb2.Load
    def __init__(self, load: _Optional[_Union[_load_pb2.Load, _Mapping]] = ...) -> None: ...

class ListProjectNoticesRequest(_message.Message):
    __slots__ = ("project_id", "after", "limit", "newest")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    after: str
    limit: int
    newest: bool
    def __init__(self, project_id: _Optional[str] = ..., after: _Optional[str] = ..., limit: _Optional[int] = ..., newest: _Optional[bool] = ...) -> None: ...

class ListProjectNoticesResponse(_message.Message):
    __slots__ = ("notices", "next")
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    notices: _containers.RepeatedCompositeFieldContainer[_project_notice_pb2.ProjectNotice]
    next: str
    def __init__(self, notices: _Optional[_Iterable[_Union[_project_notice_pb2.ProjectNotice, _Mapping]]] = ..., next: _Optional[str] = ...) -> None: ...
