"""What the catalogue knows of a handler, and the static check of a config against it. Executes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Language = Literal["jsonata", "cel"]


class ConfigProblem(NamedTuple):
    """Something wrong with a config. `pointer` starts at the config itself.

    `literal_secret`: a literal (or `$expr`) stands where a secret belongs, which is refused instead of saved.
    """

    pointer: str
    message: str
    literal_secret: bool = False


@dataclass(frozen=True, slots=True)
class HandlerDescription:
    """A kind of node."""

    # "adapter:handler", or a dotted path.
    reference: str
    adapter: str
    # TriggerFlowNodeMetadata, complete but for id and position.
    node: Mapping[str, Any]
    # JSON Schema 2020-12 of the config.
    config_schema: Mapping[str, Any]
    # Hints for the canvas: group, icon, kind, fields, order, summary.
    ui: Mapping[str, Any]
    # Running it again changes nothing outside, and the same inputs give the same result.
    pure: bool = False
    # {"status": "ok" | "degraded" | "down", "message": text}
    health: Mapping[str, str] = field(default_factory=lambda: {"status": "ok", "message": ""})
    # Pointer patterns (`*` is any member) of fields that are expressions themselves.
    expressions: Mapping[str, Language] = field(default_factory=dict)
    # Pointer patterns of fields that must come from the environment.
    secrets: tuple[str, ...] = ()
    # Pointer patterns of objects that map HTTP header names to values.
    headers: tuple[str, ...] = ()

    def check_config(self, config: Mapping[str, Any]) -> list[ConfigProblem]:
        """Everything that can be said of a config without running it: schema, expressions, `$env`, literal secrets."""
        raise NotImplementedError

    def check_node(self, node: Mapping[str, Any], key: str = "main") -> list[ConfigProblem]:
        """`check_config`, and what concerns config and ports together; pointers start at the node."""
        raise NotImplementedError
