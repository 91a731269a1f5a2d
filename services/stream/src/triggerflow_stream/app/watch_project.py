"""Follow a project: changes of its flows, starts and ends of its executions, each once and in the order of its log.

The order makes the seam, as in `watch_execution`: the watch listens before it reads. What is live has no count that
would show a gap, so the live side says itself where something may be missing; then the log is read again from where
the reader stands, and what both brought is told apart by id.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass

from triggerflow_stream.app.mailbox import Mailbox
from triggerflow_stream.app.watch_execution import BATCH, WITHOUT_WORD_SECONDS
from triggerflow_stream.domain.entry import Batch, ProjectEntry
from triggerflow_stream.ports import ProjectHistory, ProjectLive

_PAGE = 256


@dataclass(frozen=True, slots=True)
class WatchProject:
    """Ask to follow a project from after a cursor, or ("") from now on."""

    project_id: str
    after: str


class ProjectWatch:
    """One reader's place in a project's log."""

    def __init__(
        self,
        command: WatchProject,
        *,
        history: ProjectHistory,
        live: ProjectLive,
        capacity: int,
        idle_seconds: float,
    ) -> None:
        self._command = command
        self._history = history
        self._live = live
        self._idle_seconds = idle_seconds
        self._mailbox = Mailbox(capacity)
        self._cursor = command.after

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Everything after the cursor. An empty batch is a checkpoint; the first one says that the watch listens.
        Raises what the history raises."""
        project_id = self._command.project_id
        unsubscribe = self._live.subscribe(project_id, self._mailbox.put, self._mailbox.lose)
        try:
            if self._cursor:
                # Before anything is said, so that a cursor that has expired is an answer and no broken stream.
                await self._history.read(project_id, self._cursor, 1)
            else:
                self._cursor = await self._history.newest(project_id)
            yield Batch((), self._cursor)
            behind = bool(self._command.after)
            while True:
                if behind or self._mailbox.overflowed:
                    self._mailbox.reopen()
                    behind, more = False, True
                    while more:
                        entries = await self._history.read(project_id, self._cursor, _PAGE)
                        for batch in self._batched(entries):
                            yield batch
                        # In a busy project an empty page may never come; a short one is the end all the same.
                        more = len(entries) == _PAGE
                if entries := self._present():
                    for batch in self._batched(entries):
                        yield batch
                elif not self._mailbox.overflowed and not await self._mailbox.wait(self._patience()):
                    yield Batch((), self._cursor)
                    # The word of an event may have been lost; the log has it.
                    behind = True
        finally:
            unsubscribe()

    def _present(self) -> list[ProjectEntry]:
        entries: list[ProjectEntry] = []
        while len(entries) < BATCH and self._mailbox.peek() is not None:
            entries.append(self._live.entry(self._mailbox.pop()))
        return entries

    def _batched(self, entries: Sequence[ProjectEntry]) -> Iterator[Batch]:
        """What is new of them, as batches; the reader stands behind each as it goes out."""
        new = [entry for entry in entries if entry.id > self._cursor]
        for start in range(0, len(new), BATCH):
            some = new[start : start + BATCH]
            self._cursor = some[-1].id
            yield Batch([entry.event for entry in some], self._cursor)

    def _patience(self) -> float:
        comes = self._live.comes and self._history.told_live
        return self._idle_seconds if comes else min(self._idle_seconds, WITHOUT_WORD_SECONDS)
