"""Pin what the sub-flows of a draft run, as it is published: docs/contract.md, end of section 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from triggerflow_chassis import flow_model
from triggerflow_chassis.errors import Violation
from triggerflow_chassis.ids import is_uuid, normalise

from triggerflow_registry.domain.flow import UNPUBLISHED, Document, Flow, FlowId, NodeId, NodeObject, ProjectId
from triggerflow_registry.ports import View

# What the hash says of a node that runs its own flow in the version being published: which one that is, is no meaning.
_ITSELF = "itself"


@dataclass(frozen=True, slots=True)
class Pins:
    """By subflow node: the version it runs, and what the content hash says of it. `refused` is why there are none."""

    versions: Mapping[NodeId, str]
    meaning: Mapping[NodeId, str]
    refused: tuple[Violation, ...]


async def find_pins(view: View, project_id: ProjectId, flow: Flow) -> Pins:
    """The version each subflow node names, or the newest of its flow where it names none."""
    versions: dict[NodeId, str] = {}
    meaning: dict[NodeId, str] = {}
    refused: list[Violation] = []
    for index, node in enumerate(flow.document.nodes):
        if flow_model.entrypoint(node) != "core:subflow":
            continue  # that a sub-flow has no handler is told as a problem of the draft
        at, node_id = f"/nodes/{index}/handlers/main/config", NodeId(node["id"])
        config = flow_model.config(node)
        named, flow_id = config.get("version"), str(config.get("flowId", ""))
        itself = is_uuid(flow_id) and normalise(flow_id) == flow.id
        if itself and named in (None, ""):
            versions[node_id], meaning[node_id] = str(flow.latest_version + 1), _ITSELF
            continue
        known = FlowId(normalise(flow_id)) if is_uuid(flow_id) else None
        latest = await view.latest_version(project_id, known) if known is not None else None
        if latest is None:
            refused.append(Violation(f"{at}/flowId", "There is no flow of this id. Choose another one."))
        elif named in (None, ""):
            if latest == UNPUBLISHED:
                refused.append(Violation(f"{at}/flowId", "This flow has no version yet. Publish it first."))
            else:
                versions[node_id] = meaning[node_id] = str(latest)
        elif not str(named).isdigit() or not 1 <= int(str(named)) <= latest:
            message = f"The flow has no version {str(named)[:40]!r}. Choose another, or leave it empty for the newest."
            refused.append(Violation(f"{at}/version", message))
        else:
            versions[node_id] = meaning[node_id] = str(named)
    return Pins(versions, meaning, tuple(refused))


def pinned(document: Document, pins: Mapping[NodeId, str]) -> Document:
    """The document as a version has it: each subflow node names the version it runs."""
    if not pins:
        return document
    return replace(document, nodes=type(document.nodes)(_pinned(node, pins) for node in document.nodes))


def _pinned(node: NodeObject, pins: Mapping[NodeId, str]) -> NodeObject:
    version = pins.get(NodeId(node["id"]))
    if version is None:
        return node
    main: Mapping[str, Any] = node["handlers"]["main"]
    config = {**(main.get("config") or {}), "version": version}
    return {**node, "handlers": {**node["handlers"], "main": {**main, "config": config}}}
