"""A trigger of a published flow, as the trigger book has it. Pure; no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SCHEDULE: Final = "core:schedule"
HOOK_KINDS: Final = frozenset({"core:webhook", "core:form", "core:chat"})
"""Those that are reached at /hooks/{path}. They share one set of paths."""

_HOOK_PATH: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)*", re.ASCII)
_MOST_PATH: Final = 200

# Where a kind keeps what it is found by.
_KEYS: Final[Mapping[str, str]] = {
    "core:webhook": "path",
    "core:form": "path",
    "core:chat": "path",
    "core:channel": "channel",
    "kafka:topic": "topic",
}


@dataclass(frozen=True, slots=True)
class TriggerNode:
    """A trigger as a version has it."""

    node_id: str
    name: str
    kind: str
    """The entrypoint, such as `core:webhook`."""
    key: str
    """What it is found by: a path, channel or topic; empty for the others."""
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trigger:
    """A row of the trigger book: a trigger of the version that a run of its flow takes by default."""

    project_id: str
    flow_id: str
    node_id: str
    flow_name: str
    node_name: str
    kind: str
    key: str
    config: Mapping[str, Any]
    version: str
    content_hash: str
    paused: bool
    made_at: int
    """When the flow first had this trigger, microseconds. Stays while versions come and go."""
    changed_at: int
    """When its kind, key, config or version last changed, microseconds."""
    most_of_flow: int | None = None
    """Runs of its flow that may go on at once (`settings.concurrency`)."""


@dataclass(frozen=True, slots=True)
class ActiveFlow:
    """What the registry says of a flow now."""

    project_id: str
    flow_id: str
    name: str
    version: str | None
    """The one a run takes by default. None: there is none, or the flow is gone."""
    content_hash: str = ""
    triggers: tuple[TriggerNode, ...] | None = None
    """None where the version is the one that was known already."""
    deleted: bool = False
    """Whether the flow itself is gone, and with it its secrets."""
    most_at_once: int | None = None
    """Runs of the flow that may go on at once, None for any number."""


def most_at_once(blueprint: Mapping[str, Any]) -> int | None:
    """How many runs of the flow may go on at once, by its settings."""
    found = (blueprint.get("settings") or {}).get("concurrency")
    return None if found is None else int(found)


def is_hook_path(path: str) -> bool:
    """Whether a hook can have this path; no other ever has one."""
    return len(path) <= _MOST_PATH and _HOOK_PATH.fullmatch(path) is not None


def triggers_of(blueprint: Mapping[str, Any]) -> tuple[TriggerNode, ...]:
    """The triggers of a published blueprint, in its order."""
    found = []
    for node in blueprint["nodes"]:
        main = node["handlers"].get("main")
        if node["type"] != "trigger" or main is None:
            continue
        kind, config = main["entrypoint"], main.get("config") or {}
        key = config.get(_KEYS[kind], "") if kind in _KEYS else ""
        found.append(TriggerNode(node["id"], node["name"], kind, key if isinstance(key, str) else "", config))
    return tuple(found)
