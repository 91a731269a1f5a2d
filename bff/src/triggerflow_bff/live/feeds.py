"""Give any number of readers one execution's events, each once and in order, from any cursor on.

A reader first reads history by itself, at its own pace, until there is none left; then it joins the feed of its
execution, of which this process has one, with one upstream, for as long as someone reads it. The seam: the reader
listens before it asks how far the feed is, fills what lies between from history, and drops by id what it has already.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import structlog
from triggerflow_chassis.errors import ServiceError, TooMany, Unavailable
from triggerflow_chassis.identity import Principal

from triggerflow_bff.clients.orchestrator import OrchestratorClient
from triggerflow_bff.clients.stream import StreamClient
from triggerflow_bff.live.event import Chunk, EventPage, chunks
from triggerflow_bff.live.feed import Feed, Listener
from triggerflow_bff.settings import Limits

log = structlog.get_logger("triggerflow.bff")

_HISTORY_PAGE = 500


class Feeds:
    """The feeds of this process, and the readers on them."""

    def __init__(self, orchestrator: OrchestratorClient, stream: StreamClient, limits: Limits) -> None:
        self._orchestrator = orchestrator
        self._stream = stream
        self._limits = limits
        self._feeds: dict[tuple[str, str], tuple[Feed, asyncio.Task[None]]] = {}
        self._watchers = 0
        self._strangers = 0

    def admit(self) -> None:
        """Count a live reader in. Raises TooMany where there is no room; give the room back with `release`."""
        if self._watchers >= self._limits.watchers:
            raise TooMany("Too many live readers. Close some, or try again later.")
        self._watchers += 1

    def admit_stranger(self) -> None:
        """The same for a reader that nobody signed in for; give the room back with `release_stranger`."""
        if self._strangers >= self._limits.strangers:
            raise TooMany("Too many live readers. Try again later.")
        self.admit()
        self._strangers += 1

    def release_stranger(self) -> None:
        """Count such a reader out."""
        self._strangers -= 1
        self.release()

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

    def join(self, who: Principal, execution_id: str, after: str) -> tuple[Feed, Listener]:
        """Listen to the execution's feed, starting one after the cursor where there is none."""
        key = (who.project_id, execution_id)
        if key not in self._feeds:
            feed = Feed(after, lambda cursor: self._stream.execution(who, execution_id, cursor), self._limits)
            task = asyncio.create_task(self._run(feed, key), name=f"feed {execution_id}")
            self._feeds[key] = feed, task
        feed, _ = self._feeds[key]
        return feed, feed.join()

    def leave(self, who: Principal, execution_id: str, feed: Feed, listener: Listener) -> None:
        """Stop listening. The last one out ends the upstream."""
        key = (who.project_id, execution_id)
        if feed.leave(listener) and key in self._feeds and self._feeds[key][0] is feed:
            _, task = self._feeds.pop(key)
            task.cancel()

    async def _run(self, feed: Feed, key: tuple[str, str]) -> None:
        error: ServiceError | None = None
        try:
            await feed.run()
        except ServiceError as raised:
            error = raised
        except Exception as defect:
            log.error("feed_failed", exc_info=defect)
            error = Unavailable()
        finally:
            # Gone first: who comes from here on starts a feed of its own.
            if key in self._feeds and self._feeds[key][0] is feed:
                del self._feeds[key]
            feed.end(error)


class Reader:
    """One client's way through an execution's events."""

    def __init__(
        self, feeds: Feeds, orchestrator: OrchestratorClient, who: Principal, execution_id: str, after: str
    ) -> None:
        self._feeds = feeds
        self._orchestrator = orchestrator
        self._who = who
        self.execution_id = execution_id
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

    async def chunks(self) -> AsyncGenerator[Chunk]:
        """Every event after the cursor, once and in order, until the last.

        Raises TooMany where the reader was too slow, and Unavailable; both mean: come back by the cursor.
        """
        last = self._after
        page = self._first or await self._page(last)
        # Its events are not kept for as long as the reader lives.
        self._first = None
        while True:
            for chunk in chunks(page.events):
                last = chunk.last.id
                yield chunk
            if page.ended:
                return
            if not page.more:
                break
            page = await self._page(last)
        feed, listener = self._feeds.join(self._who, self.execution_id, last)
        position = feed.position
        listener.dropped.add_done_callback(self._drop)
        try:
            # What the feed handed out is durable, so history has it; only an empty page says that it has no more.
            while last < position:
                page = await self._page(last)
                for chunk in chunks(page.events):
                    last = chunk.last.id
                    yield chunk
                if page.ended:
                    return
                if not page.events:
                    break
            while queued := await listener.next():
                if fresh := queued.after(last):
                    last = fresh.last.id
                    yield fresh
                    if fresh.last.last:
                        return
        finally:
            self._feeds.leave(self._who, self.execution_id, feed, listener)

    async def _page(self, after: str) -> EventPage:
        return await self._orchestrator.events(self._who, self.execution_id, after, _HISTORY_PAGE)

    def _drop(self, _: asyncio.Future[None]) -> None:
        if not self.dropped.done():
            self.dropped.set_result(None)
