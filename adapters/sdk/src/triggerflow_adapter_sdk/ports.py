"""Which ports a node has, as far as a handler's result and inputs depend on it (docs/contract.md, "Ports")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ON_ERROR = "onError"


def input_keys(node: Mapping[str, Any], key: str = "main") -> tuple[str, ...]:
    """The keys of a handler's inputs: input ports; a node that declares none has `input` (a sub-flow for each item
    `items`), a trigger none."""
    if key == ON_ERROR:
        return ("error", "inputs")
    if node.get("type") == "trigger":
        return ()
    declared = (node.get("ports") or {}).get("inputs")
    if declared is not None:
        return tuple(port["key"] for port in declared)
    return ("items",) if _main(node) == ("core:subflow", "forEach") else ("input",)


def output_keys(node: Mapping[str, Any], key: str = "main") -> tuple[str, ...]:
    """Output port keys without `error`, which no handler lights."""
    kind = node.get("type")
    if kind == "output":
        return ()
    declared = (node.get("ports") or {}).get("outputs")
    if declared is not None:
        return tuple(port["key"] for port in declared)
    if kind != "condition":
        entrypoint, mode = _main(node)
        if entrypoint == "core:approval":
            return ("approved", "rejected", "timeout")
        return ("out", "errors") if (entrypoint, mode) == ("core:subflow", "forEach") else ("out",)
    config = ((node.get("handlers") or {}).get(key) or {}).get("config") or {}
    cases = config.get("cases")
    if cases is None:
        return ("true", "false")
    return (*(case["port"] for case in cases if isinstance(case, dict) and "port" in case), "default")


def _main(node: Mapping[str, Any]) -> tuple[Any, Any]:
    """Entrypoint and mode of a node's main handler, None where it has none."""
    main = (node.get("handlers") or {}).get("main") or {}
    return main.get("entrypoint"), (main.get("config") or {}).get("mode")


def passed_on(inputs: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    """What a node that passes its input on passes: the value of its one declared port, else the inputs object."""
    return inputs.get(keys[0]) if len(keys) == 1 else inputs
