"""Replace a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from triggerflow_registry.app.desk import find_flow
from triggerflow_registry.app.shown import ShownFlow
from triggerflow_registry.app.writing import Work
from triggerflow_registry.domain.document import count_changes, document_of
from triggerflow_registry.domain.etag import flow_etag, require
from triggerflow_registry.domain.flow import Document, Flow, FlowEventType
from triggerflow_registry.domain.rules import check_flow


async def update_flow(work: Work, flow_id: str, body: Mapping[str, Any], etag: str) -> ShownFlow:
    """Replace the draft with the flow's JSON; an absent member takes its default.

    Raises NotFound, PreconditionRequired, StaleEtag, Invalid, in this order. What changes nothing moves no tag.
    """
    flow = await find_flow(work.change, work.project_id, flow_id)
    require(etag, flow.etag)
    inspector = work.desk.inspector
    check_flow(body, inspector.secrets)
    document = document_of(body)
    flow = await keep_document(work, flow, replace(document, nodes=count_changes(document.nodes, flow.document.nodes)))
    return ShownFlow(flow, inspector.problems(flow.etag, flow.document))


async def keep_document(work: Work, flow: Flow, document: Document) -> Flow:
    """Keep the document as the flow's draft, and tell of it, unless it is what the draft says already."""
    etag = flow_etag(flow.id, document)
    if etag == flow.etag:
        return flow
    changed = replace(flow, document=document, etag=etag, updated_at=work.now)
    await work.change.replace_flow(changed, work.actor.subject)
    await work.tell(FlowEventType.UPDATED, flow.id)
    return changed
