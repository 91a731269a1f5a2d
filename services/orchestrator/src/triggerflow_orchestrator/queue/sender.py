"""Send kicks and nudges from a thread of its own, so that Redis, slow or gone, never holds up the loop.

What cannot be sent is dropped and counted, with one log line a second: the database remembers, and reapers kick again.
Kicks that queue while the one before is sent go together, a few ids a message, so that two workers share them.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import redis
import structlog
from celery import Celery
from kombu.exceptions import KombuError

from triggerflow_orchestrator.domain.lease import Queued
from triggerflow_orchestrator.queue.celery_app import KICK, QUEUES, make_app
from triggerflow_orchestrator.queue.nudges import channel_of

log = structlog.get_logger(__name__)

_MOST_WAITING: Final = 20_000
_MOST_IN_A_KICK: Final = 8
_SHARES: Final = 4
_QUIET_SECONDS: Final = 0.5
_TELL_SECONDS: Final = 1.0
_CLOSE_SECONDS: Final = 1.0
_STOP: Final = None
_GONE: Final = (OSError, KombuError, redis.RedisError)


@dataclass(frozen=True, slots=True)
class _Nudge:
    worker_id: str


class KickSender:
    """`ports.Kicks` by Celery. Made and closed on any thread; `kick` and `nudge` may be called from any."""

    def __init__(self, redis_url: str) -> None:
        self._app: Celery = make_app(redis_url)
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=1)
        self._connection: Any = None
        self._producer: Any = None
        self._queue: queue.SimpleQueue[Queued | _Nudge | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="kicks", daemon=True)
        self._quiet_until = 0.0
        self._dropped = 0
        self._error: Exception | None = None
        self._last_told = 0.0
        self._thread.start()

    def kick(self, queued: Sequence[Queued]) -> None:
        """Tell some worker that these runs wait."""
        for item in queued:
            self._put(item)

    def nudge(self, worker_id: str) -> None:
        """Tell this worker that it has commands."""
        self._put(_Nudge(worker_id))

    @property
    def waiting(self) -> int:
        """How many are not sent yet."""
        return self._queue.qsize()

    def close(self) -> None:
        """Send what waits, but not for long."""
        self._queue.put(_STOP)
        self._thread.join(_CLOSE_SECONDS)

    def _put(self, item: Queued | _Nudge) -> None:
        if self._queue.qsize() >= _MOST_WAITING:
            self._dropped += 1  # the thread tells of it
        else:
            self._queue.put(item)

    # The thread.

    def _run(self) -> None:
        while True:
            batch, stop = self._collect()
            if batch:
                self._send(batch)
            if stop:
                self._disconnect()
                return

    def _collect(self) -> tuple[list[Queued | _Nudge], bool]:
        batch: list[Queued | _Nudge] = []
        item = self._queue.get()
        try:
            while True:
                if item is _STOP:
                    return batch, True
                batch.append(item)
                item = self._queue.get_nowait()
        except queue.Empty:
            return batch, False

    def _send(self, batch: Sequence[Queued | _Nudge]) -> None:
        if time.monotonic() < self._quiet_until:
            self._drop(len(batch))
            return
        sent = 0
        try:
            for worker_id in {item.worker_id for item in batch if isinstance(item, _Nudge)}:
                self._redis.publish(channel_of(worker_id), b"")
            for priority, execution_ids in messages([item for item in batch if isinstance(item, Queued)]):
                self._publish(QUEUES[priority], execution_ids)
                sent += len(execution_ids)
            self._error = None
        except _GONE as error:
            self._disconnect()
            self._quiet_until = time.monotonic() + _QUIET_SECONDS
            self._error = error
            self._dropped += len(batch) - sent
        self._tell()

    def _publish(self, queue_name: str, execution_ids: list[str]) -> None:
        if self._producer is None:
            self._connection = self._app.connection_for_write()
            self._producer = self._app.amqp.Producer(self._connection)
        self._app.send_task(
            KICK, args=(execution_ids,), queue=queue_name, producer=self._producer, retry=False, ignore_result=True
        )

    def _disconnect(self) -> None:
        connection, self._connection, self._producer = self._connection, None, None
        with suppress(*_GONE):
            if connection is not None:
                connection.release()
        with suppress(*_GONE):
            self._redis.close()

    def _drop(self, count: int) -> None:
        self._dropped += count
        self._tell()

    def _tell(self) -> None:
        now = time.monotonic()
        if self._dropped and now - self._last_told >= _TELL_SECONDS:
            count, self._dropped, self._last_told = self._dropped, 0, now
            log.warning("kicks_dropped", count=count, error=str(self._error) if self._error is not None else None)


def messages(kicks: Sequence[Queued]) -> list[tuple[int, list[str]]]:
    """By priority, the urgent ones first; each batch in at least `_SHARES` messages where it has that many."""
    found: list[tuple[int, list[str]]] = []
    for priority in range(len(QUEUES)):
        ids = list(dict.fromkeys(item.execution_id for item in kicks if item.priority == priority))
        size = max(1, min(_MOST_IN_A_KICK, len(ids) // _SHARES))
        found.extend((priority, ids[at : at + size]) for at in range(0, len(ids), size))
    return found
