"""Carry out what others ask of this worker's runs. Read from the database when nudged, and after each renewal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from triggerflow_chassis.errors import Unavailable

from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.lease_keeper import LeaseKeeper
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.app.taking import Taking
from triggerflow_orchestrator.app.units import Unit
from triggerflow_orchestrator.domain.lease import Command
from triggerflow_orchestrator.ports import Commands

log = structlog.get_logger(__name__)


class CarryingOut:
    """Used on the loop only; run `run` as a task."""

    def __init__(
        self,
        commands: Commands,
        engine: Engine,
        keeper: LeaseKeeper,
        taking: Taking,
        deliver: Callable[[str | None], Awaitable[object]],
    ) -> None:
        """`deliver` hands what was answered, and what context was added, to the runs that this worker has."""
        self._commands = commands
        self._engine = engine
        self._keeper = keeper
        self._taking = taking
        self._deliver = deliver
        self._nudged = asyncio.Event()
        self._done: list[str] = []

    def nudge(self) -> None:
        """There may be something."""
        self._nudged.set()

    async def run(self) -> None:
        """Until cancelled. What fails is read again after the next renewal."""
        while True:
            await self._nudged.wait()
            self._nudged.clear()
            worker_id = self._keeper.id
            if worker_id is None:
                continue
            try:
                await self._carry_out(worker_id)
            except Unavailable as error:
                log.warning("commands_not_carried_out", error=error.detail)
            except Exception:
                log.exception("commands_not_carried_out")

    async def _carry_out(self, worker_id: str) -> None:
        for command in await self._commands.of_worker(worker_id):
            if command.kind == "cancel":
                await self._cancel(command)
        await self._deliver(worker_id)
        if self._done:
            done, self._done = self._done, []
            await self._commands.done(done)

    async def _cancel(self, command: Command) -> None:
        def told(error: BaseException | None) -> None:
            if error is None:
                self._done.append(command.id)
                self._nudged.set()

        # When it was asked for is written already, with the command.
        if self._engine.cancel(command.execution_id, f"by {command.principal}", _nothing_more, told) is not None:
            return
        if self._engine.live(command.execution_id) is None and not await self._taking.end(command):
            self._taking.doubt()


def _nothing_more(_unit: Unit, _run: Run) -> None:
    """All is in the unit."""
