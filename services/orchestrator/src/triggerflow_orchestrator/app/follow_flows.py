"""Take what the registry tells of flows into the project's log, so that a project has one log with one order.

In local mode, by the journal, which gives every notice its id. The bus hands on a flow event before its caller is
answered, and it is submitted at once: so it stands before whatever that caller does next. A bus within the process
loses no word while it is listened to; what came before is read from the registry's log, after the position that is
written in the same transaction as the entries. So nothing is taken twice or left out, whatever stops in between. In
the mesh, whose bus may lose words, the relay does all this by the log alone (`app/relay.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog
from triggerflow_chassis.bus import EXECUTION_NOTICES, FLOW_EVENTS, Bus
from triggerflow_chassis.errors import ServiceError, Unavailable

from triggerflow_orchestrator.app.durable import Durable
from triggerflow_orchestrator.app.units import Kind, Notice, Unit
from triggerflow_orchestrator.domain.execution import FlowEvent
from triggerflow_orchestrator.ports import FlowLog, Journal, Reads

log = structlog.get_logger(__name__)

FLOW_EVENTS_FOLLOWED: Final = "flow-events"
_PAGE: Final = 200
_RETRY_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 2.0


class FollowFlows:
    """`ports.Telling` of local mode. `run` once, until cancelled."""

    def __init__(self, flows: FlowLog, reads: Reads, journal: Journal, bus: Bus, *, idle_seconds: float) -> None:
        self._flows = flows
        self._reads = reads
        self._journal = journal
        self._bus = bus
        self._idle_seconds = idle_seconds
        self._position = ""
        self._abreast = asyncio.Event()
        """Set while all that was committed before is taken, so that what is heard continues it."""
        self._heard: list[FlowEvent] = []
        self._last: Durable | None = None

    async def run(self) -> None:
        """Follow. What stands in the way is waited for."""
        unsubscribe = self._bus.subscribe(FLOW_EVENTS, None, self._hear)
        try:
            self._position = await self._start()
            while True:
                await self._catch_up()
                await asyncio.sleep(self._idle_seconds)
        finally:
            unsubscribe()

    async def settled(self) -> None:
        """Return once what the registry told before has its place in the log; after two seconds in any case."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._abreast.wait()
                if self._last is not None:
                    await self._last.wait()
        except TimeoutError:
            log.warning("flow_events_behind")

    async def _start(self) -> str:
        while True:
            try:
                return await self._reads.followed_to(FLOW_EVENTS_FOLLOWED)
            except Unavailable as error:
                log.warning("flow_events_not_followed", error=error.detail)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _catch_up(self) -> None:
        while True:
            try:
                events = await self._flows.read(self._position, _PAGE)
            except ServiceError as error:
                # A registry that is away says nothing new either.
                log.debug("flow_events_not_read", error=error.detail)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            self._take(events)
            if len(events) < _PAGE:
                heard, self._heard = self._heard, []
                self._take(heard)
                self._abreast.set()
                return

    def _hear(self, items: Sequence[dict[str, Any]]) -> None:
        events = [
            FlowEvent(item["id"], item["type"], item["timestamp"], item["projectId"], item["flowId"]) for item in items
        ]
        if self._abreast.is_set():
            self._take(events)
        else:
            self._heard.extend(events)

    def _take(self, events: Sequence[FlowEvent]) -> None:
        """Submit what is beyond the position. The journal writes in the order of submission."""
        new = [event for event in events if event.id > self._position]
        if not new:
            return
        self._position = new[-1].id
        unit = Unit(notices=[Notice(each.project_id, each.type, each.timestamp, each.flow_id, "") for each in new])
        unit.rows.append((Kind.FOLLOWED, (self._position, FLOW_EVENTS_FOLLOWED)))
        durable = self._last = Durable()

        def done(error: BaseException | None) -> None:
            if error is None:
                for notice in unit.notices:
                    self._bus.publish(EXECUTION_NOTICES, notice.project_id, [notice.as_item()])
            durable.told(error)

        unit.done = done
        self._journal.submit(unit)
