"""Hear at once that somebody wants something of this worker: a Redis channel a worker, messages without content.

What is wanted stands in the database and is read there; a nudge that is lost waits for the next heartbeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from redis import asyncio as redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

_FIRST_RETRY_SECONDS: Final = 0.2
_LAST_RETRY_SECONDS: Final = 2.0
_PING_SECONDS: Final = 5.0


def channel_of(worker_id: str) -> str:
    """Where a worker listens."""
    return f"triggerflow.worker.{worker_id}"


async def listen(redis_url: str, worker_id: str, nudged: Callable[[], None]) -> None:
    """Call back on the loop for each nudge, until cancelled. Redis may come and go; after each loss it calls back
    once, since what was said meanwhile was not heard."""
    wait = _FIRST_RETRY_SECONDS
    while True:
        client = redis.Redis.from_url(redis_url, socket_connect_timeout=1, health_check_interval=_PING_SECONDS)
        try:
            async with client, client.pubsub(ignore_subscribe_messages=True) as pubsub:
                await pubsub.subscribe(channel_of(worker_id))
                nudged()
                wait = _FIRST_RETRY_SECONDS
                while True:
                    # With a timeout, so that a connection that hangs is pinged and noticed.
                    message = await pubsub.get_message(timeout=_PING_SECONDS)
                    if message is not None:
                        nudged()
        except (RedisError, OSError) as error:
            log.warning("nudges_not_heard", error=str(error), retry_seconds=wait)
        await asyncio.sleep(wait)
        wait = min(wait * 2, _LAST_RETRY_SECONDS)
