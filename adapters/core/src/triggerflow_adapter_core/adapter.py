"""The built-in nodes that reach nothing outside: triggers, map, condition, parse, waits, and the output node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from triggerflow_adapter_sdk import TriggerFlowIntegrationAdapter
from triggerflow_adapter_sdk.blueprints import EmbeddedBlueprints

from triggerflow_adapter_core import (
    channel,
    chat,
    condition,
    form,
    manual,
    mapping,
    output,
    parse,
    schedule,
    subflow,
    waiting,
    webhook,
)

_HANDLERS = {
    "manual": manual,
    "schedule": schedule,
    "webhook": webhook,
    "form": form,
    "chat": chat,
    "channel": channel,
    "map": mapping,
    "condition": condition,
    "parse": parse,
    "subflow": subflow,
}


class CoreAdapter(EmbeddedBlueprints, TriggerFlowIntegrationAdapter):
    """Adapter `core`."""

    name = "core"

    def describe(self) -> Mapping[str, Any]:
        return {
            "version": "1",
            "capabilities": {"loadBluePrint": True, "saveBluePrint": True, "remote": False},
            "health": {"status": "ok", "message": ""},
            "handlers": [*(module.ENTRY for module in _HANDLERS.values()), *waiting.ENTRIES.values(), output.ENTRY],
        }

    def resolve_handler(self, reference: str) -> Any:
        if reference in waiting.ENTRIES:
            return waiting.HANDLER
        module = _HANDLERS.get(reference)
        if module is None:
            raise LookupError(f"core:{reference} is no handler")
        return module.HANDLER
