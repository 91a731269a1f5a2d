"""Wait for the end of an execution without each asking again and again: the bus tells, or one asks for all.

In one process the bus tells of every end. In the mesh it does while brokers answer; while they do not, one question
names all that are waited for, some twenty times a second while anybody waits.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog
from triggerflow_chassis.bus import EXECUTION_NOTICES, Bus
from triggerflow_chassis.errors import Unavailable

from triggerflow_orchestrator.domain.execution import ENDING_EVENTS, ExecutionRecord
from triggerflow_orchestrator.ports import Reads

log = structlog.get_logger(__name__)

# An execution may end between its answer and the wait for it. This many ends are remembered for that moment.
_REMEMBERED: Final = 4_096
_ASK_SECONDS: Final = 0.05
_ASK_TOLD_SECONDS: Final = 0.5
_REST_SECONDS: Final = 0.5


Live = Callable[[str], ExecutionRecord | None]
"""The execution as this process has it, where it does: told of an end, it still knows the execution that ended."""


class EndWaiters:
    """Hears of every end until it is closed."""

    def __init__(self, bus: Bus, reads: Reads, live: Live) -> None:
        self._reads = reads
        self._live = live
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._waiting: dict[str, set[asyncio.Future[ExecutionRecord | None]]] = {}
        self._anybody = asyncio.Event()
        self._unsubscribe = bus.subscribe(EXECUTION_NOTICES, None, self._hear)

    async def ask(self, told: Callable[[], bool]) -> None:
        """Ask the database for all who wait, until cancelled: where ends are not this process's to tell. While `told`
        says that the bus brings them, it asks seldom."""
        while True:
            await self._anybody.wait()
            if not self._waiting:
                self._anybody.clear()
                continue
            try:
                ended = await self._reads.ended(self._waiting)
            except Exception as error:
                if not isinstance(error, Unavailable):
                    log.exception("ends_not_read")
                await asyncio.sleep(_REST_SECONDS)
                continue
            for execution_id in ended:
                _settle(self._waiting.get(execution_id, set()), None)
            await asyncio.sleep(_ASK_TOLD_SECONDS if told() else _ASK_SECONDS)

    def close(self) -> None:
        """Hear no more; whoever waits is answered with what is."""
        self._unsubscribe()
        for futures in self._waiting.values():
            _settle(futures, None)

    async def wait(self, record: ExecutionRecord, seconds: float, *, fresh: bool) -> ExecutionRecord:
        """The execution once it ended, or as it is after `seconds`. `fresh`: this process accepted it just now.

        Raises Unavailable where the database cannot be read.
        """
        if record.ended or seconds <= 0:
            return record
        future: asyncio.Future[ExecutionRecord | None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(record.id, set())
        waiting.add(future)
        self._anybody.set()
        try:
            if record.id not in self._ended:
                if not fresh:
                    # Who ended long ago is not told again. Asked after the future is in place, so no end is missed.
                    known = await self._reads.execution(record.project_id, record.id)
                    if known is None or known.ended:
                        return known or record
                await asyncio.wait([future], timeout=seconds)
                if future.done() and (ended := future.result()) is not None:
                    return ended
        finally:
            waiting.discard(future)
            if not waiting:
                self._waiting.pop(record.id, None)
        return await self._reads.execution(record.project_id, record.id) or record

    def _hear(self, notices: Sequence[Mapping[str, Any]]) -> None:
        for notice in notices:
            if notice["type"] in ENDING_EVENTS:
                execution_id = notice["executionId"]
                self._ended[execution_id] = None
                if len(self._ended) > _REMEMBERED:
                    self._ended.popitem(last=False)
                futures = self._waiting.get(execution_id)
                if futures:
                    # What this process has spares everybody who waits a read.
                    known = self._live(execution_id)
                    _settle(futures, known if known is not None and known.ended else None)


def _settle(futures: set[asyncio.Future[ExecutionRecord | None]], record: ExecutionRecord | None) -> None:
    for future in futures:
        if not future.done():
            future.set_result(record)
