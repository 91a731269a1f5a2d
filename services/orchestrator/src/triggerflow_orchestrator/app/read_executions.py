"""Answer what is asked about executions and their activations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from triggerflow_chassis.errors import BadParameter, NotFound
from triggerflow_chassis.ids import is_uuid, normalise

from triggerflow_orchestrator.app import paging
from triggerflow_orchestrator.domain.execution import (
    ActivationRecord,
    ExecutionRecord,
    ExecutionStatus,
    MetricTotal,
)
from triggerflow_orchestrator.ports import ExecutionFilter, Position, Reads

_EXECUTIONS: Final = "executions"
_MOST_LABELS: Final = 100


@dataclass(frozen=True, slots=True)
class ListExecutions:
    """A page of executions, as it was asked for: nothing is checked yet. Empty means no condition."""

    project_id: str
    page_size: int = 0
    page_token: str = ""
    flow_id: str = ""
    statuses: Sequence[ExecutionStatus] = ()
    labels: Sequence[str] = ()
    from_us: int | None = None
    to_us: int | None = None
    query: str = ""


class ReadExecutions:
    """Executions and activations of one project at a time."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def get(self, project_id: str, execution_id: str) -> ExecutionRecord:
        """Raises NotFound, also for what is no id at all."""
        known = known_id("execution", execution_id)
        record = await self._reads.execution(project_id, known)
        if record is None:
            raise NotFound("execution", known)
        return record

    async def metrics(self, execution_id: str) -> list[MetricTotal]:
        """What the handlers of an execution that is there told, added up, by name."""
        return await self._reads.metrics(execution_id)

    async def page(self, asked: ListExecutions) -> tuple[list[ExecutionRecord], str]:
        """A page, newest first, and the token of the next, "" where there is none. Raises BadParameter, BadCursor."""
        size = paging.page_size(asked.page_size)
        flow_id = paging.id_parameter(asked.flow_id, "flow_id")
        if len(asked.labels) > _MOST_LABELS:
            raise BadParameter("labels", f"At most {_MOST_LABELS} labels can be asked for at once.")
        where = ExecutionFilter(
            flow_id=flow_id,
            statuses=frozenset(asked.statuses),
            labels=frozenset(asked.labels),
            from_us=asked.from_us,
            to_us=asked.to_us,
            query=asked.query,
        )
        after = paging.position(_EXECUTIONS, asked.page_token)
        found = await self._reads.executions(asked.project_id, where, after, size + 1)
        page = found[:size]
        page = page[: paging.fitting(page, _execution_size)]
        if len(page) == len(found):
            return page, ""
        return page, paging.token(_EXECUTIONS, Position(page[-1].created_at, page[-1].id))

    async def activations(
        self, project_id: str, execution_id: str, page_size: int, page_token: str
    ) -> tuple[list[ActivationRecord], str]:
        """A page by rising start and the token of the next. Raises NotFound, BadParameter, BadCursor, in this order."""
        record = await self.get(project_id, execution_id)
        size = paging.page_size(page_size)
        named = f"activations of {record.id}"
        after = paging.position(named, page_token)
        found = await self._reads.activations(project_id, record.id, after, size + 1) or []
        page = found[:size]
        page = page[: paging.fitting(page, _activation_size)]
        if len(page) == len(found):
            return page, ""
        return page, paging.token(named, Position(page[-1].started_at, page[-1].id))


def known_id(resource: str, id: str) -> str:
    """The id as stored. Raises NotFound: what is no UUID names nothing."""
    if not is_uuid(id):
        raise NotFound(resource, id[:80])
    return normalise(id)


def _execution_size(record: ExecutionRecord) -> int:
    return paging.utf8_length(record.inputs_json) + paging.utf8_length(record.outputs_json)


def _activation_size(record: ActivationRecord) -> int:
    return paging.utf8_length(record.inputs_json or "") + paging.utf8_length(record.ports_json)
