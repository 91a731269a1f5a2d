"""Put the large values of a unit into the object store before the unit goes to the journal.

For an object store behind a network: while it does not answer, runs that need no large value go on, and a unit that
has one waits, with every later unit of its own run behind it. A unit reaches the journal with no `objects` left.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import structlog
from triggerflow_chassis.errors import Internal, Unavailable

from triggerflow_orchestrator.app.engine_ports import Journal
from triggerflow_orchestrator.app.patient_put import PatientPut
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.ports import Objects

log = structlog.get_logger(__name__)

_LAST_SECONDS: Final = 2.0


class ValuesFirst:
    """A journal in front of a journal. Used on the loop only."""

    def __init__(self, journal: Journal, objects: Objects) -> None:
        self._journal = journal
        self._put = PatientPut(objects)
        self._lanes: dict[str, deque[Unit]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many runs have a unit that is not in the journal yet."""
        return len(self._lanes)

    def submit(self, unit: Unit) -> None:
        """Queue a unit. Never blocks."""
        execution_id = _execution_of(unit)
        lane = self._lanes.get(execution_id)
        if lane is not None:
            lane.append(unit)
        elif unit.objects:
            self._lanes[execution_id] = deque((unit,))
            task = asyncio.create_task(self._drain(execution_id), name=f"values of {execution_id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._journal.submit(unit)

    async def close(self) -> None:
        """Hand over what can be put within two seconds, and refuse the rest. Close the journal after it."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_LAST_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        for execution_id, lane in list(self._lanes.items()):
            log.warning("large_values_not_kept", execution_id=execution_id, units=len(lane))
            while lane:
                lane.popleft().done(Unavailable("The object store did not take a value before this process stopped."))
        self._lanes.clear()

    async def _drain(self, execution_id: str) -> None:
        lane = self._lanes[execution_id]
        while lane:
            error = await self._put_all(execution_id, lane[0])
            unit = lane.popleft()
            if error is None:
                unit.objects.clear()
                self._journal.submit(unit)
            else:
                unit.done(error)
        del self._lanes[execution_id]

    async def _put_all(self, execution_id: str, unit: Unit) -> Exception | None:
        """None once all are put, else why the unit cannot be written."""
        if not unit.objects:
            return None
        try:
            await self._put.all(execution_id, unit.objects, may_fail=unit.may_fail)
        except Unavailable as error:
            return error
        except Exception as error:
            # Whatever one unit holds, those of other runs must go on.
            log.exception("large_value_refused", execution_id=execution_id)
            return Internal(f"A large value could not be kept: {type(error).__name__}.")
        return None


def _execution_of(unit: Unit) -> str:
    """Whose unit it is; "" for one of nobody's, which never has large values."""
    if unit.fence is not None:
        return unit.fence.execution_id
    return next((row[1] for kind, row in unit.rows if kind is Kind.OBJECT), "")
