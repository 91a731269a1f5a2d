"""Follow a project: changes of its flows, starts and ends of its executions, from two logs merged into one stream.

One id is the cursor of both logs, for ids are made from the time. Within each log nothing is missed or told twice;
between the logs, history is told by rising id, and what is live in the order it was committed.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from triggerflow_stream.app.mailbox import Mailbox
from triggerflow_stream.domain.entry import Batch, ProjectEntry
from triggerflow_stream.ports import ProjectHistory, ProjectLive

BATCH = 64
_PAGE = 256


@dataclass(frozen=True, slots=True)
class WatchProject:
    """Ask to follow a project from after a cursor, or ("") from now on."""

    project_id: str
    after: str


class ProjectWatch:
    """One reader's place in the two logs of a project. `now` is an id below all that is appended from now on."""

    def __init__(
        self,
        command: WatchProject,
        *,
        history: ProjectHistory,
        live: ProjectLive,
        now: str,
        capacity: int,
        idle_seconds: float,
    ) -> None:
        self._command = command
        self._history = history
        self._live = live
        self._idle_seconds = idle_seconds
        self._mailbox = Mailbox(capacity)
        # Where the log is read from, and what was told of it already. They differ until something was: another
        # clock may date what is appended from now on before this one's now.
        self._from = dict.fromkeys(history.logs, command.after or now)
        self._told = dict.fromkeys(history.logs, command.after)
        self._last = command.after

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Everything after the cursor. An empty batch is a checkpoint; the first one says that the watch listens.
        Raises what the history raises."""
        unsubscribe = self._live.subscribe(self._command.project_id, self._mailbox.put)
        try:
            yield Batch((), self._last)
            if self._command.after:
                async for batch in self._past():
                    yield batch
            while True:
                if self._mailbox.overflowed:
                    async for batch in self._past():
                        yield batch
                if entries := self._present():
                    yield Batch([entry.event for entry in entries], self._last)
                elif not await self._mailbox.wait(self._idle_seconds):
                    yield Batch((), self._last)
                    # The word of an event may have been lost; the logs have it.
                    async for batch in self._past():
                        yield batch
        finally:
            unsubscribe()

    async def _past(self) -> AsyncGenerator[Batch, None]:
        self._mailbox.reopen()
        pending: dict[str, list[ProjectEntry]] = {log: [] for log in self._history.logs}
        more = set(self._history.logs)
        while True:
            for log in [log for log in self._history.logs if log in more and not pending[log]]:
                page = await self._history.read(self._command.project_id, log, self._from[log], _PAGE)
                pending[log] = [entry for entry in page if entry.id > self._told[log]]
                if page:
                    self._from[log] = page[-1].id
                if len(page) < _PAGE:
                    more.discard(log)
            batch: list[ProjectEntry] = []
            while len(batch) < BATCH and all(pending[log] or log not in more for log in pending):
                # The next one is certain only while every log shows its own next one, or has none.
                heads = [entries[0] for entries in pending.values() if entries]
                if not heads:
                    break
                entry = min(heads, key=lambda each: each.id)
                pending[entry.log].pop(0)
                self._tell(entry)
                batch.append(entry)
            if batch:
                yield Batch([entry.event for entry in batch], self._last)
            elif not more:
                return

    def _present(self) -> list[ProjectEntry]:
        entries: list[ProjectEntry] = []
        while len(entries) < BATCH and self._mailbox.peek() is not None:
            entry = self._live.entry(self._mailbox.pop())
            if entry.id > self._told[entry.log]:
                self._tell(entry)
                entries.append(entry)
        return entries

    def _tell(self, entry: ProjectEntry) -> None:
        self._told[entry.log] = self._last = entry.id
        self._from[entry.log] = max(self._from[entry.log], entry.id)
