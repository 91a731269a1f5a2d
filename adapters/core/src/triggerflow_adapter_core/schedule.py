"""core:schedule: fires by a cron expression in a time zone. The orchestrator keeps the time; here is the node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from triggerflow_adapter_sdk.cron import MAX_LENGTH, CronRefused, ZoneRefused, cron
from triggerflow_adapter_sdk.pointers import Path

from triggerflow_adapter_core.limits import LIMITS_FIELDS, LIMITS_SCHEMA, check_limits
from triggerflow_adapter_core.manual import ManualTrigger

_CONFIG: Path = ("handlers", "main", "config")


def check(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The expression is one and falls due some day; the zone is known."""
    expression, zone = config.get("cron"), config.get("timeZone", "UTC")
    if isinstance(expression, str) and expression:
        try:
            cron(expression)
        except CronRefused as refused:
            yield (*_CONFIG, "cron"), str(refused)
    if isinstance(zone, str) and zone:
        try:
            cron("0 0 * * *", zone)
        except ZoneRefused as refused:
            yield (*_CONFIG, "timeZone"), str(refused)
    yield from check_limits(config)


HANDLER = ManualTrigger()

ENTRY: Mapping[str, Any] = {
    "reference": "core:schedule",
    "node": {
        "type": "trigger",
        "name": "Schedule",
        "description": "Starts the flow at set times, by a cron expression in a time zone.",
        "handlers": {
            "main": {
                "entrypoint": "core:schedule",
                "config": {"cron": "0 9 * * MON-FRI", "timeZone": "UTC", "missed": "once"},
            }
        },
        "ports": {"outputs": [{"key": "out", "label": "Time", "type": "object"}]},
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Schedule",
        "type": "object",
        "properties": {
            "cron": {
                "title": "Cron expression",
                "description": "Minute, hour, day of the month, month, day of the week.",
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_LENGTH,
                "default": "0 9 * * MON-FRI",
                "examples": ["0 9 * * MON-FRI", "*/15 * * * *", "30 2 * * *", "0 0 L * *"],
            },
            "timeZone": {
                "title": "Time zone",
                "description": "A name of the IANA database. A time that the clock skips comes when it has moved on; "
                "one that it shows twice comes the first time.",
                "type": "string",
                "minLength": 1,
                "maxLength": 100,
                "default": "UTC",
                "examples": ["Europe/Berlin", "America/New_York", "UTC"],
            },
            "missed": {
                "title": "Missed times",
                "description": "What becomes of times at which the server was down: none of them runs, one "
                "run stands for all, or each runs (the last 100).",
                "type": "string",
                "enum": ["skip", "once", "all"],
                "examples": ["once", "all"],
                "default": "once",
            },
            "limits": LIMITS_SCHEMA,
        },
        "required": ["cron", "timeZone", "missed"],
        "additionalProperties": False,
    },
    "ui": {
        "group": "Triggers",
        "kind": "trigger",
        "icon": "calendar-clock",
        "order": 12,
        "summary": "{cron} {timeZone}",
        "keywords": ["cron", "timer", "time", "daily", "hourly", "every"],
        "fields": {"/cron": {"widget": "cron"}, "/timeZone": {"widget": "timeZone"}, **LIMITS_FIELDS},
    },
    "pure": False,
    "check": check,
}
