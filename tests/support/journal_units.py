"""Make units of runs that are valid but for what a test says of them, and wait for what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from triggerflow_chassis.ids import next_uuid7, uuid7
from triggerflow_orchestrator.app.units import Fence, Kind, Notice, Unit

PROJECT = "00000000-0000-7000-8000-000000000001"
FLOW = "01900000-0000-7000-8000-00000000f100"

Outcomes = list[tuple[str, BaseException | None]]
"""Names of units in the order in which they were told, with what they were told."""


@dataclass
class SampleRun:
    """One run as its holder sees it."""

    epoch: int = 1
    id: str = field(default_factory=uuid7)
    seq: int = 0
    sequence: int = 0
    last_event: str | None = None

    @property
    def fence(self) -> Fence:
        return Fence(self.id, self.epoch)

    def insert(self, **unit: Any) -> Unit:
        """The row itself, queued."""
        made = Unit(**unit)
        row = (self.id, PROJECT, "local", FLOW, "Flow", "1", "hash", "queued", 1, "{}", "{}", None, "{}", "{}")
        made.rows.append((Kind.EXECUTION, (*row, None, None, self.epoch, 1, None, None, None)))
        return made

    def step(self, **unit: Any) -> Unit:
        """An activation that ends, with an event: what an outcome writes."""
        made = Unit(**{"fence": self.fence, **unit})
        self.seq += 1
        ids = (uuid7(), uuid7(), "", 1)
        made.rows.append((Kind.JOURNAL, (self.id, self.seq, self.epoch, *ids, "succeeded", "{}", None, 1, 2)))
        self.event(made)
        return made

    def event(self, unit: Unit) -> None:
        self.sequence += 1
        self.last_event = next_uuid7(self.last_event)
        unit.rows.append((Kind.EVENT, (self.id, self.last_event, self.sequence, f'{{"n":{self.sequence}}}')))

    def state(self, status: str = "running", ended_at: int | None = None, **unit: Any) -> Unit:
        made = Unit(**{"fence": self.fence, **unit})
        made.rows.append((Kind.STATE, (status, '{"out":1}', None, 5, ended_at, None, self.epoch, self.id)))
        return made

    def notice(self, unit: Unit, kind: str = "execution.started") -> None:
        unit.notices.append(Notice(PROJECT, kind, 7, FLOW, self.id))


def answered(request_id: str, response: bytes = b"first", **unit: Any) -> Unit:
    """The answer to a request, alone."""
    made = Unit(may_fail=True, **unit)
    made.rows.append((Kind.REQUEST, (PROJECT, request_id, "Start", "print", response, None, 1)))
    return made


class Told:
    """Submits units and keeps what they were told."""

    def __init__(self, submit: Callable[[Unit], None]) -> None:
        self._submit = submit
        self.outcomes: Outcomes = []
        self._changed = asyncio.Event()

    def submit(self, name: str, unit: Unit) -> None:
        def done(error: BaseException | None) -> None:
            self.outcomes.append((name, error))
            self._changed.set()

        unit.done = done
        self._submit(unit)

    async def all(self, count: int, seconds: float = 20) -> Outcomes:
        """What was told, once `count` were."""
        async with asyncio.timeout(seconds):
            while len(self.outcomes) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.outcomes

    async def of(self, unit: Unit, seconds: float = 20) -> BaseException | None:
        """Submit one and wait for what it is told."""
        told: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        unit.done = told.set_result
        self._submit(unit)
        return await asyncio.wait_for(told, seconds)
