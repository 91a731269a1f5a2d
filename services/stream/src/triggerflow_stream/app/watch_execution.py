"""Follow one execution: history, then live, and nobody sees a gap or a repeat.

The order makes the seam. The watch listens before it reads history, so what is appended while it reads waits in the
mailbox; what both brought is told apart by id, which only rises. Live entries must continue the sequence: where one
does not, or the mailbox overflowed, or nothing came for a while, the log is read again from where the reader stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass

from triggerflow_stream.app.mailbox import Mailbox
from triggerflow_stream.domain.entry import Batch, Entry
from triggerflow_stream.ports import ExecutionHistory, ExecutionLive

BATCH = 64
WITHOUT_WORD_SECONDS = 1.0
"""How often the log is looked at while nobody tells of what is appended."""
_PAGE = 512
_FIRST_RETRY = 0.02
_LAST_RETRY = 1.0


@dataclass(frozen=True, slots=True)
class WatchExecution:
    """Ask to follow an execution from after a cursor ("" for all of it)."""

    project_id: str
    execution_id: str
    after: str


class ExecutionWatch:
    """One reader's place in one execution's log."""

    def __init__(
        self,
        command: WatchExecution,
        *,
        history: ExecutionHistory,
        live: ExecutionLive,
        capacity: int,
        idle_seconds: float,
    ) -> None:
        self._command = command
        self._history = history
        self._live = live
        self._idle_seconds = idle_seconds
        self._mailbox = Mailbox(capacity)
        self._cursor = command.after
        # The sequence at the cursor. Unknown until an entry was seen, as a cursor is compared and not looked up.
        self._sequence = None if command.after else 0

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Everything after the cursor, each entry once and in order; returns after the last one.

        An empty batch is a checkpoint. Raises what the history raises.
        """
        unsubscribe = self._live.subscribe(self._command.execution_id, self._mailbox.put, self._mailbox.lose)
        try:
            retry = _FIRST_RETRY
            while True:
                start = self._cursor
                self._mailbox.reopen()
                while True:
                    page = await self._history.read(
                        self._command.project_id, self._command.execution_id, self._cursor, _PAGE
                    )
                    for batch in self._past(page.entries):
                        yield batch
                    if page.ended:
                        return
                    # What came after a complete page waits in the mailbox. To read until there is no more would never
                    # end where something happens as often as a page is read.
                    if page.complete or not page.entries:
                        break

                behind = False
                while not behind:
                    entries, behind = self._present()
                    if entries:
                        yield Batch([entry.event for entry in entries], self._cursor)
                        if entries[-1].last:
                            return
                    elif not behind and not await self._mailbox.wait(self._patience()):
                        yield Batch((), self._cursor)
                        # The word of an entry may have been lost, and with the last entry no later one would tell.
                        behind = True

                if self._cursor != start or self._mailbox.peek() is None:
                    retry = _FIRST_RETRY
                else:
                    # What was announced is not in the log yet. It was committed first, so it will be.
                    await asyncio.sleep(retry)
                    retry = min(retry * 2, _LAST_RETRY)
        finally:
            unsubscribe()

    def _patience(self) -> float:
        return self._idle_seconds if self._live.comes else min(self._idle_seconds, WITHOUT_WORD_SECONDS)

    def _past(self, entries: Iterable[Entry]) -> Iterator[Batch]:
        for some in _batched([entry for entry in entries if entry.id > self._cursor], BATCH):
            self._stand_at(some[-1])
            yield Batch([entry.event for entry in some], self._cursor)

    def _present(self) -> tuple[list[Entry], bool]:
        """What the mailbox brought that continues from the cursor, and whether the log must be read for the rest."""
        entries: list[Entry] = []
        if self._mailbox.overflowed:
            return entries, True
        while len(entries) < BATCH and (item := self._mailbox.peek()) is not None:
            entry = self._live.entry(item)
            if entry.id <= self._cursor:
                self._mailbox.pop()
                if entry.last:
                    # It ended at or before the cursor, which the log knows for certain.
                    return entries, True
                continue
            if self._sequence is None or entry.sequence != self._sequence + 1:
                # Left where it is: the log brings it, and then it is dropped by its id.
                return entries, True
            self._mailbox.pop()
            self._stand_at(entry)
            entries.append(entry)
            if entry.last:
                break
        return entries, False

    def _stand_at(self, entry: Entry) -> None:
        self._cursor = entry.id
        self._sequence = entry.sequence


def _batched(entries: list[Entry], size: int) -> Iterator[list[Entry]]:
    for start in range(0, len(entries), size):
        yield entries[start : start + size]
