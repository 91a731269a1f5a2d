"""kafka:topic: fires for each record of a topic. The orchestrator reads it; here are the node and its adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from triggerflow_adapter_sdk import TriggerFlowIntegrationAdapter
from triggerflow_adapter_sdk.blueprints import EmbeddedBlueprints
from triggerflow_adapter_sdk.pointers import Path

from triggerflow_adapter_core.limits import LIMITS_FIELDS, LIMITS_SCHEMA, check_limits
from triggerflow_adapter_core.manual import ManualTrigger


def check(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The limits can be kept."""
    yield from check_limits(config)


HANDLER = ManualTrigger()

ENTRY: Mapping[str, Any] = {
    "reference": "kafka:topic",
    "node": {
        "type": "trigger",
        "name": "Kafka topic",
        "description": "Starts the flow for each record of a topic.",
        "handlers": {"main": {"entrypoint": "kafka:topic", "config": {"topic": "orders"}}},
        "ports": {"outputs": [{"key": "out", "label": "Record", "type": "object"}]},
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Kafka topic",
        "type": "object",
        "properties": {
            "topic": {
                "title": "Topic",
                "description": "Its records start runs from when the flow is published on. The brokers are those of "
                "KAFKA_BOOTSTRAP.",
                "type": "string",
                "minLength": 1,
                "maxLength": 249,
                "pattern": "^[a-zA-Z0-9._-]+$",
                "examples": ["orders"],
            },
            "group": {
                "title": "Consumer group",
                "description": "Absent: one for this trigger alone. Triggers of one group share the records.",
                "type": "string",
                "minLength": 1,
                "maxLength": 200,
                "examples": ["order-flows"],
            },
            "limits": LIMITS_SCHEMA,
        },
        "required": ["topic"],
        "additionalProperties": False,
    },
    "ui": {
        "group": "Triggers",
        "kind": "trigger",
        "icon": "radio",
        "order": 19,
        "summary": "{topic}",
        "keywords": ["event", "stream", "message", "queue", "kafka"],
        "fields": {**LIMITS_FIELDS},
    },
    "pure": False,
    "check": check,
}


class KafkaAdapter(EmbeddedBlueprints, TriggerFlowIntegrationAdapter):
    """Adapter `kafka`."""

    name = "kafka"

    def describe(self) -> Mapping[str, Any]:
        return {
            "version": "1",
            "capabilities": {"loadBluePrint": True, "saveBluePrint": True, "remote": False},
            "health": {"status": "ok", "message": ""},
            "handlers": [ENTRY],
        }

    def resolve_handler(self, reference: str) -> Any:
        if reference != "topic":
            raise LookupError(f"kafka:{reference} is no handler")
        return HANDLER
