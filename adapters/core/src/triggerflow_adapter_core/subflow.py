"""core:subflow: runs another flow's version once, for each item of a list, or while a condition holds.

The host runs the children; this says what the node may be told. Rules: docs/contract.md, end of section 3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from triggerflow_adapter_sdk import HandlerError
from triggerflow_adapter_sdk.expressions import cel_problem, variable_names
from triggerflow_adapter_sdk.pointers import Path
from triggerflow_adapter_sdk.ports import input_keys

ITEMS = "items"

_CONFIG: Path = ("handlers", "main", "config")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Subflow:
    """A node of this kind is never called: its children are."""

    @staticmethod
    def for_node(node: Mapping[str, Any], key: str) -> Callable[[Any, Any], NoReturn]:
        def refuse(inputs: Any, ctx: Any) -> NoReturn:
            raise HandlerError("a sub-flow runs inside an execution only", type="NotCallable")

        return refuse


def check(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """A list needs its port, and a while its condition."""
    mode = config.get("mode", "once")
    if mode == "forEach" and ITEMS not in input_keys(node):
        yield (
            ("ports", "inputs"),
            f"For each item reads its list at the input port {ITEMS}. Declare a port of this key.",
        )
    condition = config.get("while")
    if mode != "while":
        return
    if not isinstance(condition, str) or not condition.strip():
        yield (*_CONFIG, "while"), "Say while which condition the flow is to run again."
        return
    # Which members the next inputs have, only a run can tell: every word may be one.
    problem = cel_problem(condition, variable_names(_WORD.findall(condition)))
    if problem is not None:
        yield (*_CONFIG, "while"), f"This is no condition: {problem}"


HANDLER = Subflow()

ENTRY: Mapping[str, Any] = {
    "reference": "core:subflow",
    "node": {
        "type": "subflow",
        "name": "Sub-flow",
        "description": "Runs another flow: once, for each item of a list, or while a condition holds.",
        "handlers": {"main": {"entrypoint": "core:subflow", "config": {"flowId": "", "mode": "once"}}},
        "ports": {
            "inputs": [{"key": "input", "label": "Input", "type": "any"}],
            "outputs": [{"key": "out", "label": "Result", "type": "any"}],
        },
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sub-flow",
        "type": "object",
        "properties": {
            "flowId": {
                "title": "Flow",
                "description": "The flow to run. Its manual triggers fire with the inputs.",
                "type": "string",
                "format": "uuid",
                "examples": ["01a1f3c2-7b54-7e21-9c0d-5a4e8f6b2d10"],
            },
            "version": {
                "title": "Version",
                "description": "Empty means its newest version when this flow is published.",
                "type": "string",
                "pattern": "^([1-9][0-9]{0,17})?$",
                "examples": ["3"],
            },
            "mode": {
                "title": "Run it",
                "description": "Once, for each item of a list, or while a condition holds.",
                "type": "string",
                "enum": ["once", "forEach", "while"],
                "default": "once",
                "examples": ["forEach"],
            },
            "concurrency": {
                "title": "At once",
                "description": "For each item: how many run at the same time.",
                "type": "integer",
                "minimum": 1,
                "maximum": 1_000,
                "default": 10,
                "examples": [25],
            },
            "onItemError": {
                "title": "When an item fails",
                "description": "Stop fails the node with the item's error; continue gives null for it and goes on.",
                "type": "string",
                "enum": ["stop", "continue"],
                "default": "stop",
                "examples": ["continue"],
            },
            "while": {
                "title": "While",
                "description": "CEL over the next inputs, asked before each round. Outputs become the next inputs.",
                "type": "string",
                "maxLength": 65536,
                "examples": ["inputs.score < 0.9"],
            },
            "maxIterations": {
                "title": "Rounds at most",
                "description": "Past it the node fails with MaxIterations.",
                "type": "integer",
                "minimum": 1,
                "maximum": 1_000_000,
                "default": 1_000,
                "examples": [20],
            },
        },
        "required": ["flowId"],
        "additionalProperties": False,
    },
    "ui": {
        "group": "Logic",
        "kind": "subflow",
        "icon": "workflow",
        "order": 40,
        "summary": "{mode}",
        "keywords": ["sub-flow", "flow", "call", "for each", "loop", "map", "batch", "list", "while"],
        "fields": {
            "/flowId": {"widget": "flow"},
            "/version": {"widget": "version"},
            "/concurrency": {"when": {"/mode": "forEach"}},
            "/onItemError": {"when": {"/mode": "forEach"}},
            "/while": {"widget": "code", "language": "cel", "rows": 2, "when": {"/mode": "while"}},
            "/maxIterations": {"when": {"/mode": "while"}},
        },
    },
    "pure": False,
    "check": check,
}
