"""Carry what runs told channels of their project to the triggers there: each value once to each, in any replica.

A value's row was written with the outcome that gave it, and goes away in the transaction that writes what it fires. So
nothing is lost or carried twice, whatever dies in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson
import structlog
from triggerflow_adapter_sdk.expressions import cel_key
from triggerflow_chassis.bus import EXECUTION_NOTICES, Bus
from triggerflow_chassis.clock import rfc3339
from triggerflow_chassis.errors import Unavailable

from triggerflow_orchestrator.app.firing_ports import Offer
from triggerflow_orchestrator.app.trigger_ports import TriggerBook
from triggerflow_orchestrator.domain.admission import limits_of
from triggerflow_orchestrator.domain.trigger import Trigger
from triggerflow_orchestrator.domain.value import references, restored

log = structlog.get_logger(__name__)

CHANNEL: Final = frozenset({"core:channel"})
_AT_ONCE: Final = 50
_GATHER_SECONDS: Final = 0.05
_IDLE_SECONDS: Final = 0.5
"""A value that a run published on its way is carried after so long; where a run ends, at once."""
_RETRY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class ChannelValue:
    """A value that a run published. `value_json` is as it is shown: what is large is a reference."""

    id: str
    project_id: str
    channel: str
    value_json: str
    execution_id: str
    node_id: str
    published_at: int


class ChannelValues(Protocol):
    """What was published and not carried yet. Raises Unavailable."""

    async def waiting(self, limit: int, without: Collection[str]) -> list[ChannelValue]:
        """Up to `limit` of all projects, those published first first, none of `without`."""

    async def carry(self, value_id: str, offers: Sequence[Offer]) -> bool:
        """Write what it fires and forget it, in one transaction. False, and nothing is written, where somebody did."""


class LargeValues(Protocol):
    """`ports.RecoverySources`, as far as it is needed here."""

    async def values(self, refs: Collection[str]) -> Mapping[str, bytes]: ...


class CarryChannels:
    """`run` once, until cancelled."""

    def __init__(
        self,
        values: ChannelValues,
        large: LargeValues,
        book: TriggerBook,
        bus: Bus,
        abreast: Callable[[], Awaitable[None]],
        fired: Callable[[], None],
    ) -> None:
        """`abreast` returns once the book has what was published before; `fired` is called whenever there is something
        to start."""
        self._values = values
        self._large = large
        self._book = book
        self._bus = bus
        self._abreast = abreast
        self._fired = fired
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Carry. What stands in the way is waited for."""
        unsubscribe = self._bus.subscribe(EXECUTION_NOTICES, None, lambda _: self._wake.set())
        try:
            while True:
                self._wake.clear()
                wait = _RETRY_SECONDS
                try:
                    await self.once()
                    wait = _IDLE_SECONDS
                except Unavailable as error:
                    log.warning("channels_wait_for_database", error=error.detail)
                except Exception:
                    # A defect must not end it for good: nobody else in this process carries them.
                    log.exception("channels_not_carried")
                try:
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
                except TimeoutError:
                    continue
                # Together with what comes meanwhile: under load each look would be for one run.
                await asyncio.sleep(_GATHER_SECONDS)
        finally:
            unsubscribe()

    async def once(self) -> int:
        """Carry all there is; how many. One whose large value cannot be read now holds up none of the others."""
        count = 0
        stuck: set[str] = set()
        while found := await self._values.waiting(_AT_ONCE, stuck):
            # Who listened before it was said must hear it.
            await self._abreast()
            for value in found:
                try:
                    offers = await self._offers(value)
                except Unavailable as error:
                    log.warning("channel_value_not_read", value_id=value.id, error=error.detail)
                    stuck.add(value.id)
                    continue
                if await self._values.carry(value.id, offers):
                    count += 1
                    if offers:
                        self._fired()
        return count

    async def _offers(self, value: ChannelValue) -> list[Offer]:
        triggers = await self._book.found_by(value.project_id, CHANNEL, value.channel)
        listening = [trigger for trigger in triggers if not trigger.paused]
        if not listening:
            return []
        shape = orjson.loads(value.value_json)
        refs = references(shape)
        texts = await self._large.values(refs) if refs else {}
        inputs = {
            "value": restored(shape, texts.__getitem__),
            "channel": value.channel,
            "executionId": value.execution_id,
            "nodeId": value.node_id,
            "publishedAt": rfc3339(value.published_at),
        }
        text = orjson.dumps(inputs).decode()
        return [await _offer(trigger, value, inputs, text) for trigger in listening]


async def _offer(trigger: Trigger, value: ChannelValue, inputs: Mapping[str, Any], text: str) -> Offer:
    by = limits_of(trigger.config, trigger.most_of_flow).key
    return Offer(trigger, f"channel:{value.id}", text, "" if by is None else await cel_key(by, inputs))
