"""One upstream of one execution, handed to everyone who listens, at the pace of the quickest of them.

Events are read ahead while the last ones are handed out, so what came meanwhile goes out as one chunk. Nobody waits
for a slow listener: its queue is bounded, and past the bound it is dropped and resumes by its cursor. But where every
listener is behind it is this process that is slow, and dropping all of them would only have them all come back: then
the feed waits, and with it the upstream, which reads what it missed from the log.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import structlog
from triggerflow_chassis.errors import Deadline, Internal, ServiceError, TooMany, Unavailable

from triggerflow_bff.live.event import Chunk, LiveEvent, chunks
from triggerflow_bff.live.waiting import stop, too_slow
from triggerflow_bff.settings import Limits

log = structlog.get_logger("triggerflow.bff")

# An upstream that is lost is taken up again elsewhere, or later. Other errors are an answer.
_LOST = (Unavailable, Deadline, TooMany, Internal)
_FIRST_RETRY = 0.05
_LAST_RETRY = 1.0
_AHEAD_EVENTS = 1_024
_AHEAD_BYTES = 1024 * 1024
# Readers that are served in one turn of the loop.
_AT_ONCE = 50


class Listener:
    """One reader's place in a feed: what came and was not read yet."""

    def __init__(self, feed: Feed, limits: Limits) -> None:
        self._feed = feed
        self._limits = limits
        self._queue: deque[Chunk] = deque()
        self._events = self._bytes = 0
        self._end: ServiceError | bool = False
        self._wake = asyncio.Event()
        # Done once the listener was dropped, for whoever is stuck in sending.
        self.dropped: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def behind(self) -> bool:
        """Whether it was given something that it did not take yet."""
        return bool(self._queue) or self._end is not False

    def offer(self, chunk: Chunk) -> None:
        """Queue what happened, or drop the listener where that is more than it may hold."""
        if self._end is not False:
            return
        self._queue.append(chunk)
        self._events += len(chunk.events)
        self._bytes += chunk.size
        if self._events > self._limits.queued_events or self._bytes > self._limits.queued_bytes:
            self._queue.clear()
            self._end = too_slow()
            if not self.dropped.done():
                self.dropped.set_result(None)
        self._wake.set()

    def end(self, error: ServiceError | None) -> None:
        """Nothing follows what is queued; `error` says why, where it is not the end of the execution."""
        if self._end is False:
            self._end = error or True
            self._wake.set()

    async def next(self) -> Chunk | None:
        """What is queued first, waiting for it; None at the end. Raises the ServiceError that ended it."""
        while not self._queue:
            if isinstance(self._end, ServiceError):
                raise self._end
            if self._end:
                return None
            self._wake.clear()
            await self._wake.wait()
        chunk = self._queue.popleft()
        self._events -= len(chunk.events)
        self._bytes -= chunk.size
        if not self._queue:
            self._feed.caught_up()
        return chunk


class Feed:
    """`position` is the last event handed out, or the cursor it starts from."""

    def __init__(
        self, position: str, upstream: Callable[[str], AsyncGenerator[list[LiveEvent]]], limits: Limits
    ) -> None:
        self.position = position
        self._upstream = upstream
        self._limits = limits
        self._listeners: set[Listener] = set()
        self._ahead: list[LiveEvent] = []
        self._ahead_bytes = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._caught_up = asyncio.Event()

    def join(self) -> Listener:
        """Listen from `position` on."""
        listener = Listener(self, self._limits)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> bool:
        """Stop listening. Whether it was the last one."""
        self._listeners.discard(listener)
        self.caught_up()
        return not self._listeners

    def caught_up(self) -> None:
        """A listener took all it had."""
        self._caught_up.set()

    async def run(self) -> None:
        """Hand out events until the last one. Raises ServiceError where the upstream is lost for good."""
        reading = asyncio.create_task(self._read())
        # Whatever ends the reading, what it brought is handed out first.
        reading.add_done_callback(lambda _: self._arrived.set())
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._ahead:
                    events, self._ahead, self._ahead_bytes = self._ahead, [], 0
                    self._room.set()
                    for chunk in chunks(events):
                        await self._hand_out(chunk)
                if reading.done():
                    await reading
                    return
        finally:
            await stop(reading)

    def end(self, error: ServiceError | None) -> None:
        """Tell every listener that nothing follows."""
        for listener in self._listeners:
            listener.end(error)

    async def _hand_out(self, chunk: Chunk) -> None:
        # First, so that who joins meanwhile fetches this one from the log.
        self.position = chunk.last.id
        listeners = tuple(self._listeners)
        for start in range(0, len(listeners), _AT_ONCE):
            for listener in listeners[start : start + _AT_ONCE]:
                listener.offer(chunk)
            # They are given a turn to send it, and the reading one to fetch more: gRPC hands over one answer a turn of
            # the loop, and where a turn served a thousand readers, answers would come no faster than that.
            await asyncio.sleep(0)
        while all(listener.behind for listener in self._listeners):
            self._caught_up.clear()
            await self._caught_up.wait()

    async def _read(self) -> None:
        now = asyncio.get_running_loop().time
        cursor = self.position
        lost_since: float | None = None
        pause = 0.0
        while True:
            try:
                async with aclosing(self._upstream(cursor)) as answers:
                    async for events in answers:
                        cursor, lost_since = events[-1].id, None
                        self._ahead += events
                        self._ahead_bytes += sum([len(event.body) for event in events])
                        self._arrived.set()
                        if events[-1].last:
                            return
                        while len(self._ahead) >= _AHEAD_EVENTS or self._ahead_bytes >= _AHEAD_BYTES:
                            self._room.clear()
                            await self._room.wait()
                return
            except _LOST as error:
                if lost_since is None:
                    # At once: another replica may have it.
                    lost_since, pause = now(), 0.0
                    log.info("feed_lost", reason=error.reason, cursor=cursor)
                elif now() - lost_since + pause > self._limits.resume_seconds:
                    raise
                await asyncio.sleep(pause)
                pause = min(max(pause * 2, _FIRST_RETRY), _LAST_RETRY)
