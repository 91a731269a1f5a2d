"""Keep the trigger book in step with the registry: any number of replicas, each change taken once.

The registry's log says which flows changed; what a flow's triggers are is asked of the registry, and so is never older
than the change. Rows and the position in the log move in one transaction, which only one replica wins. The first time,
and where the log was pruned past the position, every flow is asked about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import structlog
from triggerflow_chassis.bus import FLOW_EVENTS, Bus
from triggerflow_chassis.errors import CursorExpired, ServiceError

from triggerflow_orchestrator.app.trigger_ports import ActiveFlows, TriggerBook
from triggerflow_orchestrator.domain.trigger import ActiveFlow
from triggerflow_orchestrator.ports import FlowLog

log = structlog.get_logger(__name__)

_PAGE: Final = 200
_AT_ONCE: Final = 8
_RETRY_SECONDS: Final = 1.0
_UNTOLD_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 2.0


class KeepTriggers:
    """`run` once, until cancelled. Others look triggers up after `abreast`."""

    def __init__(
        self,
        flows: FlowLog,
        active: ActiveFlows,
        book: TriggerBook,
        bus: Bus,
        *,
        idle_seconds: float,
        bus_is_sure: bool,
    ) -> None:
        """`bus_is_sure`: it tells of every change before whoever made it is answered, as within one process."""
        self._flows = flows
        self._active = active
        self._book = book
        self._bus = bus
        self._idle_seconds = idle_seconds
        self._bus_is_sure = bus_is_sure
        self._wake = asyncio.Event()
        self._heard = 0
        """How often the bus told of a change."""
        self._taken = -1
        """What `_heard` was when the last round that succeeded began."""
        self._waiting: list[asyncio.Future[None]] = []
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call on the loop whenever this process took a change in. What other replicas take, it may not hear of."""
        self._listeners.append(listener)

    async def abreast(self) -> None:
        """Return once what was published before the call is in the book; after two seconds, or where the registry does
        not answer, with the book as it is."""
        if self._bus_is_sure and self._taken == self._heard:
            return
        asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(asked)
        self._wake.set()
        await asyncio.wait((asked,), timeout=_PATIENCE_SECONDS)

    async def run(self) -> None:
        """Follow. What stands in the way is waited for."""
        ends = (self._bus.subscribe(FLOW_EVENTS, None, self._hear), self._bus.on_change(self._wake.set))
        try:
            while True:
                self._wake.clear()
                waiting, self._waiting = self._waiting, []
                heard = self._heard
                try:
                    while await self._round():
                        pass
                    self._taken = heard
                except ServiceError as error:
                    log.warning("triggers_not_followed", error=error.detail)
                except Exception:
                    # A defect must not end it for good: nobody else in this process follows.
                    log.exception("triggers_not_followed")
                for asked in waiting:
                    if not asked.done():
                        asked.set_result(None)
                await self._rest()
        finally:
            for end in ends:
                end()

    async def _rest(self) -> None:
        seconds = self._idle_seconds if self._bus.healthy else _UNTOLD_SECONDS
        if self._taken < self._heard:
            seconds = min(seconds, _RETRY_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    def _hear(self, _: Sequence[Any]) -> None:
        self._heard += 1
        self._wake.set()

    async def _round(self) -> bool:
        """Take a page in; whether there may be more."""
        position = await self._book.position()
        if position is None:
            return await self._begin(None)
        try:
            events = await self._flows.read(position, _PAGE)
        except CursorExpired:
            return await self._begin(position)
        if not events:
            return False
        changed = dict.fromkeys(event.flow_id for event in events)
        if await self._book.take(position, events[-1].id, await self._ask(changed)):
            self._tell()
        return True

    async def _begin(self, position: str | None) -> bool:
        # The end of the log first: what changes while the flows are asked about comes after it, and is asked again.
        end = ""
        while page := await self._flows.read(end, _PAGE):
            end = page[-1].id
        if await self._book.take(position, end, await self._ask(await self._active.flow_ids()), whole=True):
            log.info("triggers_taken_whole")
            self._tell()
        return True

    async def _ask(self, flow_ids: Iterable[str]) -> list[ActiveFlow]:
        asked = list(flow_ids)
        known = await self._book.versions(asked)
        found: list[ActiveFlow] = []
        for start in range(0, len(asked), _AT_ONCE):
            some = asked[start : start + _AT_ONCE]
            found += await asyncio.gather(*(self._active.active(each, known.get(each)) for each in some))
        return found

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
