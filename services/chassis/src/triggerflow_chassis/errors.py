"""Name every way a call can be refused. One class a reason of `triggerflow.errors.v1.ErrorReason`; pure, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple, Self

MAX_VIOLATIONS = 100


class Violation(NamedTuple):
    """A member at fault: its JSON pointer, and what is wrong with it, for a person."""

    pointer: str
    message: str


class ServiceError(Exception):
    """A refusal with a reason that callers may rely on. Anything else that is raised is a defect (`INTERNAL`)."""

    reason: ClassVar[str] = "INTERNAL"
    default_detail: ClassVar[str] = "The request was refused."

    detail: str
    violations: tuple[Violation, ...]
    metadata: Mapping[str, str]

    def __init__(
        self,
        detail: str | None = None,
        *,
        violations: Iterable[Violation] = (),
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._fill(detail or self.default_detail, violations, metadata or {})

    def _fill(self, detail: str, violations: Iterable[Violation], metadata: Mapping[str, str]) -> None:
        super().__init__(detail)
        self.detail = detail
        self.violations = tuple(violations)[:MAX_VIOLATIONS]
        self.metadata = dict(metadata)

    @classmethod
    def rebuild(cls, detail: str, violations: Iterable[Violation], metadata: Mapping[str, str]) -> Self:
        """Make the error as it was raised on the other side of a wire, whatever its constructor takes."""
        error = cls.__new__(cls)
        error._fill(detail, violations, metadata)
        return error


class BadJson(ServiceError):
    """The body is not JSON, repeats a key, nests too deep, or holds a number that no double can carry."""

    reason = "BAD_JSON"
    default_detail = "The body is not JSON."


class BadParameter(ServiceError):
    """A query parameter or page size is malformed."""

    reason = "BAD_PARAMETER"

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(detail, metadata={"parameter": parameter})

    @property
    def parameter(self) -> str:
        return self.metadata.get("parameter", "")


class BadCursor(ServiceError):
    """A page token or event cursor was not made by this server."""

    reason = "BAD_CURSOR"
    default_detail = "The cursor was not made by this server. Leave it out to start over."


class Unauthenticated(ServiceError):
    """No valid session, cookie or bearer token."""

    reason = "UNAUTHENTICATED"
    default_detail = "Sign in first: no valid session, and no valid bearer token."


class Forbidden(ServiceError):
    """The caller, its host or its origin may not do this."""

    reason = "FORBIDDEN"
    default_detail = "This is not allowed."


class NotFound(ServiceError):
    """No such resource in this project."""

    reason = "NOT_FOUND"

    def __init__(self, resource: str, id: str, detail: str | None = None) -> None:
        super().__init__(detail or f"There is no {resource} {id}.", metadata={"resource": resource, "id": id})

    @property
    def resource(self) -> str:
        return self.metadata.get("resource", "")

    @property
    def id(self) -> str:
        return self.metadata.get("id", "")


class MethodNotAllowed(ServiceError):
    """The path does not know this method. Of REST only."""

    reason = "METHOD_NOT_ALLOWED"
    default_detail = "The path does not know this method."


class PreconditionRequired(ServiceError):
    """A write without its precondition."""

    reason = "PRECONDITION_REQUIRED"
    default_detail = "Send the etag you read as If-Match, or * to match any."


class StaleEtag(ServiceError):
    """The resource changed since the etag was read."""

    reason = "STALE_ETAG"

    def __init__(self, current_etag: str, detail: str | None = None) -> None:
        super().__init__(
            detail or "It was changed since you read it. Read it again and repeat your change.",
            metadata={"currentEtag": current_etag},
        )

    @property
    def current_etag(self) -> str:
        return self.metadata.get("currentEtag", "")


class TooLarge(ServiceError):
    """The body or message is above its limit."""

    reason = "TOO_LARGE"
    default_detail = "The body is larger than 8,388,608 bytes."


class TooSlow(ServiceError):
    """The body did not come in time. Of REST only."""

    reason = "TOO_SLOW"
    default_detail = "The body came too slowly. Send it again."


class UnsupportedMediaType(ServiceError):
    """The body is not application/json. Of REST only."""

    reason = "UNSUPPORTED_MEDIA_TYPE"
    default_detail = "Send the body as application/json."


class Invalid(ServiceError):
    """Fields break their schema or a rule of the document."""

    reason = "INVALID"

    def __init__(self, violations: Iterable[Violation], detail: str | None = None) -> None:
        found = tuple(violations)
        super().__init__(detail or _summary(found), violations=found)


class IdempotencyKeyReused(ServiceError):
    """The request id was used with another body."""

    reason = "IDEMPOTENCY_KEY_REUSED"
    default_detail = "This idempotency key was used with another request. Use a new key for a new request."


class CursorExpired(ServiceError):
    """The event cursor is older than what is retained."""

    reason = "CURSOR_EXPIRED"
    default_detail = "The cursor is older than the events that are kept. Start again without a cursor."


class TooMany(ServiceError):
    """A quota or rate is used up, or a reader is too slow."""

    reason = "TOO_MANY"
    default_detail = "Too many at once. Try again later."


class Unavailable(ServiceError):
    """The service, or one behind it, cannot answer now. Trying again may help."""

    reason = "UNAVAILABLE"
    default_detail = "The service cannot answer now. Try again."


class Deadline(ServiceError):
    """The deadline passed first."""

    reason = "DEADLINE"
    default_detail = "The deadline passed before there was an answer."


class Internal(ServiceError):
    """A defect of ours. The trace id finds it in the log."""

    reason = "INTERNAL"
    default_detail = "Something is wrong on our side. The trace id finds it in the log."

    @property
    def trace_id(self) -> str:
        return self.metadata.get("traceId", "")


class Running(ServiceError):
    """The flow has an execution that has not ended."""

    reason = "RUNNING"
    default_detail = "The flow has an execution that has not ended. Cancel it, or wait for its end."


class HasProblems(ServiceError):
    """The draft has problems of severity error; a violation for each."""

    reason = "HAS_PROBLEMS"

    def __init__(self, violations: Iterable[Violation], detail: str | None = None) -> None:
        found = tuple(violations)
        super().__init__(detail or "The draft has problems that refuse publishing.", violations=found)


class NoVersion(ServiceError):
    """The flow was never published, so there is nothing to run."""

    reason = "NO_VERSION"
    default_detail = "The flow was never published. Publish it first."


class NoSuchTrigger(ServiceError):
    """The version has no such trigger."""

    reason = "NO_SUCH_TRIGGER"
    default_detail = "The version has no such trigger."


class NoManualTrigger(ServiceError):
    """The version has no manual trigger, and none was named."""

    reason = "NO_MANUAL_TRIGGER"
    default_detail = "The version has no manual trigger. Name the trigger to fire with ?trigger=."


class AlreadyEnded(ServiceError):
    """The execution has ended."""

    reason = "ALREADY_ENDED"
    default_detail = "The execution has ended."


class AlreadyAnswered(ServiceError):
    """Another answer to this wait came first. Its metadata is the winner's."""

    reason = "ALREADY_ANSWERED"
    default_detail = "Another answer came first."


class RunFailed(ServiceError):
    """The run that a webhook answers with failed or was cancelled."""

    reason = "RUN_FAILED"

    def __init__(self, execution_id: str, detail: str) -> None:
        super().__init__(detail, metadata={"executionId": execution_id})


def _summary(violations: tuple[Violation, ...]) -> str:
    if len(violations) == 1:
        pointer, message = violations[0]
        return f"{pointer}: {message}" if pointer else message
    return f"{len(violations)} members are not valid." if violations else "The request is not valid."


# The classes above, by reason: what another process named is raised as the same class here.
BY_REASON: Mapping[str, type[ServiceError]] = {
    cls.reason: cls
    for cls in (
        BadJson,
        BadParameter,
        BadCursor,
        Unauthenticated,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        PreconditionRequired,
        StaleEtag,
        TooLarge,
        TooSlow,
        UnsupportedMediaType,
        Invalid,
        IdempotencyKeyReused,
        CursorExpired,
        TooMany,
        Unavailable,
        Deadline,
        Internal,
        Running,
        HasProblems,
        NoVersion,
        NoSuchTrigger,
        NoManualTrigger,
        AlreadyEnded,
        AlreadyAnswered,
        RunFailed,
    )
}
