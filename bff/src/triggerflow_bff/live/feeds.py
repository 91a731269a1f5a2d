"""Give any number of readers one execution's events, each once and in order, from any cursor on.

A reader first reads history by itself, at its own pace, until there is none left; then it joins the feed of its
execution, of which this process has one, with one upstream, for as long as someone reads it. The seam: the reader
listens before it asks how far the feed is, fills what lies between from history, and drops by id what it has already.
A listener that falls too far behind is dropped, and resumes by its cursor; the feed never waits for anyone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import structlog
from triggerflow_chassis.errors import ServiceError, TooMany, Unavailable
from triggerflow_chassis.identity import Principal

from triggerflow_bff.clients.orchestrator import OrchestratorClient
from triggerflow_bff.clients.stream import StreamClient
from triggerflow_bff.live.event import EventPage, LiveEvent
from triggerflow_bff.settings import Limits

log = structlog.get_logger("triggerflow.bff")

_HISTORY_PAGE = 500
# How often a feed that its upstream found too slow goes on from its cursor before it gives up.
_RESUMES = 5
_RESUME_SECONDS = 0.05


def too_slow() -> TooMany:
    """What a dropped reader is told."""
    return TooMany("The reader is too slow. Go on from the last event it got.")


class Listener:
    """One reader's place in a feed: what came and was not read yet."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._events: list[LiveEvent] = []
        self._bytes = 0
        self._ended: ServiceError | bool = False
        self._wake = asyncio.Event()
        # Done once the listener was dropped, for whoever is stuck in sending.
        self.dropped: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def offer(self, events: list[LiveEvent]) -> None:
        """Queue what happened, or drop the listener where that is more than it may hold."""
        if self._ended:
            return
        self._bytes += sum(len(event.body) for event in events)
        self._events += events
        if len(self._events) > self._limits.queued_events or self._bytes > self._limits.queued_bytes:
            self._events = []
            self._ended = too_slow()
            if not self.dropped.done():
                self.dropped.set_result(None)
        self._wake.set()

    def end(self, error: ServiceError | None) -> None:
        """Nothing follows what is queued; `error` says why, where it is not the end of the execution."""
        if not self._ended:
            self._ended = error or True
            self._wake.set()

    async def next(self) -> list[LiveEvent]:
        """What is queued, waiting for it; empty at the end. Raises the ServiceError that ended it."""
        while not self._events:
            if isinstance(self._ended, ServiceError):
                raise self._ended
            if self._ended:
                return []
            self._wake.clear()
            await self._wake.wait()
        events, self._events, self._bytes = self._events, [], 0
        return events


class _Feed:
    """One upstream and its listeners. `position` is the last event handed out, or the cursor it started from."""

    def __init__(self, position: str) -> None:
        self.position = position
        self.listeners: set[Listener] = set()
        self.task: asyncio.Task[None] | None = None

    def offer(self, events: list[LiveEvent]) -> None:
        self.position = events[-1].id
        for listener in self.listeners:
            listener.offer(events)

    def end(self, error: ServiceError | None) -> None:
        for listener in self.listeners:
            listener.end(error)


