"""core:webhook: fires for each signed call of /hooks/{path}. The orchestrator checks and answers; here is the node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from triggerflow_adapter_sdk.pointers import Path
from triggerflow_adapter_sdk.schemas import ENV_SCHEMA

from triggerflow_adapter_core.hook_path import PATH_SCHEMA, check_path
from triggerflow_adapter_core.limits import LIMITS_FIELDS, LIMITS_SCHEMA, check_limits
from triggerflow_adapter_core.manual import ManualTrigger


def check(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The path can be one."""
    yield from check_path(config)
    yield from check_limits(config)


HANDLER = ManualTrigger()

ENTRY: Mapping[str, Any] = {
    "reference": "core:webhook",
    "node": {
        "type": "trigger",
        "name": "Webhook",
        "description": "Starts the flow when another program calls its address with a signed request.",
        "handlers": {"main": {"entrypoint": "core:webhook", "config": {"path": "my-webhook", "answer": "async"}}},
        "ports": {"outputs": [{"key": "out", "label": "Call", "type": "object"}]},
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Webhook",
        "type": "object",
        "properties": {
            "path": PATH_SCHEMA,
            "answer": {
                "title": "Answer",
                "description": "async: 202 with the execution's id as soon as the run is durable. "
                "sync: 200 with the run's outputs, or 202 where it takes longer than 30 s.",
                "type": "string",
                "enum": ["async", "sync"],
                "default": "async",
                "examples": ["async", "sync"],
            },
            "secret": {
                "title": "Secret",
                "description": "What callers sign with. Absent: the server makes one and shows it in the editor.",
                "anyOf": [ENV_SCHEMA],
                "examples": [{"$env": "ORDERS_WEBHOOK_SECRET"}],
            },
            "limits": LIMITS_SCHEMA,
        },
        "required": ["path", "answer"],
        "additionalProperties": False,
    },
    "ui": {
        "group": "Triggers",
        "kind": "trigger",
        "icon": "webhook",
        "order": 14,
        "summary": "/hooks/{path}",
        "keywords": ["http", "call", "post", "api", "hook", "signature"],
        "fields": {**LIMITS_FIELDS},
    },
    "secrets": ["/secret"],
    "pure": False,
    "check": check,
}
