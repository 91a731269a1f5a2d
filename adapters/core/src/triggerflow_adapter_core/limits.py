"""The member `limits` that every trigger but core:manual may carry: how often it starts runs, and what becomes of more.

The orchestrator decides by it (`triggerflow_orchestrator.domain.admission`); here are its form and its check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from triggerflow_adapter_sdk.expressions import cel_problem
from triggerflow_adapter_sdk.pointers import Path

_AT: Final[Path] = ("handlers", "main", "config", "limits")

_SECONDS: Final = {"title": "Seconds", "type": "integer", "minimum": 1, "maximum": 2_592_000}
_COUNT: Final = {"title": "Runs", "type": "integer", "minimum": 1, "maximum": 100_000}
_RATE: Final = {
    "type": "object",
    "properties": {"count": _COUNT, "seconds": _SECONDS},
    "required": ["count", "seconds"],
    "additionalProperties": False,
}

LIMITS_SCHEMA: Final[Mapping[str, Any]] = {
    "title": "Limits",
    "description": "How often this trigger starts runs, and what becomes of what is more. Absent means no limit.",
    "type": "object",
    "examples": [
        {"debounceSeconds": 30, "key": "inputs.customer"},
        {"concurrency": {"count": 2, "surplus": "queue"}},
        {"throttle": {"count": 10, "seconds": 60}},
    ],
    "properties": {
        "debounceSeconds": {
            **_SECONDS,
            "title": "Debounce",
            "description": "Wait until nothing more came for so many seconds; only the last one starts a run.",
        },
        "throttle": {
            **_RATE,
            "title": "Throttle",
            "description": "At most so many starts in so many seconds. What is more waits.",
        },
        "rateLimit": {
            **_RATE,
            "title": "Rate limit",
            "description": "At most so many starts in so many seconds. What is more is dropped.",
        },
        "singleton": {
            "title": "One at a time",
            "description": "What becomes of a start while a run is going on: it is dropped, it waits, or the run ends.",
            "type": "string",
            "enum": ["drop", "queue", "cancelOldest"],
        },
        "concurrency": {
            "title": "At once",
            "description": "At most so many runs at once.",
            "type": "object",
            "properties": {
                "count": _COUNT,
                "surplus": {
                    "title": "What is more",
                    "description": "It waits, it is dropped, or the oldest run is cancelled for it.",
                    "type": "string",
                    "enum": ["queue", "drop", "cancelOldest"],
                    "default": "queue",
                },
            },
            "required": ["count", "surplus"],
            "additionalProperties": False,
        },
        "key": {
            "title": "Key",
            "description": "CEL over inputs, what the trigger hands on: each value of it has these limits to itself.",
            "type": "string",
            "minLength": 1,
            "maxLength": 4096,
            "examples": ["inputs.customer", "inputs.body.repository.id"],
        },
    },
    "minProperties": 1,
    "additionalProperties": False,
}

LIMITS_FIELDS: Final[Mapping[str, Any]] = {"/limits/key": {"widget": "code", "language": "cel", "rows": 1}}
"""For the entry's `ui.fields`."""


def check_limits(config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """What the form does not say: the key is CEL, and one at a time is not said twice. For the entry's `check`."""
    limits = config.get("limits")
    if not isinstance(limits, dict):
        return
    key = limits.get("key")
    if isinstance(key, str) and key:
        problem = cel_problem(key, ("inputs",))
        if problem is not None:
            yield (*_AT, "key"), problem
    if "singleton" in limits and "concurrency" in limits:
        yield (*_AT, "singleton"), "One at a time is a concurrency of 1. Keep one of the two."
    if set(limits) == {"key"}:
        yield (*_AT, "key"), "A key alone limits nothing. Add what it limits, or remove it."
