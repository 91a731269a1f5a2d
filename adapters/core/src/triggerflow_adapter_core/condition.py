"""core:condition: lights one port by a CEL expression, or by the first true case. The port carries the input."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any

from triggerflow_adapter_sdk import Outputs
from triggerflow_adapter_sdk.expressions import CelCondition
from triggerflow_adapter_sdk.pointers import Path
from triggerflow_adapter_sdk.ports import input_keys, passed_on

# https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax; a condition's ports may be true and false.
_RESERVED = frozenset(
    {
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "inputs", "let"),
        *("loop", "namespace", "null", "package", "return", "var", "void", "while"),
    }
)

_CASES: Path = ("handlers", "main", "config", "cases")


class Condition:
    """Compiles the node's expressions once."""

    @staticmethod
    def for_node(node: Mapping[str, Any], key: str) -> Callable[[Any, Any], Coroutine[Any, Any, Outputs]]:
        config = node["handlers"][key]["config"]
        keys = input_keys(node)
        if "expression" in config:
            condition = CelCondition(config["expression"], keys)

            async def branch(inputs: Mapping[str, Any], ctx: Any) -> Outputs:
                port = "true" if await condition.evaluate(inputs) else "false"
                return Outputs(**{port: passed_on(inputs, keys)})

            def branch_at_once(inputs: Mapping[str, Any]) -> Outputs:
                port = "true" if condition.at_once(inputs) else "false"
                return Outputs(**{port: passed_on(inputs, keys)})

            branch.at_once = branch_at_once  # type: ignore[attr-defined]
            return branch

        cases = [(case["port"], CelCondition(case["when"], keys)) for case in config["cases"]]

        async def choose(inputs: Mapping[str, Any], ctx: Any) -> Outputs:
            for port, when in cases:
                if await when.evaluate(inputs):
                    return Outputs(**{port: passed_on(inputs, keys)})
            return Outputs(default=passed_on(inputs, keys))

        def choose_at_once(inputs: Mapping[str, Any]) -> Outputs:
            port = next((port for port, when in cases if when.at_once(inputs)), "default")
            return Outputs(**{port: passed_on(inputs, keys)})

        choose.at_once = choose_at_once  # type: ignore[attr-defined]
        return choose


def check(node: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Case ports are unique and none is `default`; declared outputs name exactly them and `default`."""
    cases = config.get("cases")
    wanted = ["true", "false"]
    if isinstance(cases, list):
        wanted = []
        for index, case in enumerate(cases):
            port = case.get("port") if isinstance(case, dict) else None
            if not isinstance(port, str):
                continue
            at: Path = (*_CASES, index, "port")
            if port == "default":
                yield at, "The port default is there already, for what no case takes. Choose another name."
            elif port == "error":
                yield at, "The port error is kept for failures. Choose another name."
            elif port in _RESERVED:
                yield at, f"The word {port} is reserved. Choose another name."
            elif port in wanted:
                yield at, f"Another case has the port {port} too. Choose another name."
            wanted.append(port)
        wanted.append("default")
    declared = (node.get("ports") or {}).get("outputs")
    if declared is None:
        return
    for index, output in enumerate(declared):
        if output.get("key") not in wanted:
            yield (
                ("ports", "outputs", index),
                f"This condition has no port {output.get('key')}. Remove it, or add a case for it.",
            )
    missing = [port for port in wanted if port not in {output.get("key") for output in declared}]
    if missing:
        yield ("ports", "outputs"), f"The declared outputs lack {', '.join(dict.fromkeys(missing))}."


HANDLER = Condition()

_WHEN = {
    "description": "CEL. Each input port is a variable, and inputs is all of them.",
    "type": "string",
    "minLength": 1,
    "maxLength": 65536,
    "examples": ["input.total > 100", "has(inputs.input) && size(input) > 0"],
}

ENTRY: Mapping[str, Any] = {
    "reference": "core:condition",
    "node": {
        "type": "condition",
        "name": "Condition",
        "description": "Sends its input one way or another.",
        "handlers": {"main": {"entrypoint": "core:condition", "config": {"expression": "input != null"}}},
        "ports": {"inputs": [{"key": "input", "label": "Input", "type": "any"}]},
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Condition",
        "description": "Either one expression with the ways true and false, or cases and default.",
        "type": "object",
        "properties": {
            "expression": {"title": "Expression", **_WHEN, "default": "input != null"},
            "cases": {
                "title": "Cases",
                "description": "The first case that is true takes the input; default takes the rest.",
                "type": "array",
                "examples": [[{"port": "rainy", "when": "input.rain > 0"}, {"port": "hot", "when": "input.max > 30"}]],
                "minItems": 1,
                "maxItems": 100,
                "items": {
                    "title": "Case",
                    "type": "object",
                    "properties": {
                        "port": {
                            "title": "Port",
                            "description": "The way it goes: a name in letters, digits and underscores.",
                            "type": "string",
                            "pattern": "^[a-z_][a-zA-Z0-9_]*$",
                            "examples": ["rainy"],
                        },
                        "when": {"title": "When", **_WHEN},
                    },
                    "required": ["port", "when"],
                    "additionalProperties": False,
                },
            },
        },
        # One of the two; said so, and not by oneOf, that each problem is told at its own member.
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    },
    "ui": {
        "group": "Logic",
        "kind": "condition",
        "icon": "split",
        "order": 30,
        "summary": "{expression}",
        "keywords": ["if", "else", "switch", "branch", "route", "cel"],
        "alternatives": [
            {"title": "True or false", "fields": ["/expression"]},
            {"title": "Cases", "fields": ["/cases"]},
        ],
        "fields": {
            "/expression": {"widget": "code", "language": "cel", "rows": 3},
            "/cases": {"widget": "cases"},
            "/cases/*/when": {"widget": "code", "language": "cel", "rows": 2},
        },
    },
    "pure": True,
    "expressions": {"/expression": "cel", "/cases/*/when": "cel"},
    "check": check,
}
