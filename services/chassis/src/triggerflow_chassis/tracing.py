"""Give each call an id that its log lines, its error and its caller share: a W3C trace id."""

from __future__ import annotations

import os
import re
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_trace_id: ContextVar[str] = ContextVar("triggerflow_trace_id", default="")


def begin(traceparent: str = "") -> str:
    """Take the caller's trace id from its `traceparent`, or make one, for the rest of this context."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    trace_id = match[1] if match else os.urandom(16).hex()
    _trace_id.set(trace_id)
    return trace_id


def current() -> str:
    """The trace id of this call; one is made where there was none."""
    return _trace_id.get() or begin()


def traceparent() -> str:
    """What to send on, so that the next process logs under the same id."""
    return f"00-{current()}-{os.urandom(8).hex()}-01"


def peek() -> str:
    """The trace id of this call, or nothing outside one."""
    return _trace_id.get()
