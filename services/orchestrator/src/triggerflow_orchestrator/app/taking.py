"""Take queued runs while there is room: those a kick named, and straight from the database what waited too long.

Kicks make it fast; the database makes it sure, whatever happened to a kick, to Redis, or to a worker that claimed and
died. Claims go by batches, one at a time, so that what comes while one is under way goes together.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import structlog
from triggerflow_chassis.errors import Unavailable

from triggerflow_orchestrator.app.end_unrun import EndUnrun
from triggerflow_orchestrator.app.engine import Engine
from triggerflow_orchestrator.app.lease_keeper import LeaseKeeper
from triggerflow_orchestrator.app.take_up import TakeUp
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.lease import Command, LeaseLost
from triggerflow_orchestrator.ports import Commands, Leases

log = structlog.get_logger(__name__)

WEIGHTS: Final[Mapping[int, int]] = {0: 6, 1: 3, 2: 1}
"""By priority, as the queues of kicks are drained."""

_LOOK_SECONDS: Final = 0.5
_WAITED_SECONDS: Final = 1.0
_MOST_AT_ONCE: Final = 64
_MOST_OFFERED: Final = 1_024
_RECONCILE_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.25
# How long a run is held whose version or values do not answer, before another worker may try.
_WAITS: Final = (0.2, 0.5, 1.0, 2.0)


class Taking:
    """Claims and takes up. Used on the loop only; run `run` as a task."""

    def __init__(
        self,
        engine: Engine,
        leases: Leases,
        commands: Commands,
        keeper: LeaseKeeper,
        take_up: TakeUp,
        end_unrun: EndUnrun,
        *,
        most: int,
        room_changed: Callable[[bool], None],
    ) -> None:
        """`most` is how many runs there may be; `room_changed` is told whether there is room, whenever that changes."""
        self._engine = engine
        self._leases = leases
        self._commands = commands
        self._keeper = keeper
        self._take_up = take_up
        self._end_unrun = end_unrun
        self._worth = max(1, min(_MOST_AT_ONCE, most // 8))
        """While more waits than there is room for: so much room before the database is asked at once, and not later."""
        self._room_changed = room_changed
        self._had_room = True
        self._offered: dict[str, None] = {}
        self._taking: dict[str, tuple[ExecutionRecord, asyncio.Task[None]]] = {}
        self._wanted = asyncio.Event()
        self._backlog = False
        """Whether the last look into the database found as much as it asked for."""
        self._unsure = False
        """Whether a claim may have taken what nobody here knows of."""
        self._look_at = 0.0
        self._reconcile_at = 0.0

    @property
    def taken(self) -> int:
        """Runs that are claimed and do not run here yet."""
        return len(self._taking)

    @property
    def room(self) -> int:
        """How many more runs may be claimed."""
        return max(0, self._engine.room - len(self._taking))

    def offer(self, execution_ids: Iterable[str]) -> None:
        """A kick named these. Beyond what is worth remembering they are forgotten: the database remembers."""
        for execution_id in execution_ids:
            if len(self._offered) >= _MOST_OFFERED:
                break
            self._offered[execution_id] = None
        self._wanted.set()

    def look(self) -> None:
        """Room or the lease may have changed."""
        if not self._had_room or self._backlog:
            self._wanted.set()

    def doubt(self) -> None:
        """Somebody says that this worker has a run that nobody here knows."""
        self._unsure = True
        self._wanted.set()

    def drop(self) -> None:
        """The lease is gone: forget what was claimed under it."""
        for _, task in self._taking.values():
            task.cancel()
        self._taking.clear()
        self._offered.clear()

    async def end(self, command: Command) -> bool:
        """End a run that is claimed and does not run here yet. False where it is not such a one."""
        found = self._taking.pop(command.execution_id, None)
        if found is None:
            return False
        record, task = found
        task.cancel()
        await self._end(record, command)
        return True

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._tell_room()
            try:
                async with asyncio.timeout(max(0.0, self._look_at - time.monotonic())):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            worker_id = self._keeper.id
            if worker_id is None or not self._keeper.sure:
                self._look_later()
                continue
            try:
                await self._step(worker_id)
            except Exception as error:  # a defect of ours too: a worker that takes nothing must not seem to work
                if isinstance(error, Unavailable):
                    log.warning("runs_not_claimed", error=error.detail)
                else:
                    log.exception("runs_not_claimed")
                self._unsure = True
                self._look_later()
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _step(self, worker_id: str) -> None:
        now = time.monotonic()
        if self._unsure or now >= self._reconcile_at:
            await self._reconcile(worker_id)
            self._reconcile_at = now + _RECONCILE_SECONDS
        if self._offered and self.room:
            await self._claim_offered(worker_id)
        if now >= self._look_at or (self._backlog and self.room >= self._worth):
            self._look_later()
            await self._claim_waiting(worker_id)
        if self._offered and self.room:
            self._wanted.set()

    async def _claim_offered(self, worker_id: str) -> None:
        count = min(self.room, _MOST_AT_ONCE)
        ids = [execution_id for execution_id, _ in zip(self._offered, range(count), strict=False)]
        for execution_id in ids:
            del self._offered[execution_id]
        self._take(worker_id, await self._leases.claim(worker_id, ids))

    async def _claim_waiting(self, worker_id: str) -> None:
        limit = min(self.room, _MOST_AT_ONCE)
        if not limit:
            return
        found = await self._leases.claim_waiting(worker_id, limit, _WAITED_SECONDS, WEIGHTS)
        self._backlog = len(found) == limit
        self._take(worker_id, found)

    async def _reconcile(self, worker_id: str) -> None:
        """Let go of what the database says is ours and nobody here has: the answer to a claim was lost, or a run was
        left because of a defect. Between claims, so that none is under way."""
        owned = await self._leases.owned(worker_id)
        had = set(self._engine.live_ids) | self._taking.keys()
        strangers = [execution_id for execution_id in owned if execution_id not in had]
        if strangers:
            log.warning("runs_given_back", worker_id=worker_id, count=len(strangers))
            self.offer(queued.execution_id for queued in await self._leases.give_back(worker_id, strangers))
        self._unsure = False

    def _take(self, worker_id: str, records: Sequence[ExecutionRecord]) -> None:
        if self._keeper.id != worker_id:
            return  # lost meanwhile; whoever reaps it queues them again
        for record in records:
            task = asyncio.create_task(self._take_one(worker_id, record), name=f"take {record.id}")
            self._taking[record.id] = (record, task)

    async def _take_one(self, worker_id: str, record: ExecutionRecord) -> None:
        try:
            if record.cancel_requested_at is not None and await self._ended(worker_id, record):
                return
            for wait in (*_WAITS, None):
                if await self._take_up(record):
                    return
                if wait is not None:
                    await asyncio.sleep(wait)
            log.warning("run_given_back", execution_id=record.id)
            # No kick: it is taken again once it waited a moment, by whoever looks first.
            await self._leases.give_back(worker_id, [record.id])
        except Exception as error:
            # The next look at what is ours gives it back.
            log.warning("run_not_taken", execution_id=record.id, error=str(error))
            self._unsure = True
        finally:
            found = self._taking.get(record.id)
            if found is not None and found[0] is record:
                del self._taking[record.id]
            self.look()

    async def _ended(self, worker_id: str, record: ExecutionRecord) -> bool:
        for command in await self._commands.of_worker(worker_id):
            if command.execution_id == record.id and command.kind == "cancel":
                await self._end(record, command)
                return True
        return False

    async def _end(self, record: ExecutionRecord, command: Command) -> None:
        try:
            await self._end_unrun.cancel(record, f"by {command.principal}", lambda *_: None)
        except LeaseLost:
            return  # whoever has it finds the command
        await self._commands.done([command.id])

    def _look_later(self) -> None:
        self._look_at = time.monotonic() + _LOOK_SECONDS * random.uniform(0.8, 1.2)

    def _tell_room(self) -> None:
        has_room = self.room > len(self._offered)
        if has_room != self._had_room:
            self._had_room = has_room
            self._room_changed(has_room)
