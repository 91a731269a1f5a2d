"""Fire `kafka:topic` triggers: a consumer group for each, whose offsets move once what a record fired is durable.

A record is named by topic, partition and offset, so that one that comes again, to whichever replica, is known. One
that no run can be started with is recorded as dropped, and the next one follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

import structlog
from triggerflow_chassis.errors import Unavailable

from triggerflow_orchestrator.app.dispatch import Dispatch
from triggerflow_orchestrator.app.firing_ports import Firings
from triggerflow_orchestrator.app.trigger_ports import TriggerBook
from triggerflow_orchestrator.domain.firing import Firing
from triggerflow_orchestrator.domain.topic_record import TopicRecord
from triggerflow_orchestrator.domain.trigger import Trigger

log = structlog.get_logger(__name__)

T = TypeVar("T")

TOPIC: Final = frozenset({"kafka:topic"})
_LOOK_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 1.0
_LAG_US: Final = 10_000_000
"""The book has a version this long after it was published, at most; clocks differ less."""


class Reading(Protocol):
    """A topic that is read."""

    async def stop(self) -> None:
        """Leave the group. What is being taken comes again."""


TakeRecords = Callable[[Sequence[TopicRecord]], Awaitable[None]]
OpenTopic = Callable[[str, str, int, TakeRecords], Reading]
"""`(group, topic, since, take)` reads on until stopped; what the group never committed, from `since` on, microseconds.
A batch is committed once `take` returned."""


class _Wanted(NamedTuple):
    project_id: str
    flow_id: str
    node_id: str
    topic: str
    group: str


class FollowTopics:
    """`run` once, until cancelled. Without `open_topic` there are no brokers: nothing is read, and it is said."""

    def __init__(self, book: TriggerBook, firings: Firings, dispatch: Dispatch, open_topic: OpenTopic | None) -> None:
        self._book = book
        self._firings = firings
        self._dispatch = dispatch
        self._open_topic = open_topic
        self._reading: dict[_Wanted, Reading] = {}
        self._wake = asyncio.Event()
        self._told = False

    def wake(self) -> None:
        """Triggers changed."""
        self._wake.set()

    async def run(self) -> None:
        """Read what triggers name; look again whenever they change."""
        try:
            while True:
                self._wake.clear()
                try:
                    await self._in_step()
                except Unavailable as error:
                    log.warning("topics_wait_for_database", error=error.detail)
                except Exception:
                    # A defect must not end it for good: nobody else in this process reads topics.
                    log.exception("topics_not_followed")
                try:
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            await asyncio.gather(*(each.stop() for each in self._reading.values()))

    async def _in_step(self) -> None:
        # A group that is new reads what was said since the version that names the topic was published.
        wanted = {
            _wanted(each): each.changed_at - _LAG_US
            for each in await self._book.of_kinds(TOPIC)
            if each.key and not each.paused
        }
        if self._open_topic is None:
            if wanted and not self._told:
                self._told = True
                log.warning("topics_without_brokers", count=len(wanted), remedy="Set KAFKA_BOOTSTRAP.")
            return
        for gone in self._reading.keys() - wanted.keys():
            await self._reading.pop(gone).stop()
        for new in wanted.keys() - self._reading.keys():
            self._reading[new] = self._open_topic(new.group, new.topic, wanted[new], self._taker(new))

    def _taker(self, wanted: _Wanted) -> TakeRecords:
        async def take(records: Sequence[TopicRecord]) -> None:
            by_partition: dict[int, list[TopicRecord]] = {}
            for record in records:
                by_partition.setdefault(record.partition, []).append(record)
            await asyncio.gather(*(self._in_order(wanted, some) for some in by_partition.values()))

        return take

    async def _in_order(self, wanted: _Wanted, records: Sequence[TopicRecord]) -> None:
        for record in records:
            trigger = await self._until(lambda: self._book.trigger(wanted.project_id, wanted.flow_id, wanted.node_id))
            if trigger is not None:
                await self._fire(trigger, record)

    async def _fire(self, trigger: Trigger, record: TopicRecord) -> None:
        inputs, request_id = record.inputs(), record.request_id
        firing = await self._until(lambda: self._dispatch.offer(trigger, inputs, request_id))
        firing_id = firing.id
        now: Firing | None = firing
        while now is not None and now.status == "ready":
            # Its run is to be durable before the offset moves.
            await asyncio.sleep(_RETRY_SECONDS)
            now = await self._until(lambda: self._firings.firing(firing_id))

    async def _until(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What it gives, once the database answers: a record waits for it, and is not passed over."""
        while True:
            try:
                return await ask()
            except Unavailable as error:
                log.warning("topic_waits_for_database", error=error.detail)
                await asyncio.sleep(_RETRY_SECONDS)


def _wanted(trigger: Trigger) -> _Wanted:
    group = trigger.config.get("group") or f"triggerflow-{trigger.flow_id}-{trigger.node_id}"
    return _Wanted(trigger.project_id, trigger.flow_id, trigger.node_id, trigger.key, str(group))
