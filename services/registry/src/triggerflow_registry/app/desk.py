"""Bundle what every verb works with."""

from __future__ import annotations

from dataclasses import dataclass

from triggerflow_chassis.errors import NotFound
from triggerflow_chassis.ids import is_uuid, normalise

from triggerflow_registry.app.inspection import Inspector
from triggerflow_registry.domain.flow import Flow, FlowId, NodeId, ProjectId
from triggerflow_registry.ports import Announcer, Clock, Executions, HandlerCatalogue, Store, View


@dataclass(frozen=True, slots=True)
class Desk:
    """The ports, and the inspector that remembers what it found."""

    store: Store
    catalogue: HandlerCatalogue
    inspector: Inspector
    executions: Executions
    announcer: Announcer
    clock: Clock


def flow_id_of(text: str) -> FlowId:
    """The id as stored. Raises NotFound: what is no UUID names no flow."""
    if not is_uuid(text):
        raise NotFound("flow", text)
    return FlowId(normalise(text))


def node_id_of(text: str) -> NodeId:
    """The id as stored. Raises NotFound: what is no UUID names no node."""
    if not is_uuid(text):
        raise NotFound("node", text)
    return NodeId(normalise(text))


async def find_flow(view: View, project_id: ProjectId, flow_id: str) -> Flow:
    """The draft. Raises NotFound."""
    flow = await view.flow(project_id, flow_id_of(flow_id))
    if flow is None:
        raise NotFound("flow", flow_id)
    return flow
