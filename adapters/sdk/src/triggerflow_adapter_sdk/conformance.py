"""The suite an adapter has to pass. In a test module of yours:

    from triggerflow_adapter_sdk.conformance import AdapterConformance

    class TestMyAdapter(AdapterConformance):
        def make_adapter(self):
            return MyAdapter()

It needs pytest, calls nothing outside, and runs no handler. An adapter whose `describe()` says
`capabilities: {"loadBluePrint": true, "saveBluePrint": true, "remote": false}` must bring a blueprint back as it was
saved; what needs a remote system is yours to test.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import pytest

from triggerflow_adapter_sdk.adapter import ENTRY_POINT_GROUP, TriggerFlowIntegrationAdapter
from triggerflow_adapter_sdk.catalogue import Catalogue
from triggerflow_adapter_sdk.description import HandlerDescription
from triggerflow_adapter_sdk.settings import AdapterSettings

_PORT = {
    "type": "object",
    "properties": {
        "key": {"type": "string", "pattern": "^[a-z_][a-zA-Z0-9_]*$"},
        "label": {"type": "string", "minLength": 1},
        "type": {"enum": ["any", "string", "number", "integer", "boolean", "object", "array"]},
        "default": {},
    },
    "required": ["key", "label"],
    "additionalProperties": False,
}

# TriggerFlowNodeMetadata without id and position, stricter where a palette needs it.
TEMPLATE_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"enum": ["trigger", "action", "condition", "subflow", "output"]},
        "name": {"type": "string", "minLength": 1, "maxLength": 80},
        "description": {"type": "string", "minLength": 1},
        "handlers": {
            "type": "object",
            "properties": {
                "main": {
                    "type": "object",
                    "properties": {
                        "entrypoint": {"type": "string"},
                        "config": {"type": "object"},
                        "timeoutSeconds": {"type": "integer", "minimum": 1},
                        "retries": {
                            "type": "object",
                            "properties": {
                                "maxAttempts": {"type": "integer", "minimum": 0},
                                "backoffSeconds": {"type": "integer", "minimum": 0},
                            },
                            "additionalProperties": False,
                        },
                    },
                    "required": ["entrypoint"],
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        },
        "ports": {
            "type": "object",
            "properties": {"inputs": {"type": "array", "items": _PORT}, "outputs": {"type": "array", "items": _PORT}},
            "additionalProperties": False,
        },
        "annotations": {"type": "object"},
    },
    "required": ["type", "name", "description", "handlers"],
    "additionalProperties": False,
}


class AdapterConformance:
    """Subclass it and override `make_adapter`."""

    def make_adapter(self) -> TriggerFlowIntegrationAdapter:
        """A new adapter, as its entry point makes it."""
        raise NotImplementedError("override make_adapter")

    def make_settings(self) -> AdapterSettings:
        """What a host allows while these tests run. Nothing, by default."""
        return AdapterSettings(environ={})

    def load(self) -> tuple[TriggerFlowIntegrationAdapter, Catalogue]:
        """The adapter in a catalogue of its own."""
        adapter = self.make_adapter()
        catalogue = Catalogue([adapter], self.make_settings())
        assert adapter.name not in catalogue.health() or catalogue.health()[adapter.name]["status"] != "down", (
            f"the catalogue refuses the adapter: {catalogue.health()[adapter.name]['message']}"
        )
        return adapter, catalogue

    def test_its_name_stands_in_entrypoints_and_is_that_of_its_entry_point(self) -> None:
        adapter = self.make_adapter()
        assert isinstance(adapter, TriggerFlowIntegrationAdapter)
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", adapter.name)
        points = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP, name=adapter.name)
        for point in points:
            assert point.load() is type(adapter), "the entry point of this name loads another class"

    def test_describing_it_is_quick_and_always_the_same(self) -> None:
        adapter, _ = self.load()
        first, second = (_json(adapter.describe()) for _ in range(2))
        assert first == second
        assert first == _json(self.load()[0].describe())

    def test_loading_it_does_not_import_agently(self) -> None:
        # agently takes seconds, and every service loads every adapter.
        kind = type(self.make_adapter())
        code = f"import sys, {kind.__module__}; sys.exit('agently' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

    def test_its_health_is_ok_degraded_or_down(self) -> None:
        adapter, catalogue = self.load()
        assert catalogue.health()[adapter.name]["status"] in ("ok", "degraded", "down")

    def test_every_template_is_a_node_but_for_id_and_position(self) -> None:
        validator = jsonschema_rs.Draft202012Validator(dict(TEMPLATE_SCHEMA))
        for description in self._descriptions():
            errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(description.node)]
            assert not errors, f"{description.reference}: {errors}"
            ports = description.node.get("ports", {})
            if description.node["type"] == "trigger":
                assert not ports.get("inputs"), f"{description.reference}: a trigger has no inputs"
            if description.node["type"] == "output":
                assert not ports.get("outputs"), f"{description.reference}: an output has no outputs"
            assert "error" not in [port["key"] for port in ports.get("outputs", ())]
            for side in ports.values():
                keys = [port["key"] for port in side]
                assert len(set(keys)) == len(keys), f"{description.reference}: a port twice"

    def test_every_template_names_its_handler_and_has_no_problem(self) -> None:
        for description in self._descriptions():
            if description.node["type"] == "output":
                assert description.node["handlers"] == {}
                continue
            assert description.node["handlers"]["main"]["entrypoint"] == description.reference
            # Which flow of the user's it is about, no template can know.
            fields = description.ui.get("fields", {})
            picked = {f"/handlers/main/config{at}" for at, hint in fields.items() if hint.get("widget") == "flow"}
            told = [problem for problem in description.check_node(description.node) if problem.pointer not in picked]
            assert told == [], description.reference

    def test_every_field_has_a_title_a_description_and_examples_that_are_valid(self) -> None:
        for description in self._descriptions():
            schema = description.config_schema
            assert schema.get("type") == "object", f"{description.reference}: a config is an object"
            for name, field in schema.get("properties", {}).items():
                where = f"{description.reference} /{name}"
                assert field.get("title"), f"{where} has no title"
                assert field.get("description"), f"{where} has no description"
                assert field.get("examples"), f"{where} has no examples"
                for example in field["examples"]:
                    config = {**_config(description), name: example}
                    wrong = [at for at in description.check_config(config) if at.pointer.startswith(f"/{name}")]
                    assert not wrong, f"{where}: {example!r}: {wrong}"

    def test_every_default_is_valid(self) -> None:
        for description in self._descriptions():
            for name, field in description.config_schema.get("properties", {}).items():
                if "default" in field:
                    config = {**_config(description), name: field["default"]}
                    wrong = [at for at in description.check_config(config) if at.pointer.startswith(f"/{name}")]
                    assert not wrong, f"{description.reference} /{name}: {wrong}"

    def test_secret_fields_take_the_environment_and_refuse_literals(self) -> None:
        for description in self._descriptions():
            for pattern in description.secrets:
                path = pattern.removeprefix("/").split("/")
                assert "*" not in path or path.index("*") > 0, f"{description.reference}: {pattern} marks everything"
                for value, literal in (({"$env": "NAME"}, False), ("literal", True), ({"$expr": "input"}, True)):
                    found = description.check_config(_nested(path, value))
                    told = [at for at in found if at.literal_secret]
                    assert bool(told) is literal, f"{description.reference} {pattern}: {value!r}"

    def test_marks_point_at_fields_of_the_schema(self) -> None:
        for description in self._descriptions():
            properties = description.config_schema.get("properties", {})
            for pattern in (*description.expressions, *description.secrets, *description.headers):
                assert pattern.split("/")[1] in properties, f"{description.reference}: {pattern} is no field"

    def test_the_canvas_is_told_how_to_show_it(self) -> None:
        for description in self._descriptions():
            for member in ("group", "kind", "icon", "order"):
                assert member in description.ui, f"{description.reference}: ui has no {member}"
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", description.ui["icon"]), "icons are lucide names"
            json.dumps(description.ui)

    def test_every_handler_resolves_to_something_that_can_be_called(self) -> None:
        adapter, catalogue = self.load()
        for description in catalogue.handlers():
            if description.node["type"] == "output":
                continue
            handler = adapter.resolve_handler(description.reference.partition(":")[2])
            for_node = getattr(handler, "for_node", None)
            bound = handler if for_node is None else for_node(dict(description.node), "main")
            assert callable(bound), description.reference

    def test_an_unknown_reference_is_a_lookup_error(self) -> None:
        adapter, catalogue = self.load()
        with pytest.raises(LookupError):
            adapter.resolve_handler("no-such-handler-here")
        assert catalogue.describe(f"{adapter.name}:no-such-handler-here") is None
        assert catalogue.explain_unknown(f"{adapter.name}:no-such-handler-here")

    def test_the_hooks_of_an_execution_raise_nothing(self) -> None:
        adapter, _ = self.load()
        context: dict[str, Any] = {"flowId": "00000000-0000-7000-8000-000000000000", "labels": []}
        adapter.on_execution_start("00000000-0000-7000-8000-000000000001", context)
        adapter.on_execution_end("00000000-0000-7000-8000-000000000001", context, success=True)

    def test_it_opens_and_closes_twice(self) -> None:
        import asyncio

        async def twice() -> None:
            _, catalogue = self.load()
            for _ in range(2):
                await catalogue.open()
                await catalogue.close()

        asyncio.run(twice())

    def test_a_blueprint_comes_back_as_it_was_saved(self) -> None:
        adapter, _ = self.load()
        capabilities = adapter.describe().get("capabilities", {})
        if capabilities.get("remote", True) or not capabilities.get("loadBluePrint"):
            pytest.skip("it keeps blueprints elsewhere, or none")
        from agently.core import TriggerFlowBlueprint

        blueprint = TriggerFlowBlueprint(name="conformance")
        signal = {"id": "event:done", "trigger_type": "event", "trigger_event": "done"}
        blueprint.definition.add_operator(
            id="end", kind="result_sink", name="end", listen_signals=[signal], emit_signals=[], options={}
        )
        saved = json.loads(json.dumps(adapter.save_blue_print(blue_print=blueprint)))
        assert saved["version"]
        loaded = adapter.load_blue_print(source=saved)
        assert loaded.get_flow_config() == blueprint.get_flow_config()
        with pytest.raises(ValueError):
            adapter.load_blue_print(source={})

    def _descriptions(self) -> Iterator[HandlerDescription]:
        yield from self.load()[1].handlers()


def _json(value: Any) -> str:
    # A handler's own check is code.
    return json.dumps(value, sort_keys=True, default=lambda code: f"<{getattr(code, '__qualname__', code)}>")


def _config(description: HandlerDescription) -> dict[str, Any]:
    return dict(description.node.get("handlers", {}).get("main", {}).get("config", {}))


def _nested(path: list[str], value: Any) -> dict[str, Any]:
    for part in reversed(path):
        value = {"any" if part == "*" else part: value}
    assert isinstance(value, dict)
    return value
