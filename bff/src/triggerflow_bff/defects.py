"""Tell refusals from defects: what nobody meant to raise is logged under its trace id and shown as INTERNAL."""

from __future__ import annotations

import structlog
from triggerflow_chassis import tracing
from triggerflow_chassis.errors import Internal, ServiceError

log = structlog.get_logger("triggerflow.bff")


def as_refusal(error: BaseException, *, path: str, method: str = "") -> ServiceError:
    """The error itself where it is a refusal; else INTERNAL, with the defect in the log."""
    if isinstance(error, ServiceError):
        if isinstance(error, Internal):
            # A service logged the cause, under the same id.
            log.error("request_failed", method=method, path=path, trace_id=tracing.current(), detail=error.detail)
        return error
    log.error("request_failed", method=method, path=path, trace_id=tracing.current(), exc_info=error)
    return Internal()
