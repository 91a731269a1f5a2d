"""Answer what is asked about the past: events of an execution, notices of a project, large values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from triggerflow_chassis.errors import BadCursor, BadParameter, CursorExpired, Internal, NotFound
from triggerflow_chassis.ids import is_uuid, normalise

from triggerflow_orchestrator.app import paging
from triggerflow_orchestrator.app.read_executions import known_id
from triggerflow_orchestrator.domain.execution import ProjectNotice, StoredEvent
from triggerflow_orchestrator.ports import Objects, Reads, Telling

DEFAULT_EVENTS: Final = 500
MOST_EVENTS: Final = 5_000
PIECE_BYTES: Final = 8 * 1024 * 1024
# Below every UUIDv7: the cursor of whoever asked before there was an event.
FIRST_CURSOR: Final = "00000000-0000-7000-8000-000000000000"

_STEP: Final = 500


@dataclass(frozen=True, slots=True)
class Events:
    """Events after a cursor. `ended`: the last one here, or before the cursor, ended the execution. `complete`: there
    was no later one."""

    events: list[StoredEvent]
    next: str
    ended: bool
    complete: bool


class ReadHistory:
    """What was told, of one project at a time."""

    def __init__(self, reads: Reads, objects: Objects, telling: Telling) -> None:
        self._reads = reads
        self._objects = objects
        self._telling = telling

    async def events(self, project_id: str, execution_id: str, after: str, limit: int) -> Events:
        """Up to `limit`, fewer where a message cannot carry more: `complete` or `ended` is the end.

        Raises NotFound, BadParameter, BadCursor, CursorExpired, in this order.
        """
        known = known_id("execution", execution_id)
        if await self._reads.execution(project_id, known) is None:
            raise NotFound("execution", known)
        wanted = paging.bounded(limit, "limit", default=DEFAULT_EVENTS, most=MOST_EVENTS)
        cursor = _cursor(after)
        found: list[StoredEvent] = []
        room = paging.PAGE_BYTES
        while True:
            # In steps: five thousand large results at once would be most of this process's memory.
            step = min(_STEP, wanted - len(found))
            page = await self._reads.events(project_id, known, cursor, step)
            if page is None:
                raise NotFound("execution", known)
            if page.expired:
                raise CursorExpired
            for event in page.events:
                room -= paging.utf8_length(event.body)
                if room < 0 and found:
                    return Events(found, found[-1].id, ended=False, complete=False)
                found.append(event)
            cursor = found[-1].id if found else cursor
            complete = page.ended or len(page.events) < step
            if complete or len(found) == wanted:
                return Events(found, cursor or FIRST_CURSOR, page.ended, complete)

    async def notices(self, project_id: str, after: str, limit: int, *, flows: bool) -> list[ProjectNotice]:
        """Up to `limit`, oldest first; of flows too where asked for. Raises BadParameter, BadCursor, CursorExpired."""
        wanted = paging.bounded(limit, "limit", default=DEFAULT_EVENTS, most=MOST_EVENTS)
        cursor = _cursor(after)
        page = await self._reads.notices(project_id, cursor, wanted, flows=flows)
        if page.expired:
            raise CursorExpired
        return list(page.notices)

    async def newest_notice(self, project_id: str) -> str:
        """The cursor of whoever wants what comes from now on; empty where nothing was told yet."""
        await self._telling.settled()
        return await self._reads.newest_notice(project_id)

    async def value(self, project_id: str, ref: str, offset: int) -> tuple[bytes, int]:
        """A piece of a large value from `offset` on, and the bytes of the whole. Raises NotFound, BadParameter."""
        known = known_id("value", ref)
        value = await self._reads.large_value(project_id, known)
        if value is None:
            raise NotFound("value", known)
        if offset < 0:
            raise BadParameter("offset", "offset must not be negative.")
        piece = await self._objects.get(value.key, min(offset, value.bytes), PIECE_BYTES)
        if piece is None:
            raise Internal(f"The bytes of value {known} are gone.")
        return piece, value.bytes


def _cursor(after: str) -> str:
    if after and not is_uuid(after):
        raise BadCursor
    return normalise(after)
