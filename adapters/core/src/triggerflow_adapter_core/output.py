"""core:output: how the palette shows an output node. It has no handler: the run itself keeps what it receives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ENTRY: Mapping[str, Any] = {
    "reference": "core:output",
    "node": {
        "type": "output",
        "name": "Output",
        "description": "Names a result of the run: its input becomes the output of this node's name.",
        "handlers": {},
        "ports": {"inputs": [{"key": "input", "label": "Result", "type": "any"}]},
    },
    "configSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Output",
        "type": "object",
        "additionalProperties": False,
    },
    "ui": {
        "group": "Results",
        "kind": "output",
        "icon": "flag",
        "order": 90,
        "summary": "",
        "keywords": ["result", "end", "return", "answer"],
        "fields": {},
    },
    "pure": True,
}
