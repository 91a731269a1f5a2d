"""core:approval, core:timer, core:event: nodes that wait. The engine performs them itself; no handler ever runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NoReturn

from triggerflow_adapter_sdk.pointers import Path
from triggerflow_adapter_sdk.schemas import SchemaRefused, compile_schema

_CONFIG: Path = ("handlers", "main", "config")
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_APPROVAL_PORTS = ("approved", "rejected", "timeout")
# Ten years: what is meant to wait longer is meant to be something else.
_LONGEST_SECONDS = 315_360_000


class PerformedByTheEngine(Exception):
    """Somebody called a handler of a wait, which is none."""


def handler(inputs: Any, ctx: Any) -> NoReturn:
    """There is nothing to call: the host keeps the activation waiting until it is answered or due."""
    raise PerformedByTheEngine("a wait is performed by the engine: nothing runs")


HANDLER = handler


def _check_approval(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The form is a schema; the ports are those an approval lights."""
    schema = config.get("schema")
    if isinstance(schema, dict) and "$expr" not in schema:
        try:
            compile_schema(schema)
        except SchemaRefused as refused:
            yield (*_CONFIG, "schema"), f"This is no JSON Schema 2020-12: {refused}"
    yield from _ports(node, _APPROVAL_PORTS)


def _check_timer(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """A date is a date; the only port is `out`."""
    until = config.get("until")
    if isinstance(until, str):
        try:
            if datetime.fromisoformat(until).tzinfo is None:
                yield (*_CONFIG, "until"), "Name the time zone too, as in 2027-01-31T12:00:00Z."
        except ValueError:
            yield (*_CONFIG, "until"), "This is no time. Write one as 2027-01-31T12:00:00Z."
    yield from _ports(node, ("out",))


def _check_event(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The only port is `out`."""
    yield from _ports(node, ("out",))


def _ports(node: Mapping[str, Any], known: Iterable[str]) -> Iterator[tuple[Path, str]]:
    if not node:
        return
    names = tuple(known)
    for index, output in enumerate((node.get("ports") or {}).get("outputs") or ()):
        if output.get("key") not in names:
            yield (
                ("ports", "outputs", index),
                f"This node never lights a port {output.get('key')}. Remove it; it lights {', '.join(names)}.",
            )


_INPUT = [{"key": "input", "label": "Input", "type": "any"}]

APPROVAL: Mapping[str, Any] = {
    "reference": "core:approval",
    "node": {
        "type": "action",
        "name": "Approval",
        "description": "Waits until somebody approves or rejects. The run holds nothing meanwhile.",
        "handlers": {"main": {"entrypoint": "core:approval", "config": {}}},
        "ports": {
            "inputs": _INPUT,
            "outputs": [
                {"key": "approved", "label": "Approved", "type": "object"},
                {"key": "rejected", "label": "Rejected", "type": "object"},
                {"key": "timeout", "label": "Timed out", "type": "object"},
            ],
        },
    },
    "configSchema": {
        "$schema": _DRAFT,
        "title": "Approval",
        "type": "object",
        "properties": {
            "schema": {
                "title": "Form",
                "description": "JSON Schema of what an approval says beside yes. Without one it says nothing more.",
                "type": "object",
                "examples": [
                    {
                        "type": "object",
                        "properties": {"amount": {"type": "number", "title": "Amount"}},
                        "required": ["amount"],
                    }
                ],
            },
            "assignees": {
                "title": "Assignees",
                "description": "Whom it waits for. Nobody named means anybody.",
                "type": "array",
                "maxItems": 100,
                "items": {"type": "string", "pattern": "^[^\\n]{1,200}$"},
                "examples": [["anna", "finance"]],
            },
            "expiresSeconds": {
                "title": "Expires after",
                "description": "Seconds until it goes on by the port timeout. Without it, it waits for ever.",
                "type": "number",
                "minimum": 0,
                "maximum": _LONGEST_SECONDS,
                "examples": [3600],
            },
        },
        "additionalProperties": False,
    },
    "ui": {
        "group": "Waiting",
        "kind": "approval",
        "icon": "user-check",
        "order": 50,
        "summary": "Waits for a person",
        "keywords": ["human", "approve", "review", "form", "wait", "confirm"],
        "fields": {"/schema": {"widget": "code", "language": "json", "rows": 8}},
    },
    "pure": False,
    "check": _check_approval,
}

TIMER: Mapping[str, Any] = {
    "reference": "core:timer",
    "node": {
        "type": "action",
        "name": "Timer",
        "description": "Waits some time, or until a date, and passes its input on.",
        "handlers": {"main": {"entrypoint": "core:timer", "config": {"seconds": 60}}},
        "ports": {"inputs": _INPUT, "outputs": [{"key": "out", "label": "Then", "type": "any"}]},
    },
    "configSchema": {
        "$schema": _DRAFT,
        "title": "Timer",
        "description": "Either seconds, or a date.",
        "type": "object",
        "properties": {
            "seconds": {
                "title": "Seconds",
                "description": "How long it waits.",
                "type": "number",
                "minimum": 0,
                "maximum": _LONGEST_SECONDS,
                "default": 60,
                "examples": [60],
            },
            "until": {
                "title": "Until",
                "description": "The time it waits for, with its zone. One that has passed is now.",
                "type": "string",
                "minLength": 1,
                "maxLength": 64,
                "examples": ["2027-01-31T12:00:00Z"],
            },
        },
        # One of the two; said so, and not by oneOf, that each problem is told at its own member.
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    },
    "ui": {
        "group": "Waiting",
        "kind": "timer",
        "icon": "timer",
        "order": 51,
        "summary": "{seconds}{until}",
        "keywords": ["sleep", "delay", "wait", "pause", "date"],
        "alternatives": [
            {"title": "For some time", "fields": ["/seconds"]},
            {"title": "Until a date", "fields": ["/until"]},
        ],
        "fields": {},
    },
    "pure": False,
    "check": _check_timer,
}

EVENT: Mapping[str, Any] = {
    "reference": "core:event",
    "node": {
        "type": "action",
        "name": "Wait for event",
        "description": "Waits until somebody posts an event of this name and key; its value goes on.",
        "handlers": {"main": {"entrypoint": "core:event", "config": {"name": "paid", "key": {"$expr": "input.id"}}}},
        "ports": {"inputs": _INPUT, "outputs": [{"key": "out", "label": "Value", "type": "any"}]},
    },
    "configSchema": {
        "$schema": _DRAFT,
        "title": "Wait for event",
        "type": "object",
        "properties": {
            "name": {
                "title": "Name",
                "description": "What is waited for.",
                "type": "string",
                "minLength": 1,
                "maxLength": 200,
                "examples": ["paid"],
            },
            "key": {
                "title": "Key",
                "description": "Which of them: the event must carry the same. A whole number counts as its digits.",
                "type": ["string", "integer"],
                "maxLength": 1000,
                "examples": ["order-17", 17],
            },
        },
        "required": ["name", "key"],
        "additionalProperties": False,
    },
    "ui": {
        "group": "Waiting",
        "kind": "event",
        "icon": "radio",
        "order": 52,
        "summary": "{name}",
        "keywords": ["signal", "callback", "correlation", "message", "wait"],
        "fields": {},
    },
    "pure": False,
    "check": _check_event,
}

ENTRIES: Mapping[str, Mapping[str, Any]] = {"approval": APPROVAL, "timer": TIMER, "event": EVENT}
