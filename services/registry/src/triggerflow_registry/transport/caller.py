"""Remember the credentials of the call being served, so that other services see the same caller."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

_FORWARDED = ("authorization",)
_metadata: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("triggerflow_registry_caller", default=())


def remember_caller(context: Any) -> None:
    """Note the credentials of this call for the rest of it."""
    _metadata.set(tuple((key, value) for key, value in context.invocation_metadata() or () if key in _FORWARDED))


def caller_metadata() -> tuple[tuple[str, str], ...]:
    """What a call made on behalf of this one carries. Empty outside a call."""
    return _metadata.get()
