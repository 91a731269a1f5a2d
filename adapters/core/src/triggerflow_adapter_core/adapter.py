"""The built-in nodes that reach nothing outside: manual trigger, map, condition, parse, and the output node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from triggerflow_adapter_sdk import TriggerFlowIntegrationAdapter
from triggerflow_adapter_sdk.blueprints import EmbeddedBlueprints

from triggerflow_adapter_core import condition, manual, mapping, output, parse, schedule

_HANDLERS = {"manual": manual, "map": mapping, "condition": condition, "parse": parse, "schedule": schedule}


class CoreAdapter(EmbeddedBlueprints, TriggerFlowIntegrationAdapter):
    """Adapter `core`."""

    name = "core"

    def describe(self) -> Mapping[str, Any]:
        return {
            "version": "1",
            "capabilities": {"loadBluePrint": True, "saveBluePrint": True, "remote": False},
            "health": {"status": "ok", "message": ""},
            "handlers": [manual.ENTRY, schedule.ENTRY, mapping.ENTRY, condition.ENTRY, parse.ENTRY, output.ENTRY],
        }

    def resolve_handler(self, reference: str) -> Any:
        module = _HANDLERS.get(reference)
        if module is None:
            raise LookupError(f"core:{reference} is no handler")
        return module.HANDLER
