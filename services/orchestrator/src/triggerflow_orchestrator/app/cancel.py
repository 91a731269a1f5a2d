"""End a run because somebody asked. The run ends with the answer; what its handlers still give is discarded."""

from __future__ import annotations

from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import AlreadyEnded, NotFound, Unavailable

from triggerflow_orchestrator.app.commands import RequestKey
from triggerflow_orchestrator.app.durable import Durable
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.ports import Reads


class CancelExecution:
    """Cancels runs."""

    def __init__(self, engine: Engine, reads: Reads) -> None:
        self._engine = engine
        self._reads = reads

    async def __call__(
        self, project_id: str, execution_id: str, principal: str, request: RequestKey | None
    ) -> ExecutionRecord:
        """The execution once its end is durable. Raises NotFound, AlreadyEnded, Unavailable."""
        record = await self._reads.execution(project_id, execution_id)
        if record is None:
            raise NotFound("execution", execution_id)
        durable = Durable()
        now = now_us()

        def extend(unit: Unit, run: Run) -> None:
            unit.rows.append((Kind.CANCEL, (now, run.id)))
            if request is not None:
                answer = request.render(run.snapshot())
                row = (request.project_id, request.request_id, request.method, request.fingerprint, answer, None, now)
                unit.rows.append((Kind.REQUEST, row))

        run = self._engine.cancel(execution_id, f"by {principal}", extend, durable.told)
        if run is None:
            if not record.ended and self._engine.live(execution_id) is not None:
                return record  # its end is decided and not yet durable: to whoever reads it, it still runs
            if not record.ended:
                raise Unavailable("The run was interrupted and is not taken up again yet. Try again.")
            raise AlreadyEnded("The execution has ended; there is nothing to cancel.")
        await durable.wait()
        return run.snapshot()
