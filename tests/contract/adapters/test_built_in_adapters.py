"""The built-in adapters use the door that third parties use, so they pass the same suite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from triggerflow_adapter_core import CoreAdapter
from triggerflow_adapter_http import HttpAdapter
from triggerflow_adapter_python import PythonAdapter
from triggerflow_adapter_sdk import TriggerFlowIntegrationAdapter
from triggerflow_adapter_sdk.blueprints import EmbeddedBlueprints
from triggerflow_adapter_sdk.conformance import AdapterConformance


class TestCoreAdapter(AdapterConformance):
    def make_adapter(self) -> CoreAdapter:
        return CoreAdapter()


class TestHttpAdapter(AdapterConformance):
    def make_adapter(self) -> HttpAdapter:
        return HttpAdapter()


class TestPythonAdapter(AdapterConformance):
    def make_adapter(self) -> PythonAdapter:
        return PythonAdapter()


class Sloppy(EmbeddedBlueprints, TriggerFlowIntegrationAdapter):
    """An adapter whose description was changed in one place."""

    name = "sloppy"

    def __init__(self, **changes: Any) -> None:
        self._changes = changes

    def describe(self) -> Mapping[str, Any]:
        entry = {
            "reference": "sloppy:do",
            "node": {
                "type": "action",
                "name": "Do",
                "description": "Does it.",
                "handlers": {"main": {"entrypoint": "sloppy:do", "config": {"key": {"$env": "KEY"}}}},
            },
            "configSchema": {
                "type": "object",
                "properties": {
                    "key": {"title": "Key", "description": "The key.", "type": "string", "examples": [{"$env": "KEY"}]}
                },
            },
            "ui": {"group": "G", "kind": "code", "icon": "box", "order": 1},
            "secrets": ["/key"],
        }
        return {"version": "1", "handlers": [entry | self._changes]}

    def resolve_handler(self, reference: str) -> Any:
        if reference != "do":
            raise LookupError(reference)
        return lambda inputs, ctx: None


class Suite(AdapterConformance):
    """The suite for a test to call, hidden from collection by its name."""

    def __init__(self, **changes: Any) -> None:
        self._changes = changes

    def make_adapter(self) -> Sloppy:
        return Sloppy(**self._changes)


CHECKS = [name for name in dir(AdapterConformance) if name.startswith("test_") and "blueprint" not in name]


@pytest.mark.parametrize("check", CHECKS)
def test_a_careful_adapter_of_a_stranger_passes(check: str) -> None:
    getattr(Suite(), check)()


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"node": {"type": "action"}}, "test_every_template_is_a_node_but_for_id_and_position"),
        ({"ui": {"group": "G"}}, "test_the_canvas_is_told_how_to_show_it"),
        ({"secrets": ["/nothing"]}, "test_marks_point_at_fields_of_the_schema"),
        ({"reference": "other:do"}, "test_its_health_is_ok_degraded_or_down"),
        ({"configSchema": {"type": "nonsense"}}, "test_its_health_is_ok_degraded_or_down"),
        (
            {"configSchema": {"type": "object", "properties": {"key": {"title": "Key"}}}},
            "test_every_field_has_a_title_a_description_and_examples_that_are_valid",
        ),
    ],
)
def test_a_careless_one_does_not(changes: dict[str, Any], check: str) -> None:
    with pytest.raises(AssertionError):
        getattr(Suite(**changes), check)()
