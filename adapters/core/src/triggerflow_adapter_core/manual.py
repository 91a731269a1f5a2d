"""core:manual: what POST /executions fires. `out` carries all inputs, another declared port the input of its name."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any

from triggerflow_adapter_sdk import Outputs
from triggerflow_adapter_sdk.pointers import Path
from triggerflow_adapter_sdk.ports import output_keys
from triggerflow_adapter_sdk.schemas import SchemaRefused, compile_schema


class ManualTrigger:
    """Fires with the execution's inputs, which the host has validated."""

    @staticmethod
    def for_node(node: Mapping[str, Any], key: str) -> Callable[[Any, Any], Coroutine[Any, Any, Outputs]]:
        ports = output_keys(node, key)

        async def fire(inputs: Mapping[str, Any], ctx: Any) -> Outputs:
            named = {port: inputs[port] for port in ports if port != "out" and port in inputs}
            return Outputs(**named, **({"out": inputs} if "out" in ports else {}))

        return fire


def check(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The schema of the inputs is a schema."""
    if "inputSchema" not in config or not isinstance(config["inputSchema"], dict):
        return
    try:
        compile_schema(config["inputSchema"])
    except SchemaRefused as refused:
        yield ("handlers", "main", "config", "inputSchema"), f"This is no JSON Schema 2020-12: {refused}"


HANDLER = ManualTrigger()

ENTRY: Mapping[str, Any] = {
    "reference": "core:manual",
    "node": {
        "type": "trigger",
        "name": "Manual start",
        "description": "Starts the flow when someone presses Run, or a program posts an execution.",
        "handlers": {"main": {"entrypoint": "core:manual", "config": {}}},
        "ports": {"outputs": [{"key": "out", "label": "Inputs", "type": "object"}]},
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Manual start",
        "type": "object",
        "properties": {
            "inputSchema": {
                "title": "Input schema",
                "description": "JSON Schema of the inputs: what Run asks for, and what every start is checked against.",
                "type": "object",
                "examples": [
                    {
                        "type": "object",
                        "properties": {"city": {"type": "string", "title": "City"}},
                        "required": ["city"],
                    }
                ],
            }
        },
        "additionalProperties": False,
    },
    "ui": {
        "group": "Triggers",
        "kind": "trigger",
        "icon": "play",
        "order": 10,
        "summary": "On Run",
        "keywords": ["start", "begin", "input", "run"],
        "fields": {"/inputSchema": {"widget": "code", "language": "json", "rows": 8}},
    },
    "pure": False,
    "check": check,
}
