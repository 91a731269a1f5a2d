"""End a run that some worker may have: ask whoever holds it, or end it here where nobody does. In the mesh."""

from __future__ import annotations

from typing import Final

import structlog
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.errors import AlreadyEnded, NotFound, Unavailable

from triggerflow_orchestrator.app.commands import RequestKey
from triggerflow_orchestrator.app.end_unrun import EndUnrun
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.lease import Asked, AskedOfOwner, Ended, LeaseLost, NotThere, TakenOver
from triggerflow_orchestrator.ports import Commands, Kicks, RequestRow

log = structlog.get_logger(__name__)

_MOST_TRIES: Final = 5


class AskCancel:
    """Cancels runs: `transport.service.Cancel`."""

    def __init__(self, commands: Commands, end_unrun: EndUnrun, kicks: Kicks) -> None:
        self._commands = commands
        self._end_unrun = end_unrun
        self._kicks = kicks

    async def __call__(
        self, project_id: str, execution_id: str, principal: str, request: RequestKey | None
    ) -> ExecutionRecord:
        """The execution as it is once its end is asked for, or ended. Raises NotFound, AlreadyEnded, Unavailable."""

        def answer(record: ExecutionRecord) -> RequestRow:
            assert request is not None
            whose = (request.project_id, request.request_id, request.method, request.fingerprint)
            return RequestRow(*whose, request.render(record), None, now_us())

        for _ in range(_MOST_TRIES):
            asked = await self._commands.ask_cancel(
                project_id, execution_id, principal, answer if request is not None else None
            )
            if isinstance(asked, NotThere):
                raise NotFound("execution", execution_id)
            if isinstance(asked, Ended):
                raise AlreadyEnded("The execution has ended; there is nothing to cancel.")
            if isinstance(asked, AskedOfOwner):
                self._kicks.nudge(asked.owner)
                return asked.record

            def extend(unit: Unit, ended: ExecutionRecord) -> None:
                if request is not None:
                    unit.rows.append((Kind.REQUEST, tuple(answer(ended))))

            try:
                return await self._end_unrun.cancel(asked.record, f"by {principal}", extend)
            except LeaseLost:
                continue  # a worker claimed it between the two
        raise Unavailable("The run changes hands again and again. Try again.")

    async def sweep(self) -> int:
        """End what somebody was told will end, and whose worker died before it could. How many."""
        count = 0
        for command in await self._commands.orphaned():
            whose = (command.project_id, command.execution_id, command.principal)
            asked: Asked = await self._commands.ask_cancel(*whose, None)
            if isinstance(asked, AskedOfOwner):
                self._kicks.nudge(asked.owner)
            elif isinstance(asked, TakenOver):
                try:
                    await self._end_unrun.cancel(asked.record, f"by {command.principal}", lambda *_: None)
                except LeaseLost:
                    continue  # who has it now finds the command
                await self._commands.done([command.id])
                count += 1
        return count
