"""Make a change once: in one transaction with its events and, where the caller named its request, its answer.

A caller that hangs up does not stop a change that began: it ends whole, and the same request id then gives its answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from triggerflow_chassis.bus import FLOW_EVENTS
from triggerflow_chassis.errors import Deadline, IdempotencyKeyReused, Internal, ServiceError, Unavailable
from triggerflow_chassis.identity import Principal
from triggerflow_chassis.ids import next_uuid7

from triggerflow_registry.app.desk import Desk
from triggerflow_registry.domain.flow import Answer, FlowEvent, FlowEventType, FlowId, ProjectId
from triggerflow_registry.ports import Change, View

T = TypeVar("T")

REMEMBERED_US = 24 * 3_600 * 1_000_000
"""How long an answer is given again."""

# These say nothing about the request: asked again, it may go well.
_PASSING = (Internal, Unavailable, Deadline)


class Codec(Protocol[T]):
    """How an answer and an error are kept as bytes."""

    def encode(self, answer: T) -> bytes: ...

    def decode(self, body: bytes) -> T: ...

    def encode_error(self, error: ServiceError) -> bytes: ...

    def decode_error(self, body: bytes) -> ServiceError: ...


@dataclass(frozen=True, slots=True)
class Once(Generic[T]):
    """A caller's name for a request. `fingerprint` is equal for equal requests of one method."""

    request_id: str
    method: str
    fingerprint: str
    codec: Codec[T]


@dataclass(frozen=True, slots=True)
class Work:
    """A change under way: the transaction, who acts, and when."""

    change: Change
    desk: Desk
    actor: Principal
    now: int

    @property
    def project_id(self) -> ProjectId:
        return ProjectId(self.actor.project_id)

    async def tell(self, type: FlowEventType, flow_id: FlowId, *, deleted: bool = False) -> None:
        """Append the event of this change, and announce it once it is durable."""
        event = FlowEvent(
            id=next_uuid7(await self.change.last_event_id(), self.now // 1_000),
            type=type,
            timestamp=self.now,
            project_id=self.project_id,
            flow_id=flow_id,
            deleted=deleted,
        )
        await self.change.add_event(event, self.actor.subject)
        self.change.after_commit(lambda: announce(self.desk, event))


def announce(desk: Desk, event: FlowEvent) -> None:
    """Tell whoever listens now of a committed event."""
    desk.announcer.publish(FLOW_EVENTS, event.project_id, [event.as_item()])


async def write(desk: Desk, actor: Principal, act: Callable[[Work], Awaitable[T]], once: Once[T] | None = None) -> T:
    """Act in one transaction; where the request was named and answered before, give that answer instead.

    Raises IdempotencyKeyReused, Unavailable, and what `act` raises, which then has changed nothing.
    """
    task = asyncio.ensure_future(_write(desk, actor, act, once))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        # Whoever waited is gone; a failure has nobody to be told to.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        raise


async def _write(desk: Desk, actor: Principal, act: Callable[[Work], Awaitable[T]], once: Once[T] | None) -> T:
    async with desk.store.write() as change:
        work = Work(change, desk, actor, desk.clock())
        if once is None:
            return await act(work)
        known = await recall(change, actor, once, work.now)
        if known is None:
            try:
                async with change.attempt():
                    answer = await act(work)
            except _PASSING:
                raise
            except ServiceError as error:
                await _remember(work, once, once.codec.encode_error(error), failed=True)
                refused = error
            else:
                await _remember(work, once, once.codec.encode(answer), failed=False)
                return answer
        elif known.failed:
            refused = once.codec.decode_error(known.body)
        else:
            return once.codec.decode(known.body)
    # Outside the block, so that what was kept of the refusal is committed first.
    raise refused


async def recall(view: View, actor: Principal, once: Once[T], now: int) -> Answer | None:
    """What the request was answered before. Raises IdempotencyKeyReused where the name was given to another one."""
    known = await view.answer(ProjectId(actor.project_id), once.request_id, now - REMEMBERED_US)
    if known is not None and (known.method, known.fingerprint) != (once.method, once.fingerprint):
        raise IdempotencyKeyReused()
    return known


async def _remember(work: Work, once: Once[T], body: bytes, *, failed: bool) -> None:
    await work.change.forget_answers(work.now - REMEMBERED_US)
    await work.change.add_answer(
        work.project_id,
        once.request_id,
        Answer(method=once.method, fingerprint=once.fingerprint, body=body, failed=failed, created_at=work.now),
        work.actor.subject,
    )
