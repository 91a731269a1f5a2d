"""Answer a repeated request as the first time, for 24 hours; let a concurrent one wait for it.

Calls to one process take turns; of two processes in the mesh the database lets one answer, and the other gives it.
Rules: CONTRACT section 1, "Idempotency-Key". An answer is committed with what it answers; a refusal below 500 is
committed alone, since it changed nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog
from triggerflow_chassis.errors import IdempotencyKeyReused, ServiceError

from triggerflow_orchestrator.app.commands import RequestKey
from triggerflow_orchestrator.app.durable import Durable
from triggerflow_orchestrator.app.units import Kind, Unit
from triggerflow_orchestrator.domain.lease import RequestTaken
from triggerflow_orchestrator.ports import Journal, Pruning, Reads, StoredAnswer

KEPT_US: Final = 24 * 60 * 60 * 1_000_000

# Of 500 and above, and of too many at once: the next try may go better, so nothing is kept.
_NOT_KEPT: Final = frozenset({"INTERNAL", "UNAVAILABLE", "DEADLINE", "TOO_MANY"})

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Replayed:
    """The first answer, as the key's `render` wrote it."""

    response: bytes


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock
    waiting: int = 0


_LAST_SECONDS = 1.0


class Idempotency:
    """Runs keyed requests once."""

    def __init__(
        self,
        reads: Reads,
        journal: Journal,
        pruning: Pruning,
        now_us: Callable[[], int],
        encode: Callable[[ServiceError], bytes],
        decode: Callable[[bytes], ServiceError],
    ) -> None:
        self._reads = reads
        self._journal = journal
        self._pruning = pruning
        self._now_us = now_us
        self._encode = encode
        self._decode = decode
        self._turns: dict[tuple[str, str, str], _Turn] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def once(self, key: RequestKey | None, perform: Callable[[], Awaitable[T]]) -> T | Replayed:
        """What `perform` gives, or gave the first time. `perform` commits the answer of success itself.

        Raises what `perform` raises, or raised the first time, and IdempotencyKeyReused. A caller that hangs up stops
        nothing: the answer is there when it asks again.
        """
        if key is None:
            return await perform()
        task = asyncio.create_task(self._keyed(key, perform))
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Let what was begun end, but not for long: what waits for a disk or a neighbour may wait for ever."""
        tasks = set(self._tasks)
        if tasks:
            _, waiting = await asyncio.wait(tasks, timeout=_LAST_SECONDS)
            for task in waiting:
                task.cancel()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked was told, or hung up

    async def _keyed(self, key: RequestKey, perform: Callable[[], Awaitable[T]]) -> T | Replayed:
        name = (key.project_id, key.request_id, key.method)
        turn = self._turns.setdefault(name, _Turn(asyncio.Lock()))
        turn.waiting += 1
        try:
            async with turn.lock:
                stored = await self._kept(key)
                if stored is not None:
                    return self._replay(key, stored)
                try:
                    return await self._first(key, perform)
                except RequestTaken:
                    # Another process was first. Its answer was committed before ours was refused.
                    stored = await self._kept(key)
                    if stored is None:
                        raise
                    return self._replay(key, stored)
        finally:
            turn.waiting -= 1
            if turn.waiting == 0:
                del self._turns[name]

    async def _kept(self, key: RequestKey) -> StoredAnswer | None:
        stored = await self._reads.answer(key.project_id, key.request_id, key.method)
        oldest = self._now_us() - KEPT_US
        if stored is not None and stored.created_at < oldest:
            # It would stand in the way of the answer to come.
            await self._pruning.forget_answers(oldest)
            return None
        return stored

    def _replay(self, key: RequestKey, stored: StoredAnswer) -> Replayed:
        if stored.fingerprint != key.fingerprint:
            raise IdempotencyKeyReused
        if stored.response is not None:
            return Replayed(stored.response)
        raise self._decode(stored.error or b"")

    async def _first(self, key: RequestKey, perform: Callable[[], Awaitable[T]]) -> T:
        try:
            return await perform()
        except ServiceError as error:
            if error.reason not in _NOT_KEPT:
                await self._keep_alone(key, None, self._encode(error))
            raise

    async def keep(self, key: RequestKey, response: bytes) -> None:
        """Keep the answer of a call that writes nothing else."""
        await self._keep_alone(key, response, None)

    async def _keep_alone(self, key: RequestKey, response: bytes | None, error: bytes | None) -> None:
        durable = Durable()
        unit = Unit(done=durable.told, may_fail=True)
        row = (key.project_id, key.request_id, key.method, key.fingerprint, response, error, self._now_us())
        unit.rows.append((Kind.REQUEST, row))
        self._journal.submit(unit)
        try:
            await durable.wait()
        except RequestTaken:
            raise
        except ServiceError as failure:
            # The answer itself is right all the same; only its replay is lost.
            log.warning("answer_not_kept", method=key.method, error=failure.detail)
