"""core:chat: a page at /hooks/{path} to write to a flow; each message starts a run, whose answer streams back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from triggerflow_adapter_sdk.pointers import Path

from triggerflow_adapter_core.hook_path import PATH_SCHEMA, check_path
from triggerflow_adapter_core.limits import LIMITS_FIELDS, LIMITS_SCHEMA, check_limits
from triggerflow_adapter_core.manual import ManualTrigger


def check(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The path can be one."""
    yield from check_path(config)
    yield from check_limits(config)


HANDLER = ManualTrigger()

ENTRY: Mapping[str, Any] = {
    "reference": "core:chat",
    "node": {
        "type": "trigger",
        "name": "Chat",
        "description": "Starts the flow with each message someone writes on its page, and shows the answer as it "
        "comes. Anybody with the address can open it.",
        "handlers": {"main": {"entrypoint": "core:chat", "config": {"path": "my-chat", "title": "Chat with us"}}},
        "ports": {"outputs": [{"key": "out", "label": "Message", "type": "object"}]},
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Chat",
        "type": "object",
        "properties": {
            "path": PATH_SCHEMA,
            "title": {
                "title": "Title",
                "description": "Above the messages. Absent: the flow's name.",
                "type": "string",
                "maxLength": 200,
                "examples": ["Chat with us"],
            },
            "limits": LIMITS_SCHEMA,
        },
        "required": ["path"],
        "additionalProperties": False,
    },
    "ui": {
        "group": "Triggers",
        "kind": "trigger",
        "icon": "message-circle",
        "order": 18,
        "summary": "/hooks/{path}",
        "keywords": ["message", "talk", "assistant", "bot", "llm", "conversation"],
        "fields": {**LIMITS_FIELDS},
    },
    "pure": False,
    "check": check,
}
