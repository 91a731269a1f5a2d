"""List drafts, newest first."""

from __future__ import annotations

from triggerflow_chassis.identity import Principal

from triggerflow_registry.app.desk import Desk
from triggerflow_registry.app.paging import page, page_size, place_of
from triggerflow_registry.app.shown import Page, ShownSummary
from triggerflow_registry.domain.flow import FlowSummary, ProjectId
from triggerflow_registry.domain.problem import Problem
from triggerflow_registry.ports import FlowPosition

_LIST = "flows"


async def list_flows(desk: Desk, actor: Principal, *, size: int, token: str, query: str) -> Page[ShownSummary]:
    """A page of drafts whose name has `query` as a part, without case. Raises BadParameter, BadCursor."""
    limit = page_size(size)
    place = place_of(token, _LIST, (int, str))
    before = FlowPosition(int(place[0]), str(place[1])) if place else None
    project_id = ProjectId(actor.project_id)
    async with desk.store.read() as view:
        found = await view.flows(project_id, name_has=query.casefold(), before=before, limit=limit + 1)
    shown = page(found, limit, _LIST, lambda summary: [summary.created_at, summary.id])
    return Page(
        tuple([ShownSummary(summary, await _problems(desk, summary)) for summary in shown.items]), shown.next_token
    )


async def _problems(desk: Desk, summary: FlowSummary) -> tuple[Problem, ...]:
    known = desk.inspector.known_problems(summary.etag)
    if known is not None:
        return known
    async with desk.store.read() as view:
        flow = await view.flow(summary.project_id, summary.id)
    # Gone between the two reads: nothing is wrong with it any more.
    return () if flow is None else desk.inspector.problems(flow.etag, flow.document)
