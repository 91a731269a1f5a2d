"""Make a flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from triggerflow_chassis.ids import uuid7

from triggerflow_registry.app.shown import ShownFlow
from triggerflow_registry.app.writing import Work
from triggerflow_registry.domain.document import count_changes, document_of
from triggerflow_registry.domain.etag import flow_etag
from triggerflow_registry.domain.flow import UNPUBLISHED, Flow, FlowEventType, FlowId
from triggerflow_registry.domain.rules import check_flow


async def create_flow(work: Work, body: Mapping[str, Any], new_id: Callable[[int], str] = uuid7) -> ShownFlow:
    """Keep a new draft. `body` is the flow's JSON; what the server sets in it is ignored. Raises Invalid."""
    inspector = work.desk.inspector
    check_flow(body, inspector.secrets)
    document = document_of(body)
    document = replace(document, nodes=count_changes(document.nodes, ()))
    flow_id = FlowId(new_id(work.now // 1_000))
    flow = Flow(
        id=flow_id,
        project_id=work.project_id,
        document=document,
        etag=flow_etag(flow_id, document),
        latest_version=UNPUBLISHED,
        created_at=work.now,
        updated_at=work.now,
    )
    await work.change.add_flow(flow, work.actor.subject)
    await work.tell(FlowEventType.UPDATED, flow.id)
    return ShownFlow(flow, inspector.problems(flow.etag, document))
