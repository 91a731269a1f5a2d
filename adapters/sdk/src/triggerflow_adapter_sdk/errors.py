"""Errors that handlers raise, which of them may be tried again, and how any exception becomes `{type, message, stack}`.

A class name here is the `type` an outside program sees (docs/contract.md, "Attempts"), hence no `Error` suffix.
"""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any

# Never tried again, whatever a handler says: the same inputs and config would fail the same way.
NEVER_RETRIED = frozenset(
    {
        "NotJson",
        "NoSuchPort",
        "ConfigInvalid",
        "ExpressionFailed",
        "NotBoolean",
        "SecretRefused",
        "AddressRefused",
        "TooManyRedirects",
        "ResponseTooLarge",
        "ParseFailed",
        "ValueTooLarge",
    }
)

_STACK_LIMIT = 16_384
_REDACTOR_ATTRIBUTE = "_triggerflow_redactor"


class HandlerError(Exception):
    """A handler failed and says how.

    `type` is shown instead of the class name; `retryable` lets `retries` apply; `retry_after` is in seconds, the least
    to wait before the next attempt.
    """

    def __init__(
        self, message: str, *, type: str | None = None, retryable: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.type = type
        self.retryable = retryable
        self.retry_after = retry_after


class NoSuchPort(HandlerError):
    """A handler lit a port that its node does not declare."""


class ConfigInvalid(HandlerError):
    """The config, its expressions evaluated, breaks the handler's schema."""


class ExpressionFailed(HandlerError):
    """An expression does not compile, raised, or ran past its limits."""


class NotBoolean(HandlerError):
    """A condition gave something else than true or false."""


class SecretRefused(HandlerError):
    """An environment variable is not set, or not allowed by TFCANVAS_ENV_ALLOW."""


class AddressRefused(HandlerError):
    """The guard refused an address."""


class TooManyRedirects(HandlerError):
    """More redirects than the guard follows."""


class ResponseTooLarge(HandlerError):
    """An answer passed the size limit."""


class ParseFailed(HandlerError):
    """Text is not what it was said to be."""


class ValueTooLarge(HandlerError):
    """A value has more bytes than a port may carry."""


class ConnectionFailed(HandlerError):
    """No connection, or it broke. Retryable."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class TimedOut(HandlerError):
    """A time limit passed. Retryable."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class HttpStatus(HandlerError):
    """A server answered with a status of 400 or above, in `status`."""

    def __init__(self, message: str, *, status: int, retry_after: float | None = None) -> None:
        super().__init__(message, retryable=status in (408, 425, 429) or status >= 500, retry_after=retry_after)
        self.status = status


def error_type(exc: BaseException) -> str:
    """The name an outside program sees: what a HandlerError says, else the class name without module."""
    return (exc.type if isinstance(exc, HandlerError) else None) or type(exc).__name__


def is_retryable(exc: BaseException) -> bool:
    """Whether another attempt may follow: what a HandlerError says, else any Exception; never NEVER_RETRIED."""
    if error_type(exc) in NEVER_RETRIED:
        return False
    return exc.retryable if isinstance(exc, HandlerError) else isinstance(exc, Exception)


def retry_after(exc: BaseException) -> float | None:
    """Seconds that must pass before the next attempt, or None where the handler does not say."""
    return exc.retry_after if isinstance(exc, HandlerError) else None


# Frames up to the last of these are the host's way to the handler.
_HOST_PACKAGES = frozenset({"triggerflow_orchestrator", "triggerflow_adapter_sdk"})


def error_fields(exc: BaseException) -> dict[str, str]:
    """`{type, message, stack}` of an exception, secrets of its node redacted."""
    try:
        message = str(exc)
    except Exception as broken:  # a __str__ of the user's may raise; the failure must still be told
        message = f"<{type(broken).__name__} while telling the message>"
    # The last lines say where it broke, so a long stack loses its beginning.
    stack = "".join(traceback.format_exception(type(exc), exc, _from_the_handler_on(exc)))[-_STACK_LIMIT:]
    fields = {"type": error_type(exc), "message": message, "stack": stack}
    redactor: Any = getattr(exc, _REDACTOR_ATTRIBUTE, None)
    return fields if redactor is None else redactor.value(fields)


def _from_the_handler_on(exc: BaseException) -> TracebackType | None:
    """The stack without how we got to the handler: what the author of the flow can read and change."""
    found = frame = exc.__traceback__
    while frame is not None:
        module = frame.tb_frame.f_globals.get("__name__", "")
        if str(module).split(".")[0] in _HOST_PACKAGES:
            found = frame.tb_next
        frame = frame.tb_next
    return found if found is not None else exc.__traceback__


def attach_redactor(exc: BaseException, redactor: Any) -> None:
    """Let `error_fields` redact what this exception says. The exception itself stays as it was raised."""
    setattr(exc, _REDACTOR_ATTRIBUTE, redactor)
