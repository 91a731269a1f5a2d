import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Load(_message.Message):
    __slots__ = ("queued", "oldest_queued_seconds", "workers", "stray_handlers")
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    OLDEST_QUEUED_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    STRAY_HANDLERS_FIELD_NUMBER: _ClassVar[int]
    queued: _containers.RepeatedCompositeFieldContainer[QueuedRuns]
    oldest_queued_seconds: float
    workers: _containers.RepeatedCompositeFieldContainer[WorkerLoad]
    stray_handlers: int
    def __init__(self, queued: _Optional[_Iterable[_Union[QueuedRuns, _Mapping]]] = ..., oldest_queued_seconds: _Optional[float] = ..., workers: _Optional[_Iterable[_Union[WorkerLoad, _Mapping]]] = ..., stray_handlers: _Optional[int] = ...) -> None: ...

class QueuedRuns(_message.Message):
    __slots__ = ("priority", "count")
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    priority: str
    count: int
    def __init__(self, priority: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class WorkerLoad(_message.Message):
    __slots__ = ("id", "name", "live_runs", "most_runs", "started_at", "lease_seconds", "stray_handlers")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    LIVE_RUNS_FIELD_NUMBER: _ClassVar[int]
    MOST_RUNS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    LEASE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    STRAY_HANDLERS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    live_runs: int
    most_runs: int
    started_at: _timestamp_pb2.Timestamp
    lease_seconds: float
    stray_handlers: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., live_runs: _Optional[int] = ..., most_runs: _Optional[int] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lease_seconds: _Optional[float] = ..., stray_handlers: _Optional[int] = ...) -> None: ...
