"""core:channel: fires for each value that a run publishes to a channel of the project. Here is the node alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from triggerflow_adapter_sdk.pointers import Path

from triggerflow_adapter_core.limits import LIMITS_FIELDS, LIMITS_SCHEMA, check_limits
from triggerflow_adapter_core.manual import ManualTrigger


def check(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The limits can be kept."""
    yield from check_limits(config)


HANDLER = ManualTrigger()

ENTRY: Mapping[str, Any] = {
    "reference": "core:channel",
    "node": {
        "type": "trigger",
        "name": "Channel",
        "description": "Starts the flow for each value that a run publishes to a shared channel.",
        "handlers": {"main": {"entrypoint": "core:channel", "config": {"channel": "orders"}}},
        "ports": {"outputs": [{"key": "out", "label": "Message", "type": "object"}]},
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Channel",
        "type": "object",
        "properties": {
            "channel": {
                "title": "Channel",
                "description": "The name of a shared channel, as the flows that publish to it call it.",
                "type": "string",
                "minLength": 1,
                "maxLength": 200,
                "examples": ["orders"],
            },
            "limits": LIMITS_SCHEMA,
        },
        "required": ["channel"],
        "additionalProperties": False,
    },
    "ui": {
        "group": "Triggers",
        "kind": "trigger",
        "icon": "radio",
        "order": 18,
        "summary": "{channel}",
        "keywords": ["event", "publish", "subscribe", "message", "flow"],
        "fields": {**LIMITS_FIELDS},
    },
    "pure": False,
    "check": check,
}
