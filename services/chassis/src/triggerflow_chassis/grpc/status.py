"""Translate errors to google.rpc.Status and back: the one place where a reason meets a gRPC code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import grpc
import grpc.aio
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from triggerflow_chassis.errors import (
    BY_REASON,
    BadParameter,
    Deadline,
    Internal,
    ServiceError,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    Violation,
)

DOMAIN = "triggerflow"
STATUS_KEY = "grpc-status-details-bin"

# As proto/triggerflow/errors/v1/error_reason.proto documents each; what only REST sends has the nearest code.
CODES: Mapping[str, int] = {
    "BAD_JSON": code_pb2.INVALID_ARGUMENT,
    "BAD_PARAMETER": code_pb2.INVALID_ARGUMENT,
    "BAD_CURSOR": code_pb2.INVALID_ARGUMENT,
    "UNAUTHENTICATED": code_pb2.UNAUTHENTICATED,
    "FORBIDDEN": code_pb2.PERMISSION_DENIED,
    "NOT_FOUND": code_pb2.NOT_FOUND,
    "METHOD_NOT_ALLOWED": code_pb2.UNIMPLEMENTED,
    "PRECONDITION_REQUIRED": code_pb2.FAILED_PRECONDITION,
    "STALE_ETAG": code_pb2.ABORTED,
    "TOO_LARGE": code_pb2.RESOURCE_EXHAUSTED,
    "TOO_SLOW": code_pb2.DEADLINE_EXCEEDED,
    "UNSUPPORTED_MEDIA_TYPE": code_pb2.INVALID_ARGUMENT,
    "INVALID": code_pb2.INVALID_ARGUMENT,
    "IDEMPOTENCY_KEY_REUSED": code_pb2.INVALID_ARGUMENT,
    "CURSOR_EXPIRED": code_pb2.OUT_OF_RANGE,
    "TOO_MANY": code_pb2.RESOURCE_EXHAUSTED,
    "UNAVAILABLE": code_pb2.UNAVAILABLE,
    "DEADLINE": code_pb2.DEADLINE_EXCEEDED,
    "INTERNAL": code_pb2.INTERNAL,
    "RUNNING": code_pb2.FAILED_PRECONDITION,
    "HAS_PROBLEMS": code_pb2.FAILED_PRECONDITION,
    "NO_VERSION": code_pb2.FAILED_PRECONDITION,
    "NO_SUCH_TRIGGER": code_pb2.NOT_FOUND,
    "NO_MANUAL_TRIGGER": code_pb2.FAILED_PRECONDITION,
    "ALREADY_ENDED": code_pb2.FAILED_PRECONDITION,
    "ALREADY_ANSWERED": code_pb2.FAILED_PRECONDITION,
    "RUN_FAILED": code_pb2.ABORTED,
}

# A status travels base64 in a trailer, and grpc refuses metadata above 8 KiB where a client does not say otherwise.
_SMALL_STATUS = 5_000


def to_status(error: ServiceError, *, small: bool = False) -> status_pb2.Status:
    """The status of an error: one ErrorInfo, and a BadRequest where members are at fault. Its fields are JSON pointers.

    `small` keeps it below what any gRPC client accepts, by leaving out the last violations.
    """
    status = status_pb2.Status(code=CODES[error.reason], message=error.detail)
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    if small:
        status.message = error.detail[:1_000]
    status.details.append(_packed(info))
    if error.violations:
        fields = [
            error_details_pb2.BadRequest.FieldViolation(field=pointer, description=message)
            for pointer, message in error.violations
        ]
        request = error_details_pb2.BadRequest(field_violations=fields)
        while small and request.ByteSize() > _SMALL_STATUS - status.ByteSize() and request.field_violations:
            del request.field_violations[-1]
        status.details.append(_packed(request))
    return status


def from_status(status: status_pb2.Status) -> ServiceError:
    """The error as it was raised at the other side. What carries no reason of ours becomes Internal or its like."""
    info: error_details_pb2.ErrorInfo | None = None
    violations: list[Violation] = []
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            found = error_details_pb2.ErrorInfo()
            detail.Unpack(found)
            if found.domain == DOMAIN:
                info = found
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            request = error_details_pb2.BadRequest()
            detail.Unpack(request)
            violations.extend(Violation(each.field, each.description) for each in request.field_violations)
    if info is None:
        return _without_reason(status.code, status.message)
    # A reason unknown here comes from a newer server: all that is known is that it is not our doing.
    cls = BY_REASON.get(info.reason, Internal)
    return cls.rebuild(status.message, violations, dict(info.metadata))


def from_rpc_error(error: grpc.aio.AioRpcError) -> ServiceError:
    """The error behind a failed call, whoever made it: the service, the channel, or the deadline."""
    trailers: Iterable[tuple[str, str | bytes]] = cast("Any", error.trailing_metadata()) or ()
    for key, value in trailers:
        if key == STATUS_KEY:
            status = status_pb2.Status()
            status.ParseFromString(value if isinstance(value, bytes) else value.encode("latin-1"))
            return from_status(status)
    return _without_reason(error.code().value[0], error.details() or "")


def _without_reason(code: int, message: str) -> ServiceError:
    match code:
        case code_pb2.UNAVAILABLE | code_pb2.CANCELLED:
            return Unavailable()
        case code_pb2.DEADLINE_EXCEEDED:
            return Deadline()
        case code_pb2.RESOURCE_EXHAUSTED:
            # grpc itself says it only of a message above the limit, or of streams above theirs.
            return TooLarge("The message is above its limit.") if "larger than max" in message else TooMany()
        case code_pb2.UNAUTHENTICATED:
            return Unauthenticated()
        case code_pb2.INVALID_ARGUMENT | code_pb2.OUT_OF_RANGE:
            return BadParameter("", message)
        case code_pb2.INTERNAL if "RST_STREAM" in message:
            # A proxy whose server went away in the middle can only reset the call: gRPC knows no better word for it.
            return Unavailable()
        case _:
            return Internal()


def _packed(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
