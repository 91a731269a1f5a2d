"""Have one node of a draft run by a worker, since workers have the adapters, and hand its result back: over Redis.

Nothing of it is kept: whoever asked waits, and asks again where an answer is lost. A request names the node and carries
its inputs; what the node is, and so what runs, the worker reads from the registry itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
import structlog
from redis import asyncio as redis
from redis.exceptions import RedisError
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.ids import uuid7

from triggerflow_orchestrator.app.lone_node import LONGEST_SECONDS, Line, NodeRun
from triggerflow_orchestrator.domain.execution import Failure

REQUESTS: Final = "triggerflow.node-runs"
_TAKEN: Final = b"taken"
_TAKING_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 60
_AT_ONCE: Final = 8
_LISTEN_SECONDS: Final = 5
_RETRY_SECONDS: Final = 1.0

log = structlog.get_logger(__name__)

Perform = Callable[[str, str, str, Mapping[str, Any]], Awaitable[NodeRun]]
"""Project, flow, node and inputs; the result."""


class AskWorkers:
    """`app.run_node.Bench` that leaves the work to whichever worker is free."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url

    async def run(self, project_id: str, flow_id: str, node: Mapping[str, Any], inputs: Mapping[str, Any]) -> NodeRun:
        """Raises Unavailable where Redis is away, no worker takes it, or the one that did was lost."""
        request_id = uuid7()
        asked = {
            **{"id": request_id, "projectId": project_id, "flowId": flow_id, "nodeId": node["id"]},
            **{"inputs": inputs, "until": time.time() + _TAKING_SECONDS},
        }
        text = orjson.dumps(asked)
        try:
            async with redis.Redis.from_url(self._url, socket_connect_timeout=2) as client:
                await client.lpush(REQUESTS, text)
                if await client.brpop([_answers(request_id)], timeout=_TAKING_SECONDS) is None:
                    await client.lrem(REQUESTS, 0, text)
                    raise Unavailable("No worker took the node. See: tfcanvas mesh status")
                found = await client.brpop([_answers(request_id)], timeout=LONGEST_SECONDS + 5)
        except (RedisError, OSError) as error:
            raise Unavailable(f"Redis does not answer: {error}") from error
        if found is None:
            raise Unavailable("The worker that ran the node was lost. Try again.")
        return _read(found[1])


async def serve(redis_url: str, perform: Perform) -> None:
    """Run what is asked for, a few at once, until cancelled. Redis may come and go."""
    free = asyncio.Semaphore(_AT_ONCE)
    while True:
        try:
            async with (
                redis.Redis.from_url(redis_url, socket_connect_timeout=2) as client,
                asyncio.TaskGroup() as tasks,
            ):
                while True:
                    await free.acquire()
                    found = await _next(client, free)
                    if found is not None:
                        tasks.create_task(_one(client, free, found, perform))
        except* (RedisError, OSError) as errors:
            log.warning("node_runs_not_heard", error=str(errors.exceptions[0]), retry_seconds=_RETRY_SECONDS)
        await asyncio.sleep(_RETRY_SECONDS)


async def _next(client: Any, free: asyncio.Semaphore) -> dict[str, Any] | None:
    try:
        found = await client.brpop([REQUESTS], timeout=_LISTEN_SECONDS)
    except BaseException:
        free.release()
        raise
    asked: dict[str, Any] | None = None if found is None else orjson.loads(found[1])
    if asked is None or asked["until"] < time.time():
        free.release()
        return None
    return asked


async def _one(client: Any, free: asyncio.Semaphore, asked: dict[str, Any], perform: Perform) -> None:
    answers = _answers(asked["id"])
    try:
        await client.lpush(answers, _TAKEN)
        await client.expire(answers, _ANSWER_SECONDS + round(LONGEST_SECONDS))
        try:
            result = await perform(asked["projectId"], asked["flowId"], asked["nodeId"], asked["inputs"])
        except Exception as error:  # told to whoever waits
            result = NodeRun({}, Failure(type(error).__name__, str(error)), (), 0.0)
        await client.lpush(answers, _write(result))
        await client.expire(answers, _ANSWER_SECONDS)
    finally:
        free.release()


def _answers(request_id: str) -> str:
    return f"triggerflow.node-run.{request_id}"


def _write(result: NodeRun) -> bytes:
    return orjson.dumps(
        {
            "ports": {port: text.decode() for port, text in result.ports.items()},
            "failure": None if result.failure is None else result.failure.as_json(),
            "logs": [[line.level, line.message] for line in result.logs],
            "seconds": result.seconds,
        }
    )


def _read(text: bytes) -> NodeRun:
    found = orjson.loads(text)
    return NodeRun(
        {port: value.encode() for port, value in found["ports"].items()},
        None if found["failure"] is None else Failure.from_json(found["failure"]),
        tuple(Line(level, message) for level, message in found["logs"]),
        found["seconds"],
    )
