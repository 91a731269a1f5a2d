"""Read a draft."""

from __future__ import annotations

from triggerflow_chassis.identity import Principal

from triggerflow_registry.app.desk import Desk, find_flow
from triggerflow_registry.app.shown import ShownFlow
from triggerflow_registry.domain.flow import ProjectId


async def get_flow(desk: Desk, actor: Principal, flow_id: str) -> ShownFlow:
    """The draft and its problems. Raises NotFound."""
    async with desk.store.read() as view:
        flow = await find_flow(view, ProjectId(actor.project_id), flow_id)
    return ShownFlow(flow, desk.inspector.problems(flow.etag, flow.document))
