"""Add context to a run that goes on. Whoever adds it writes it; whoever has the run takes it and tells of it.

So it needs no lease to add, is there at once for whoever takes the run up next, and is told in the run's events once,
by the one who may write them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import AlreadyEnded, Invalid, NotFound, Violation
from triggerflow_chassis.ids import uuid7
from triggerflow_chassis.jsontext import dumps

from triggerflow_orchestrator.app.commands import RequestKey
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.domain.intervention import MOST_BYTES, Intervention
from triggerflow_orchestrator.ports import RequestRow


class Interventions(Protocol):
    """Where they are kept. Raises Unavailable."""

    async def add(
        self, project_id: str, intervention: Intervention, answer: RequestRow | None
    ) -> tuple[bool, str | None] | None:
        """Write it durably, and the answer with it: True and the worker whose run it is, where one has it. False, and
        nothing is written: the run has ended. None: there is no such execution. Raises TooMany, RequestTaken."""

    async def of_execution(self, project_id: str, execution_id: str) -> list[Intervention] | None:
        """In their order; None where there is no such execution."""

    async def to_take(self, owner: str | None) -> list[Intervention]:
        """Those that the runs of this worker (None: of this one process) have not taken, in their order."""


Tell = Callable[[str | None], Awaitable[None]]
"""Tells the worker whose run it is, None in local mode."""


class Intervene:
    """Adds and lists."""

    def __init__(self, kept: Interventions, tell: Tell) -> None:
        self._kept = kept
        self._tell = tell

    async def __call__(
        self,
        project_id: str,
        execution_id: str,
        principal: str,
        value: Any,
        request: RequestKey | None,
        render: Callable[[Intervention], bytes],
    ) -> Intervention:
        """What was added, durable. Raises Invalid, NotFound, AlreadyEnded, TooMany, Unavailable."""
        text = dumps(value)
        if len(text.encode()) > MOST_BYTES:
            raise Invalid([Violation("/value", f"Context may have {MOST_BYTES} bytes of JSON. Add less, or a link.")])
        if _has_mark(value):
            raise Invalid([Violation("/value", "The name $value is kept for references. Choose another one.")])
        intervention = Intervention(uuid7(), execution_id, text, principal, now_us())
        answer = None
        if request is not None:
            whose = (request.project_id, request.request_id, request.method, request.fingerprint)
            answer = RequestRow(*whose, render(intervention), None, intervention.at)
        added = await self._kept.add(project_id, intervention, answer)
        if added is None:
            raise NotFound("execution", execution_id)
        taken, owner = added
        if not taken:
            raise AlreadyEnded("The execution has ended; nobody would see it.")
        await self._tell(owner)
        return intervention

    async def of_execution(self, project_id: str, execution_id: str) -> list[Intervention]:
        """What was added, in order. Raises NotFound."""
        found = await self._kept.of_execution(project_id, execution_id)
        if found is None:
            raise NotFound("execution", execution_id)
        return found


class TakeInterventions:
    """Hands what was added to the runs that this process has."""

    def __init__(self, engine: Engine, kept: Interventions) -> None:
        self._engine = engine
        self._kept = kept

    async def __call__(self, owner: str | None) -> None:
        """`owner` as in `Interventions.to_take`. Raises Unavailable. Who is not here finds it when it is taken up."""
        for intervention in await self._kept.to_take(owner):
            self._engine.intervene(intervention)


def _has_mark(value: Any) -> bool:
    if isinstance(value, dict):
        return "$value" in value or any(map(_has_mark, value.values()))
    return isinstance(value, list) and any(map(_has_mark, value))
