"""Blueprints for adapters that have no remote system: the descriptor carries the definition itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from triggerflow_adapter_sdk.adapter import TriggerFlowBluePrint


class EmbeddedBlueprints:
    """`load_blue_print` and `save_blue_print` by TriggerFlow's own flow config. Mix in before the adapter interface."""

    def load_blue_print(self, *, source: Mapping[str, Any]) -> TriggerFlowBluePrint:
        """The blueprint of a descriptor. Raises ValueError where it holds none, or not the one it was made of."""
        definition = source.get("definition")
        if not isinstance(definition, Mapping):
            raise ValueError("the descriptor holds no definition")
        if source.get("checksum", _checksum(definition)) != _checksum(definition):
            raise ValueError("the definition is not the one its checksum names")
        from agently.core import TriggerFlowBlueprint

        blueprint = TriggerFlowBlueprint(name=definition.get("name"))
        blueprint.load_flow_config(json.loads(json.dumps(definition)))
        return blueprint

    def save_blue_print(self, *, blue_print: TriggerFlowBluePrint) -> Mapping[str, Any]:
        """`{externalId, version, checksum, definition}`. Raises where the blueprint holds what JSON cannot."""
        definition = blue_print.get_flow_config(validate_serializable=True)
        checksum = _checksum(definition)
        return {"externalId": blue_print.name, "version": checksum, "checksum": checksum, "definition": definition}


def _checksum(definition: Mapping[str, Any]) -> str:
    text = json.dumps(definition, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
