"""Answer what is asked about waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from triggerflow_chassis.errors import BadParameter, NotFound

from triggerflow_orchestrator.app import paging
from triggerflow_orchestrator.app.read_executions import known_id
from triggerflow_orchestrator.domain.wait import WAIT_STATUSES, WaitRecord
from triggerflow_orchestrator.ports import Position, WaitFilter, Waits

_WAITS: Final = "waits"


@dataclass(frozen=True, slots=True)
class ListWaits:
    """A page of waits, as it was asked for: nothing is checked yet. Empty means no condition."""

    project_id: str
    page_size: int = 0
    page_token: str = ""
    status: str = ""
    flow_id: str = ""
    execution_id: str = ""
    assignee: str = ""


class ReadWaits:
    """Waits of one project at a time."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits

    async def get(self, project_id: str, wait_id: str) -> WaitRecord:
        """Raises NotFound, also for what is no id at all."""
        known = known_id("wait", wait_id)
        wait = await self._waits.one(project_id, known)
        if wait is None:
            raise NotFound("wait", known)
        return wait

    async def page(self, asked: ListWaits) -> tuple[list[WaitRecord], str]:
        """A page, newest first, and the token of the next, "" where there is none. Raises BadParameter, BadCursor."""
        size = paging.page_size(asked.page_size)
        flow_id = paging.id_parameter(asked.flow_id, "flow_id")
        execution_id = paging.id_parameter(asked.execution_id, "execution_id")
        status = next((known for known in WAIT_STATUSES if known == asked.status), None)
        if asked.status and status is None:
            raise BadParameter("status", f"status must be one of {', '.join(WAIT_STATUSES)}.")
        where = WaitFilter(
            status=status,
            flow_id=flow_id,
            execution_id=execution_id,
            assignee=asked.assignee,
        )
        after = paging.position(_WAITS, asked.page_token)
        found = await self._waits.page(asked.project_id, where, after, size + 1)
        page = found[:size]
        page = page[: paging.fitting(page, _size)]
        if len(page) == len(found):
            return page, ""
        return page, paging.token(_WAITS, Position(page[-1].created_at, page[-1].id))


def _size(wait: WaitRecord) -> int:
    texts = (wait.input_json, wait.answer_json, wait.schema_json)
    return sum(paging.utf8_length(text) for text in texts if text)
