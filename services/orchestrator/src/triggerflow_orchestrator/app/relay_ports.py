"""What the relay needs: the outbox, the office of the one that empties it, and a broker."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from triggerflow_orchestrator.domain.execution import FlowEvent, ProjectNotice


@dataclass(frozen=True, slots=True)
class Unnoticed:
    """A row of the outbox whose notices have no ids yet."""

    position: int
    project_id: str
    flow_id: str
    execution_id: str
    notices: tuple[tuple[str, int], ...]
    """Types and times, in their order."""


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """An event of an execution with what a record says beside it."""

    execution_id: str
    project_id: str
    flow_id: str
    id: str
    sequence: int
    body: str


@dataclass(frozen=True, slots=True)
class Unpublished:
    """What is to be published next."""

    positions: tuple[int, ...]
    events: tuple[OutboxEvent, ...]
    notices: tuple[ProjectNotice, ...]


class PublishingFailed(Exception):
    """The broker refused a record for good."""


class Publisher(Protocol):
    """The broker, for as long as it takes everything. Repeats are allowed, a changed order within a key is not."""

    async def publish(self, events: Sequence[OutboxEvent], notices: Sequence[ProjectNotice]) -> None:
        """Return once all are acknowledged; waits while no broker answers. Raises PublishingFailed, after which it
        takes nothing more: open another, and begin again at the first that was not acknowledged."""


class Outbox(Protocol):
    """What was committed in the mesh and has to be told. Raises Unavailable."""

    def reign(self) -> AbstractAsyncContextManager[Reign]:
        """Wait until this process is the one that tells, among all replicas, and be it until the block ends."""

    async def followed_to(self) -> str:
        """The id of the last flow event that has its place among the notices."""

    async def last_unnoticed(self) -> int:
        """The position of the newest row whose notices have no ids yet; 0 where there is none."""

    async def has_unnoticed(self, up_to: int) -> bool:
        """Whether there is such a row at or below a position."""

    async def wake(self) -> None:
        """Have whoever reigns look now."""


class Reign(Protocol):
    """The one that tells. Each method raises Unavailable where the office is lost: then all of it ends."""

    async def work(self, *tasks: Coroutine[Any, Any, None]) -> None:
        """Run these as long as the office is held. Raises Unavailable once it is lost, or what one of them raises."""

    def on_wake(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when something was committed. May be missed. Returns what ends that."""

    async def followed_to(self) -> str:
        """As `Outbox.followed_to`; nobody else moves it."""

    async def unnoticed(self, limit: int) -> list[Unnoticed]:
        """Rows whose notices have no ids yet, by rising position."""

    async def notice(self, events: Sequence[FlowEvent], rows: Sequence[Unnoticed]) -> list[ProjectNotice]:
        """Give these their ids, in this order, above all there are; and with the events move `followed_to`. In one
        transaction, durable when it returns."""

    async def unpublished(self, limit: int) -> Unpublished:
        """The first rows with events, by rising position, and the first notices that were not published."""

    async def published(self, done: Unpublished) -> None:
        """Forget these rows, and move on behind these notices. Where that is lost, they are published again."""
