"""List what happened to the flows of a project: the history behind live flow events."""

from __future__ import annotations

from triggerflow_chassis.errors import BadCursor, BadParameter, CursorExpired
from triggerflow_chassis.identity import Principal
from triggerflow_chassis.ids import is_uuid, normalise

from triggerflow_registry.app.desk import Desk
from triggerflow_registry.domain.flow import FlowEvent, ProjectId

DEFAULT_LIMIT = 500
MAX_LIMIT = 5_000


async def list_flow_events(desk: Desk, actor: Principal, *, after: str, limit: int) -> list[FlowEvent]:
    """At most `limit` events above the cursor, oldest first; 0 means the default.

    Raises BadCursor, BadParameter, CursorExpired.
    """
    if after and not is_uuid(after):
        raise BadCursor()
    if not 0 <= limit <= MAX_LIMIT:
        raise BadParameter("limit", f"A page has 1 to {MAX_LIMIT} events, not {limit}.")
    async with desk.store.read() as view:
        project_id, cursor = ProjectId(actor.project_id), normalise(after)
        # Without a cursor nobody asks for what was before: it starts at the oldest that is kept.
        if cursor and cursor < await view.forgotten_up_to(project_id):
            raise CursorExpired()
        return await view.events(project_id, after=cursor, limit=limit or DEFAULT_LIMIT)
