"""core:map: a value made of the inputs by a JSONata expression."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from triggerflow_adapter_sdk.expressions import JsonataExpression


class Map:
    """Compiles the node's expression once."""

    @staticmethod
    def for_node(node: Mapping[str, Any], key: str) -> Callable[[Any, Any], Coroutine[Any, Any, Any]]:
        expression = JsonataExpression(node["handlers"][key]["config"]["expression"])

        async def evaluate(inputs: Mapping[str, Any], ctx: Any) -> Any:
            return await expression.evaluate(inputs)

        evaluate.at_once = expression.at_once  # type: ignore[attr-defined]
        return evaluate


HANDLER = Map()

ENTRY: Mapping[str, Any] = {
    "reference": "core:map",
    "node": {
        "type": "action",
        "name": "Map",
        "description": "Makes a new value from the inputs: pick, rename, filter, group, sum.",
        "handlers": {"main": {"entrypoint": "core:map", "config": {"expression": "input"}}},
        "ports": {
            "inputs": [{"key": "input", "label": "Input", "type": "any"}],
            "outputs": [{"key": "out", "label": "Result", "type": "any"}],
        },
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Map",
        "type": "object",
        "properties": {
            "expression": {
                "title": "Expression",
                "description": "JSONata over an object that has the input ports as members.",
                "type": "string",
                "minLength": 1,
                "maxLength": 65536,
                "default": "input",
                "examples": [
                    "input.name",
                    '{"total": $sum(input.price)}',
                    "input[price > 100].{'title': name, 'price': price}",
                ],
            }
        },
        "required": ["expression"],
        "additionalProperties": False,
    },
    "ui": {
        "group": "Data",
        "kind": "map",
        "icon": "braces",
        "order": 20,
        "summary": "{expression}",
        "keywords": ["transform", "jsonata", "select", "filter", "aggregate", "template"],
        "fields": {"/expression": {"widget": "code", "language": "jsonata", "rows": 8}},
    },
    "pure": True,
    "expressions": {"/expression": "jsonata"},
}
