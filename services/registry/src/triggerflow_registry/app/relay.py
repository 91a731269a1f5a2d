"""Publish flow events in the order of their log: one replica at a time, repeats allowed, nothing left out.

Changes commit one after the other and ids rise with them, so how far the log was published is one id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

import structlog
from triggerflow_chassis.bus import FLOW_EVENTS, Bus
from triggerflow_chassis.lifecycle import again_and_again

from triggerflow_registry.domain.flow import FlowEvent

log = structlog.get_logger("triggerflow.registry")

# What this process commits wakes the relay; what another replica does is found by looking.
_IDLE_SECONDS: Final = 0.2
_RETRY_SECONDS: Final = 0.5
_PAGE: Final = 200
_SIGN_SECONDS: Final = 3.0


class PublishingFailed(Exception):
    """The broker refused a record for good."""


class Publisher(Protocol):
    """The broker, for as long as it takes everything."""

    async def publish(self, events: Sequence[FlowEvent]) -> None:
        """Return once all are acknowledged; waits while no broker answers. Raises PublishingFailed, after which
        another one has to be opened."""
        ...


class Reign(Protocol):
    """The one of all replicas that publishes. Raises Unavailable where that ends."""

    async def unpublished(self, limit: int) -> list[FlowEvent]:
        """Those of all projects that follow the last one published, by rising id."""
        ...

    async def sign(self) -> None:
        """Keep the office where nothing else is asked for a while."""
        ...

    async def published(self, up_to: str) -> None:
        """Note how far the log was published. Where that gets lost, it is published again."""
        ...


OpenReign = Callable[[], AbstractAsyncContextManager[Reign]]
"""Waits until this process is the one, and is it until the block ends."""

OpenPublisher = Callable[[], AbstractAsyncContextManager[Publisher]]


class Relay:
    """`run` once, until cancelled."""

    def __init__(self, open_reign: OpenReign, open_publisher: OpenPublisher, bus: Bus) -> None:
        self._open_reign = open_reign
        self._open_publisher = open_publisher
        self._wake = asyncio.Event()
        self._bus = bus

    async def run(self) -> None:
        """Publish whatever is committed."""
        unsubscribe = self._bus.subscribe(FLOW_EVENTS, None, self._hear)
        try:
            await again_and_again("relay_failed", self._reign_once, longest_rest=_RETRY_SECONDS)
        finally:
            unsubscribe()

    async def _reign_once(self) -> float:
        try:
            async with self._open_reign() as reign, self._open_publisher() as publisher:
                await self._work(reign, publisher)
        except PublishingFailed as error:
            log.error("publishing_failed", error=str(error))
        return _RETRY_SECONDS

    async def _work(self, reign: Reign, publisher: Publisher) -> None:
        while True:
            self._wake.clear()
            events = await reign.unpublished(_PAGE)
            if events:
                await self._publish(reign, publisher, events)
                await reign.published(events[-1].id)
                continue
            try:
                async with asyncio.timeout(_IDLE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _publish(self, reign: Reign, publisher: Publisher, events: Sequence[FlowEvent]) -> None:
        """However long no broker answers, the office is kept."""
        publishing = asyncio.ensure_future(publisher.publish(events))
        try:
            while not (await asyncio.wait((publishing,), timeout=_SIGN_SECONDS))[0]:
                await reign.sign()
            publishing.result()
        finally:
            publishing.cancel()

    def _hear(self, _: Sequence[Any]) -> None:
        self._wake.set()
