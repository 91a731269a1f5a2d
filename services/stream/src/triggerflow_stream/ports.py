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
    """The two logs of a project's events."""

    logs: tuple[str, ...]

    async def read(self, project_id: str, log: str, after: str, limit: int) -> Sequence[ProjectEntry]:
        """Entries of one log with ids above `after`, oldest first; fewer than `limit` where its end was reached.
        Raises BadCursor, Unavailable, Deadline."""
        ...


class ProjectLive(Protocol):
    """Word of what was appended to either log of a project. What is lost of one log is lost from some point on, to its
    end: a later word means that every earlier one came."""

    def subscribe(self, project_id: str, callback: Callable[[Sequence[Any]], None]) -> Callable[[], None]:
        """Call back with what is published from now on. Returns what unsubscribes."""
        ...

    def entry(self, item: Any) -> ProjectEntry:
        """What was published as an entry of its log."""
        ...
