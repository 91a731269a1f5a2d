"""Publish what was committed, in the order in which it was committed: the mesh's one relay, for as long as it leads.

Two loops. The sequencer gives what projects are told its ids, and with them one order; it needs the database alone,
so it goes on while brokers are gone. The publisher sends events and notices to the broker and forgets them there once
they are acknowledged; while brokers are gone it waits, and the outbox grows.

What is sent again after a crash was sent before: a broker may repeat a record, and a record that was not there before
never passes an earlier one of its key, for each sender begins at the first that was not acknowledged and sends on
without gaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import structlog
from triggerflow_chassis.bus import EXECUTION_NOTICES, FLOW_EVENTS, Bus
from triggerflow_chassis.errors import ServiceError
from triggerflow_chassis.lifecycle import again_and_again

from triggerflow_orchestrator.app.relay_ports import Outbox, Publisher, PublishingFailed, Reign, Unnoticed
from triggerflow_orchestrator.domain.execution import FlowEvent
from triggerflow_orchestrator.ports import FlowLog

log = structlog.get_logger(__name__)

# A notification wakes the loops; this is for one that was lost.
_IDLE_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 0.5
# The registry is asked this often where the bus says nothing, and where it cannot say anything.
_FLOWS_SECONDS: Final = 15.0
_FLOWS_UNTOLD_SECONDS: Final = 1.0
_FLOWS_PATIENCE_SECONDS: Final = 0.5
# Sequencing costs a commit, and a question where runs started: under load one does for many.
_APART_SECONDS: Final = 0.01
_ROWS: Final = 500
_PAGE: Final = 200
_SETTLED_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.02

_STARTED: Final = "execution.started"

OpenPublisher = Callable[[], AbstractAsyncContextManager[Publisher]]


class Relay:
    """`ports.Telling` of the mesh. `run` once, until cancelled."""

    def __init__(self, outbox: Outbox, flows: FlowLog, bus: Bus, open_publisher: OpenPublisher) -> None:
        self._outbox = outbox
        self._flows = flows
        self._bus = bus
        self._open_publisher = open_publisher

    async def run(self) -> None:
        """Wait for the office, work, and begin again whenever it is lost."""
        await again_and_again("relay_failed", self._reign_once, longest_rest=_RETRY_SECONDS)

    async def _reign_once(self) -> float:
        async with self._outbox.reign() as reign:
            noticed = asyncio.Event()
            sequencer = _Sequencer(reign, self._flows, self._bus, noticed)
            await reign.work(sequencer.run(), _publish(reign, self._open_publisher, noticed))
        return _RETRY_SECONDS

    async def settled(self) -> None:
        """Whoever leads: return once what was committed before the call has its place; after two seconds anyway."""
        try:
            async with asyncio.timeout(_SETTLED_SECONDS):
                position, row = await self._outbox.followed_to(), await self._outbox.last_unnoticed()
                while events := await self._flows.read(position, _PAGE):
                    position = events[-1].id
                while await self._outbox.followed_to() < position or await self._outbox.has_unnoticed(row):
                    await self._outbox.wake()
                    await asyncio.sleep(_LOOK_SECONDS)
        except (TimeoutError, ServiceError):
            log.warning("project_log_behind")


class _Sequencer:
    """Gives notices their place; those of flows before those of runs that started after them."""

    def __init__(self, reign: Reign, flows: FlowLog, bus: Bus, noticed: asyncio.Event) -> None:
        self._reign = reign
        self._flows = flows
        self._bus = bus
        self._noticed = noticed
        self._clock = asyncio.get_running_loop().time
        self._position = ""
        self._ask_at = 0.0
        """When the registry is asked for its own sake."""
        self._silent_until = 0.0
        """It did not answer, and is not waited for again before."""

    async def run(self) -> None:
        wake = asyncio.Event()

        def hear(_: Sequence[Any]) -> None:
            self._ask_at = 0.0
            wake.set()

        ends = (
            self._bus.subscribe(FLOW_EVENTS, None, hear),
            self._bus.on_change(lambda: hear(())),
            self._reign.on_wake(lambda: hear(())),
        )
        try:
            self._position = await self._reign.followed_to()
            while True:
                wake.clear()
                if await self._once():
                    await asyncio.sleep(_APART_SECONDS)
                else:
                    await _wait(wake)
        finally:
            for end in ends:
                end()

    async def _once(self) -> bool:
        """One step; whether there was anything."""
        rows = await self._reign.unnoticed(_ROWS)
        # After the rows were read, so that every change of a flow that was made before a run started is found.
        events = await self._changes(needed=any(_starts(row) for row in rows))
        if not rows and not events:
            return False
        notices = await self._reign.notice(events, rows)
        if events:
            self._position = events[-1].id
        self._noticed.set()
        for notice in notices:
            self._bus.publish(EXECUTION_NOTICES, notice.project_id, [notice.as_item()])
        return True

    async def _changes(self, *, needed: bool) -> Sequence[FlowEvent]:
        now = self._clock()
        if now < self._silent_until or not (needed or now >= self._ask_at):
            return ()
        self._ask_at = now + (_FLOWS_SECONDS if self._bus.healthy else _FLOWS_UNTOLD_SECONDS)
        found: list[FlowEvent] = []
        try:
            async with asyncio.timeout(_FLOWS_PATIENCE_SECONDS):
                while page := await self._flows.read(found[-1].id if found else self._position, _PAGE):
                    found.extend(page)
                    if len(page) < _PAGE:
                        break
        except (TimeoutError, ServiceError) as error:
            # Runs are not held up by it; what it has to tell comes later.
            log.debug("flow_events_not_read", error=str(error))
            self._silent_until = self._ask_at = now + _FLOWS_UNTOLD_SECONDS
        return found


def _starts(row: Unnoticed) -> bool:
    return any(type == _STARTED for type, _ in row.notices)


async def _publish(reign: Reign, open_publisher: OpenPublisher, noticed: asyncio.Event) -> None:
    end = reign.on_wake(noticed.set)
    try:
        while True:
            try:
                async with open_publisher() as publisher:
                    while True:
                        noticed.clear()
                        batch = await reign.unpublished(_ROWS)
                        if not batch.positions and not batch.notices:
                            await _wait(noticed)
                            continue
                        await publisher.publish(batch.events, batch.notices)
                        await reign.published(batch)
            except PublishingFailed as error:
                # From the database again, behind what was acknowledged before.
                log.error("publishing_failed", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
    finally:
        end()


async def _wait(event: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_IDLE_SECONDS):
            await event.wait()
    except TimeoutError:
        return
