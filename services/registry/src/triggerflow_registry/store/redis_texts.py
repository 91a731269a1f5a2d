"""Keep texts in Redis for as long as it has room. Redis may be slow, gone, emptied or full: that costs latency only.

One text is one key, `tfcanvas:registry:version:<flow>:<key>`, with a time to live; a set beside them names all keys of
a flow, so that they can be dropped together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = structlog.get_logger("triggerflow.registry")

T = TypeVar("T")

KEPT_SECONDS: Final = 24 * 60 * 60
_PREFIX: Final = "tfcanvas:registry:version"
_ANSWER_SECONDS: Final = 0.1
# How long Redis is left alone after it failed.
_PAUSE_SECONDS: Final = 2.0
_CONNECTIONS: Final = 8
_MOST_PENDING: Final = 64


class RedisTexts:
    """`version_cache.Texts` in Redis. Made by `open_redis_texts`."""

    def __init__(self, redis: Redis, *, answer_seconds: float, pause_seconds: float) -> None:
        self._redis = redis
        self._answer_seconds = answer_seconds
        self._pause_seconds = pause_seconds
        self._left_alone_until = 0.0
        self._failed = False
        self._pending: set[asyncio.Task[None]] = set()

    async def get(self, flow_id: str, key: str) -> bytes | None:
        found: bytes | None = await self._ask(lambda: self._redis.get(_name(flow_id, key)))
        return found

    def put(self, flow_id: str, key: str, text: bytes) -> None:
        self._later(self._put(flow_id, key, text))

    def forget(self, flow_id: str) -> None:
        self._later(self._forget(flow_id))

    async def close(self) -> None:
        """Let what was begun end: it is bounded."""
        while self._pending:
            await asyncio.wait(set(self._pending))

    async def _put(self, flow_id: str, key: str, text: bytes) -> None:
        names, name = _names(flow_id), _name(flow_id, key)

        async def act() -> None:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.sadd(names, name)
                pipeline.expire(names, KEPT_SECONDS)
                pipeline.set(name, text, ex=KEPT_SECONDS)
                await pipeline.execute()

        await self._ask(act)

    async def _forget(self, flow_id: str) -> None:
        names = _names(flow_id)

        async def act() -> None:
            found: set[bytes] = await self._redis.smembers(names)  # type: ignore[misc]
            await self._redis.unlink(names, *found)

        await self._ask(act)

    def _later(self, act: Coroutine[Any, Any, None]) -> None:
        if len(self._pending) >= _MOST_PENDING:
            act.close()
            return
        task = asyncio.create_task(act)
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """The answer, None where there is none in time. After a failure Redis is left alone for a moment."""
        now = time.monotonic()
        if now < self._left_alone_until:
            return None
        if self._failed:
            # One asks whether it is back; the others do not wait for the answer.
            self._left_alone_until = now + self._pause_seconds
        try:
            async with asyncio.timeout(self._answer_seconds):
                answer = await ask()
        except (RedisError, OSError, TimeoutError) as error:
            if not self._failed:
                log.warning("version_cache_unavailable", error=f"{type(error).__name__}: {error}")
            self._failed = True
            self._left_alone_until = time.monotonic() + self._pause_seconds
            return None
        if self._failed:
            log.info("version_cache_available")
        self._failed = False
        self._left_alone_until = 0.0
        return answer


@asynccontextmanager
async def open_redis_texts(
    url: str, *, answer_seconds: float = _ANSWER_SECONDS, pause_seconds: float = _PAUSE_SECONDS
) -> AsyncIterator[RedisTexts]:
    """The cache at `redis://host:port/0`. Connects when it is first asked, so Redis may come up later."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=answer_seconds,
        socket_timeout=answer_seconds,
        socket_connect_timeout=answer_seconds,
        retry=Retry(NoBackoff(), 0),
    )
    texts = RedisTexts(Redis(connection_pool=pool), answer_seconds=answer_seconds, pause_seconds=pause_seconds)
    try:
        yield texts
    finally:
        await texts.close()
        await pool.disconnect()


def _name(flow_id: str, key: str) -> str:
    return f"{_PREFIX}:{flow_id}:{key}"


def _names(flow_id: str) -> str:
    return f"{_PREFIX}s:{flow_id}"
