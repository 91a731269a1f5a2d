"""What a watch needs from outside: the log, and word of what is appended to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from triggerflow_stream.domain.entry import Entry, Page, ProjectEntry


class ExecutionHistory(Protocol):
    """The log of one execution's events."""

    async def read(self, project_id: str, execution_id: str, after: str, limit: int) -> Page:
        """Entries with ids above `after` ("" is below all), oldest first, among them every one that was published
        before the call. `ended` where the last of them, or one before the cursor, ended the execution.

        Raises NotFound, BadCursor, CursorExpired; Unavailable and Deadline, after which the reader resumes by cursor.
        """
        ...


class ExecutionLive(Protocol):
    """Word of appended events: after they are durable, in order within an execution, but it may get lost."""

    @property
    def comes(self) -> bool:
        """Whether word comes at all now. Where not, the log has to be looked at instead."""
        ...

    def subscribe(
        self, execution_id: str, callback: Callable[[Sequence[Any]], None], lost: Callable[[], None]
    ) -> Callable[[], None]:
        """Call back with what is published from now on, and `lost` where some of it may be lost, or `comes` changed.
        Returns what unsubscribes."""
        ...

    def entry(self, item: Any) -> Entry:
        """What was published as an entry of the log."""
        ...


class ProjectHistory(Protocol):
    """The log of a project's events."""

    @property
    def told_live(self) -> bool:
        """Whether word of what is appended comes at all. Not from an older orchestrator: look at the log instead."""
        ...

    async def newest(self, project_id: str) -> str:
        """The id of the last entry; empty where there is none yet. Raises Unavailable, Deadline."""
        ...

    async def read(self, project_id: str, after: str, limit: int) -> Sequence[ProjectEntry]:
        """Entries with ids above `after` ("" is below all), oldest first, among them every one that was published
        before the call; fewer than `limit` where the end was reached. Once one is seen, none appears below it. Raises
        BadCursor, Unavailable, Deadline."""
        ...


class ProjectLive(Protocol):
    """Word of what was appended to a project's log: after it is durable, in order. Where some of it may be missing,
    `lost` is called before what follows."""

    @property
    def comes(self) -> bool:
        """Whether word comes at all now. Where not, the log has to be looked at instead."""
        ...

    def subscribe(
        self, project_id: str, callback: Callable[[Sequence[Any]], None], lost: Callable[[], None]
    ) -> Callable[[], None]:
        """Call back with what is published from now on, and `lost` where some of it may be lost, or `comes` changed.
        Returns what unsubscribes."""
        ...

    def entry(self, item: Any) -> ProjectEntry:
        """What was published as an entry of the log."""
        ...
