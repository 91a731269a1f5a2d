"""Adapter `python`: an entrypoint without a colon is a function in a module that TFCANVAS_PYTHON_MODULES allows.

Describing and checking read the text of the path only. The module is imported when the node runs for the first time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from triggerflow_adapter_sdk import AdapterSettings, TriggerFlowIntegrationAdapter
from triggerflow_adapter_sdk.blueprints import EmbeddedBlueprints

from triggerflow_adapter_python.resolve import allowed_by, resolve

SETTING = "TFCANVAS_PYTHON_MODULES"

# Names, at least one of them a module; none may reach into Python's own machinery.
_PATH = re.compile(r"(?!__)[^\W\d]\w*(?:\.(?!__)[^\W\d]\w*)+\Z")


class PythonAdapter(EmbeddedBlueprints, TriggerFlowIntegrationAdapter):
    """Adapter `python`."""

    name = "python"

    def __init__(self) -> None:
        self._modules: tuple[str, ...] = ()

    def configure(self, settings: AdapterSettings) -> None:
        self._modules = settings.python_modules

    def describe(self) -> Mapping[str, Any]:
        # No handlers: which functions a module has is known only to whoever imports it.
        return {
            "version": "1",
            "capabilities": {"loadBluePrint": True, "saveBluePrint": True, "remote": False, "dottedPaths": True},
            "health": {"status": "ok", "message": ""},
            "handlers": [],
        }

    def describe_path(self, path: str) -> Mapping[str, Any] | None:
        """The description of a dotted path, None where it is none or its module is not allowed. Imports nothing."""
        if not _PATH.match(path) or not allowed_by(self._modules, path):
            return None
        function = path.rpartition(".")[2]
        return {
            "reference": path,
            "node": {
                "type": "action",
                "name": function,
                "description": f"Calls {path}(inputs, ctx).",
                "handlers": {"main": {"entrypoint": path, "config": {}}},
                "ports": {
                    "inputs": [{"key": "input", "label": "Input", "type": "any"}],
                    "outputs": [{"key": "out", "label": "Result", "type": "any"}],
                },
            },
            "configSchema": {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": function,
                "description": "Whatever the function reads from ctx.config.",
                "type": "object",
            },
            "ui": {
                "group": "Code",
                "kind": "code",
                "icon": "square-function",
                "order": 50,
                "summary": path,
                "fields": {"": {"widget": "code", "language": "json", "rows": 6}},
            },
            "pure": False,
        }

    def explain_path(self, path: str) -> str:
        """Why `describe_path` gives None."""
        if not _PATH.match(path):
            return f"{path} is no dotted path of a module and a function"
        return f"{path} is in no module that {SETTING} allows"

    def resolve_handler(self, reference: str) -> Any:
        """The function of a dotted path; imports its module. Raises LookupError where it is not allowed."""
        if self.describe_path(reference) is None:
            raise LookupError(self.explain_path(reference))
        return resolve(reference, self._modules)
