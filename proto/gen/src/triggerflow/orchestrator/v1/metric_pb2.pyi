from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class MetricTotal(_message.Message):
    __slots__ = ("name", "unit", "total", "count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    unit: str
    total: float
    count: int
    def __init__(self, name: _Optional[str] = ..., unit: _Optional[str] = ..., total: _Optional[float] = ..., count: _Optional[int] = ...) -> None: ...
