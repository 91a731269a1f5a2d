"""Fire what is due, and see to it that runs whose waits are settled go on.

Any number of processes do this beside each other: the database lets each wait be settled, and each run be woken, by
one of them. In one process nothing is asked until something is due or was told; in the mesh, where others' waits are
not told, the database is asked about once a second besides.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import structlog
from triggerflow_chassis.errors import Unavailable

from triggerflow_orchestrator.app.answers import settled_of
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.lease import Queued
from triggerflow_orchestrator.domain.wait import WaitRecord
from triggerflow_orchestrator.ports import Kicks, RecoverySources, Waits

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 64
_LEAST_SECONDS: Final = 0.02
_AGAIN_SECONDS: Final = 1.0
# A clock that is set, or a machine that slept, is noticed within this.
_LONGEST_LOCAL_SECONDS: Final = 60.0
_LONGEST_MESH_SECONDS: Final = 1.0


class Household(Protocol):
    """What differs between one process and the mesh."""

    longest_seconds: float
    claims: bool

    @property
    def room(self) -> int:
        """How many runs may be woken now."""

    async def tell(self, owners: Sequence[str | None]) -> None:
        """Answers are there for runs that somebody has."""

    async def go_on(self, woken: Sequence[ExecutionRecord]) -> None:
        """These runs are out of their wait."""


class Waking:
    """The loop. Run `run` as a task; `nudge` whenever something may be sooner than it knows."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._cramped = False

    def nudge(self) -> None:
        """A wait began or was answered, or there is room again."""
        self._wanted.set()

    def room_came(self) -> None:
        """A run ended: of interest where there was no room before, else the end of every run would cost a look."""
        if self._cramped:
            self._wanted.set()

    def told(self, owners: Sequence[str | None]) -> None:
        """`app.answers.Told`."""
        self._wanted.set()

    async def run(self, household: Household) -> None:
        """Until cancelled."""
        wait = 0.0
        while True:
            try:
                async with asyncio.timeout(wait):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            try:
                wait = await self._step(household)
            except Unavailable as error:
                log.warning("waits_not_read", error=error.detail)
                wait = _AGAIN_SECONDS
            except Exception:  # a defect of ours too: what waits must not wait for ever
                log.exception("waits_not_read")
                wait = _AGAIN_SECONDS

    async def _step(self, household: Household) -> float:
        """Do what is due; seconds until something will be."""
        fired = await self._waits.fire_due(_AT_ONCE)
        await household.tell([firing.owner for firing in fired])
        room = min(household.room, _AT_ONCE)
        self._cramped = not room
        woken = await self._waits.wake(room, claim=household.claims) if room else []
        if woken:
            await household.go_on(woken)
        if len(fired) == _AT_ONCE or (room and len(woken) == room):
            return 0.0
        if not room:
            return household.longest_seconds  # room that comes is told
        due = await self._waits.next_due_in()
        longest = household.longest_seconds * random.uniform(0.8, 1.0)
        return longest if due is None else min(max(due, _LEAST_SECONDS), longest)


class Deliver:
    """Hands answers to the runs of this process."""

    def __init__(self, engine: Engine, waits: Waits, sources: RecoverySources) -> None:
        self._engine = engine
        self._waits = waits
        self._sources = sources

    async def __call__(self, owner: str | None) -> int:
        """Hand over what is settled and not taken up, of the runs that `owner` has; how many were handed over.
        Raises Unavailable."""
        count = 0
        for wait in await self._waits.to_apply(owner):
            count += await self._hand_over(wait)
        return count

    async def _hand_over(self, wait: WaitRecord) -> bool:
        if self._engine.live(wait.execution_id) is None:
            return False  # whoever takes it up finds the answer
        return self._engine.answer(wait.execution_id, await settled_of(wait, self._sources))


class Locally:
    """One process: it has every run that does not wait outside."""

    longest_seconds = _LONGEST_LOCAL_SECONDS
    claims = True

    def __init__(
        self,
        engine: Engine,
        deliver: Deliver,
        take_up: Callable[[ExecutionRecord], Awaitable[bool]],
    ) -> None:
        self._engine = engine
        self._deliver = deliver
        self._take_up = take_up
        self._tasks: set[asyncio.Task[None]] = set()
        self.nudge: Callable[[], None] = lambda: None
        """Set to `Waking.nudge`."""

    @property
    def room(self) -> int:
        return self._engine.room - len(self._tasks)

    async def tell(self, owners: Sequence[str | None]) -> None:
        await self._deliver(None)

    async def go_on(self, woken: Sequence[ExecutionRecord]) -> None:
        for record in woken:
            self.adopt(record)

    def adopt(self, record: ExecutionRecord) -> None:
        """Take up a run that was claimed, again and again where a part of the host does not answer."""
        task = asyncio.create_task(self._adopt(record), name=f"resume {record.id}")
        self._tasks.add(task)
        task.add_done_callback(self._adopted)

    async def close(self) -> None:
        """Stop taking up: what is left goes on at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _adopt(self, record: ExecutionRecord) -> None:
        while True:
            if await self._take_up(record):
                return
            await asyncio.sleep(_AGAIN_SECONDS)

    def _adopted(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # What was answered while it was taken up is handed over now.
        self.nudge()


class InTheMesh:
    """One of many processes: runs are woken for whichever worker takes them."""

    longest_seconds = _LONGEST_MESH_SECONDS
    claims = False

    def __init__(self, kicks: Kicks) -> None:
        self._kicks = kicks

    @property
    def room(self) -> int:
        """Workers have room of their own to look to."""
        return _AT_ONCE

    async def tell(self, owners: Sequence[str | None]) -> None:
        self.nudge_owners(owners)

    def nudge_owners(self, owners: Sequence[str | None]) -> None:
        """Workers that have such runs read what was answered."""
        for owner in {owner for owner in owners if owner is not None}:
            self._kicks.nudge(owner)

    async def go_on(self, woken: Sequence[ExecutionRecord]) -> None:
        self._kicks.kick([Queued(record.id, record.priority) for record in woken])