class Feeds:
    """The feeds of this process, and the readers on them."""

    def __init__(self, orchestrator: OrchestratorClient, stream: StreamClient, limits: Limits) -> None:
        self._orchestrator = orchestrator
        self._stream = stream
        self._limits = limits
        self._feeds: dict[tuple[str, str], _Feed] = {}
        self._watchers = 0

    def admit(self) -> None:
        """Count a live reader in. Raises TooMany where there is no room; give the room back with `release`."""
        if self._watchers >= self._limits.watchers:
            raise TooMany("Too many live readers. Close some, or try again later.")
        self._watchers += 1

    def release(self) -> None:
        """Count a live reader out."""
        self._watchers -= 1

    @property
    def watchers(self) -> int:
        """How many live readers there are."""
        return self._watchers

    @property
    def upstreams(self) -> int:
        """How many executions are watched upstream."""
        return len(self._feeds)

    def reader(self, who: Principal, execution_id: str, after: str) -> Reader:
        """A reader from the cursor on; "" starts at the first event."""
        return Reader(self, self._orchestrator, who, execution_id, after)

    def join(self, who: Principal, execution_id: str, after: str) -> tuple[Listener, str]:
        """Listen to the execution's feed, starting one after the cursor where there is none; and where the feed is."""
        key = (who.project_id, execution_id)
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = _Feed(after)
            feed.task = asyncio.create_task(self._run(feed, who, execution_id), name=f"feed {execution_id}")
        listener = Listener(self._limits)
        feed.listeners.add(listener)
        return listener, feed.position

    def leave(self, who: Principal, execution_id: str, listener: Listener) -> None:
        """Stop listening. The last one out ends the upstream."""
        key = (who.project_id, execution_id)
        feed = self._feeds.get(key)
        if feed is None or listener not in feed.listeners:
            return
        feed.listeners.remove(listener)
        if not feed.listeners:
            del self._feeds[key]
            if feed.task is not None:
                feed.task.cancel()

    async def _run(self, feed: _Feed, who: Principal, execution_id: str) -> None:
        error: ServiceError | None = None
        try:
            await self._pump(feed, who, execution_id)
        except ServiceError as refused:
            error = refused
        except Exception as defect:
            log.error("feed_failed", execution_id=execution_id, exc_info=defect)
            error = Unavailable()
        finally:
            # Gone first: who comes from here on starts a feed of its own.
            key = (who.project_id, execution_id)
            if self._feeds.get(key) is feed:
                del self._feeds[key]
            feed.end(error)

    async def _pump(self, feed: _Feed, who: Principal, execution_id: str) -> None:
        resumes = 0
        while True:
            before = feed.position
            try:
                async for events in self._stream.execution(who, execution_id, feed.position):
                    feed.offer(events)
                    if events[-1].last:
                        return
                return
            except TooMany:
                # It was this process that was slow. The cursor repairs it, unless that gets nowhere.
                resumes = 0 if feed.position > before else resumes + 1
                if resumes > _RESUMES:
                    raise
                if resumes:
                    await asyncio.sleep(_RESUME_SECONDS * 2**resumes)


class Reader:
    """One client's way through an execution's events."""

    def __init__(
        self, feeds: Feeds, orchestrator: OrchestratorClient, who: Principal, execution_id: str, after: str
    ) -> None:
        self._feeds = feeds
        self._orchestrator = orchestrator
        self._who = who
        self._execution_id = execution_id
        self._after = after
        self._first: EventPage | None = None
        # Done once the reader was dropped for being slow, for whoever is stuck in sending.
        self.dropped: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self) -> bool:
        """Read the first page. Whether anything follows the cursor, now or later.

        Raises what is wrong with the execution or the cursor: NotFound, BadCursor, CursorExpired.
        """
        self._first = await self._page(self._after)
        return bool(self._first.events) or not self._first.ended

    async def batches(self) -> AsyncGenerator[list[LiveEvent]]:
        """Every event after the cursor, once and in order, in batches that are never empty, until the last.

        Raises TooMany where the reader was too slow, and Unavailable; both mean: come back by the cursor.
        """
        last = self._after
        page = self._first or await self._page(last)
        while True:
            if page.events:
                last = page.events[-1].id
                yield page.events
            if page.ended:
                return
            if not page.full:
                break
            page = await self._page(last)
        listener, position = self._feeds.join(self._who, self._execution_id, last)
        listener.dropped.add_done_callback(self._drop)
        try:
            # What the feed handed out is durable, so history has it; only an empty page says that it has no more.
            while last < position:
                page = await self._page(last)
                if page.events:
                    last = page.events[-1].id
                    yield page.events
                if page.ended:
                    return
                if not page.events:
                    break
            while events := await listener.next():
                fresh = events if events[0].id > last else [event for event in events if event.id > last]
                if fresh:
                    last = fresh[-1].id
                    yield fresh
                    if fresh[-1].last:
                        return
        finally:
            self._feeds.leave(self._who, self._execution_id, listener)

    async def _page(self, after: str) -> EventPage:
        return await self._orchestrator.events(self._who, self._execution_id, after, _HISTORY_PAGE)

    def _drop(self, _: asyncio.Future[None]) -> None:
        if not self.dropped.done():
            self.dropped.set_result(None)
