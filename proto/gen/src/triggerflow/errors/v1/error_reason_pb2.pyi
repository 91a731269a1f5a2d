from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_BAD_JSON: _ClassVar[ErrorReason]
    ERROR_REASON_BAD_PARAMETER: _ClassVar[ErrorReason]
    ERROR_REASON_BAD_CURSOR: _ClassVar[ErrorReason]
    ERROR_REASON_UNAUTHENTICATED: _ClassVar[ErrorReason]
    ERROR_REASON_FORBIDDEN: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_METHOD_NOT_ALLOWED: _ClassVar[ErrorReason]
    ERROR_REASON_PRECONDITION_REQUIRED: _ClassVar[ErrorReason]
    ERROR_REASON_STALE_ETAG: _ClassVar[ErrorReason]
    ERROR_REASON_TOO_LARGE: _ClassVar[ErrorReason]
    ERROR_REASON_UNSUPPORTED_MEDIA_TYPE: _ClassVar[ErrorReason]
    ERROR_REASON_INVALID: _ClassVar[ErrorReason]
    ERROR_REASON_IDEMPOTENCY_KEY_REUSED: _ClassVar[ErrorReason]
    ERROR_REASON_CURSOR_EXPIRED: _ClassVar[ErrorReason]
    ERROR_REASON_TOO_MANY: _ClassVar[ErrorReason]
    ERROR_REASON_UNAVAILABLE: _ClassVar[ErrorReason]
    ERROR_REASON_DEADLINE: _ClassVar[ErrorReason]
    ERROR_REASON_INTERNAL: _ClassVar[ErrorReason]
    ERROR_REASON_RUNNING: _ClassVar[ErrorReason]
    ERROR_REASON_HAS_PROBLEMS: _ClassVar[ErrorReason]
    ERROR_REASON_NO_VERSION: _ClassVar[ErrorReason]
    ERROR_REASON_NO_SUCH_TRIGGER: _ClassVar[ErrorReason]
    ERROR_REASON_NO_MANUAL_TRIGGER: _ClassVar[ErrorReason]
    ERROR_REASON_ALREADY_ENDED: _ClassVar[ErrorReason]
    ERROR_REASON_ALREADY_ANSWERED: _ClassVar[ErrorReason]
    ERROR_REASON_RUN_FAILED: _ClassVar[ErrorReason]
    ERROR_REASON_TOO_SLOW: _ClassVar[ErrorReason]
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_BAD_JSON: ErrorReason
ERROR_REASON_BAD_PARAMETER: ErrorReason
ERROR_REASON_BAD_CURSOR: ErrorReason
ERROR_REASON_UNAUTHENTICATED: ErrorReason
ERROR_REASON_FORBIDDEN: ErrorReason
ERROR_REASON_NOT_FOUND: ErrorReason
ERROR_REASON_METHOD_NOT_ALLOWED: ErrorReason
ERROR_REASON_PRECONDITION_REQUIRED: ErrorReason
ERROR_REASON_STALE_ETAG: ErrorReason
ERROR_REASON_TOO_LARGE: ErrorReason
ERROR_REASON_UNSUPPORTED_MEDIA_TYPE: ErrorReason
ERROR_REASON_INVALID: ErrorReason
ERROR_REASON_IDEMPOTENCY_KEY_REUSED: ErrorReason
ERROR_REASON_CURSOR_EXPIRED: ErrorReason
ERROR_REASON_TOO_MANY: ErrorReason
ERROR_REASON_UNAVAILABLE: ErrorReason
ERROR_REASON_DEADLINE: ErrorReason
ERROR_REASON_INTERNAL: ErrorReason
ERROR_REASON_RUNNING: ErrorReason
ERROR_REASON_HAS_PROBLEMS: ErrorReason
ERROR_REASON_NO_VERSION: ErrorReason
ERROR_REASON_NO_SUCH_TRIGGER: ErrorReason
ERROR_REASON_NO_MANUAL_TRIGGER: ErrorReason
ERROR_REASON_ALREADY_ENDED: ErrorReason
ERROR_REASON_ALREADY_ANSWERED: ErrorReason
ERROR_REASON_RUN_FAILED: ErrorReason
ERROR_REASON_TOO_SLOW: ErrorReason
