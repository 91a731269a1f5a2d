from triggerflow.orchestrator.v1 import execution_pb2 as _execution_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RetryExecutionRequest(_message.Message):
    __slots__ = ("project_id", "request_id", "execution_id", "start", "blueprint_version", "inputs_json")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    BLUEPRINT_VERSION_FIELD_NUMBER: _ClassVar[int]
    INPUTS_JSON_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    request_id: str
    execution_id: str
    start: str
    blueprint_version: str
    inputs_json: str
    def __init__(self, project_id: _Optional[str] = ..., request_id: _Optional[str] = ..., execution_id: _Optional[str] = ..., start: _Optional[str] = ..., blueprint_version: _Optional[str] = ..., inputs_json: _Optional[str] = ...) -> None: ...

class RetryExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class PlanRetryRequest(_message.Message):
    __slots__ = ("project_id", "execution_id", "start", "blueprint_version", "inputs_json")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    BLUEPRINT_VERSION_FIELD_NUMBER: _ClassVar[int]
    INPUTS_JSON_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    execution_id: str
    start: str
    blueprint_version: str
    inputs_json: str
    def __init__(self, project_id: _Optional[str] = ..., execution_id: _Optional[str] = ..., start: _Optional[str] = ..., blueprint_version: _Optional[str] = ..., inputs_json: _Optional[str] = ...) -> None: ...

class PlanRetryResponse(_message.Message):
    __slots__ = ("plan",)
    PLAN_FIELD_NUMBER: _ClassVar[int]
    plan: RerunPlan
    def __init__(self, plan: _Optional[_Union[RerunPlan, _Mapping]] = ...) -> None: ...

class RetryExecutionsRequest(_message.Message):
    __slots__ = ("project_id", "request_id", "execution_ids", "start", "blueprint_version")
    PROJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_IDS_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    BLUEPRINT_VERSION_FIELD_NUMBER: _ClassVar[int]
    project_id: str
    request_id: str
    execution_ids: _containers.RepeatedScalarFieldContainer[str]
    start: str
    blueprint_version: str
    def __init__(self, project_id: _Optional[str] = ..., request_id: _Optional[str] = ..., execution_ids: _Optional[_Iterable[str]] = ..., start: _Optional[str] = ..., blueprint_version: _Optional[str] = ...) -> None: ...

class RetryExecutionsResponse(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[RetriedExecution]
    def __init__(self, items: _Optional[_Iterable[_Union[RetriedExecution, _Mapping]]] = ...) -> None: ...

class RetriedExecution(_message.Message):
    __slots__ = ("execution_id", "retried_as", "refusal")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    RETRIED_AS_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    retried_as: str
    refusal: bytes
    def __init__(self, execution_id: _Optional[str] = ..., retried_as: _Optional[str] = ..., refusal: _Optional[bytes] = ...) -> None: ...

class RerunPlan(_message.Message):
    __slots__ = ("execution_id", "start", "blueprint_version", "reused", "repeats", "changed", "warnings", "estimate")
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    BLUEPRINT_VERSION_FIELD_NUMBER: _ClassVar[int]
    REUSED_FIELD_NUMBER: _ClassVar[int]
    REPEATS_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    execution_id: str
    start: str
    blueprint_version: str
    reused: _containers.RepeatedCompositeFieldContainer[ReusedResult]
    repeats: _containers.RepeatedCompositeFieldContainer[RepeatedNode]
    changed: _containers.RepeatedScalarFieldContainer[str]
    warnings: _containers.RepeatedScalarFieldContainer[str]
    estimate: LastCost
    def __init__(self, execution_id: _Optional[str] = ..., start: _Optional[str] = ..., blueprint_version: _Optional[str] = ..., reused: _Optional[_Iterable[_Union[ReusedResult, _Mapping]]] = ..., repeats: _Optional[_Iterable[_Union[RepeatedNode, _Mapping]]] = ..., changed: _Optional[_Iterable[str]] = ..., warnings: _Optional[_Iterable[str]] = ..., estimate: _Optional[_Union[LastCost, _Mapping]] = ...) -> None: ...

class ReusedResult(_message.Message):
    __slots__ = ("node_id", "scope", "activation_id")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    ACTIVATION_ID_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    scope: str
    activation_id: str
    def __init__(self, node_id: _Optional[str] = ..., scope: _Optional[str] = ..., activation_id: _Optional[str] = ...) -> None: ...

class RepeatedNode(_message.Message):
    __slots__ = ("node_id", "name", "effect", "last")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    name: str
    effect: bool
    last: LastCost
    def __init__(self, node_id: _Optional[str] = ..., name: _Optional[str] = ..., effect: _Optional[bool] = ..., last: _Optional[_Union[LastCost, _Mapping]] = ...) -> None: ...

class LastCost(_message.Message):
    __slots__ = ("seconds", "tokens", "cost")
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    seconds: float
    tokens: float
    cost: float
    def __init__(self, seconds: _Optional[float] = ..., tokens: _Optional[float] = ..., cost: _Optional[float] = ...) -> None: ...
