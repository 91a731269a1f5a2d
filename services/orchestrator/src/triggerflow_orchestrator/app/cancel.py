"""End a run because somebody asked. The run ends with the answer; what its handlers still give is discarded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import AlreadyEnded, NotFound, Unavailable

from triggerflow_orchestrator.app.commands import RequestKey
from triggerflow_orchestrator.app.durable import Durable
from triggerflow_orchestrator.app.end_unrun import EndUnrun
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.ports import Reads, Waits

# A run is between its process and its wait for some milliseconds.
_TRIES: Final = 40
_BETWEEN_SECONDS: Final = 0.05

Adopt = Callable[[ExecutionRecord], None]


class CancelExecution:
    """Cancels runs."""

    def __init__(self, engine: Engine, reads: Reads, waits: Waits, end_unrun: EndUnrun, adopt: Adopt) -> None:
        """`adopt` takes up a run that was claimed to be ended and could not be."""
        self._engine = engine
        self._reads = reads
        self._waits = waits
        self._end_unrun = end_unrun
        self._adopt = adopt

    async def __call__(
        self, project_id: str, execution_id: str, principal: str, request: RequestKey | None
    ) -> ExecutionRecord:
        """The execution once its end is durable. Raises NotFound, AlreadyEnded, Unavailable."""
        record = await self._waited_for(project_id, execution_id)
        if record.status == "waiting":
            return await self._end(record, principal, request)
        durable = Durable()

        def extend(unit: Unit, run: Run) -> None:
            _with_answer(unit, run.state.snapshot(), request)

        run = self._engine.cancel(execution_id, f"by {principal}", extend, durable.told)
        if run is None:
            if not record.ended:
                return record  # its end is decided and not yet durable: to whoever reads it, it still runs
            raise AlreadyEnded("The execution has ended; there is nothing to cancel.")
        await durable.wait()
        return run.state.snapshot()

    async def _waited_for(self, project_id: str, execution_id: str) -> ExecutionRecord:
        """The execution; one of status `waiting` is claimed, and the caller's to end."""
        for _ in range(_TRIES):
            record = await self._reads.execution(project_id, execution_id)
            if record is None:
                raise NotFound("execution", execution_id)
            if record.ended or self._engine.live(execution_id) is not None:
                return record
            if record.status == "waiting" and (claimed := await self._waits.claim(execution_id)) is not None:
                return replace(claimed, status="waiting")
            # On its way into a wait, or out of one.
            await asyncio.sleep(_BETWEEN_SECONDS)
        raise Unavailable("The run was interrupted and is not taken up again yet. Try again.")

    async def _end(self, waiting: ExecutionRecord, principal: str, request: RequestKey | None) -> ExecutionRecord:
        """End a run that nobody drives, claimed just now."""
        try:
            return await self._end_unrun.cancel(
                waiting, f"by {principal}", lambda unit, ended: _with_answer(unit, ended, request)
            )
        except Exception:
            self._adopt(waiting)
            raise


def _with_answer(unit: Unit, ended: ExecutionRecord, request: RequestKey | None) -> None:
    now = now_us()
    unit.rows.append((Kind.CANCEL, (now, ended.id)))
    if request is not None:
        answer = request.render(ended)
        row = (request.project_id, request.request_id, request.method, request.fingerprint, answer, None, now)
        unit.rows.append((Kind.REQUEST, row))
