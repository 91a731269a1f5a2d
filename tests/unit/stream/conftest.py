"""An in-memory log with the obligations of the ports, and every way its words can arrive late."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from triggerflow_chassis.ids import next_uuid7
from triggerflow_stream.domain.entry import Entry, Page, ProjectEntry


class Log:
    """One execution's log. Appending is durable at once; the word of it goes out when `announce` is called."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.entries: list[Entry] = []
        self.unannounced: list[Entry] = []
        self.callbacks: list[Callable[[Sequence[Any]], None]] = []
        self.losses: list[Callable[[], None]] = []
        self.comes = True
        # Whether pages say that they are complete, which those of an older server do not.
        self.tells = dice.random() < 0.7
        self.reads = 0

    def append(self, *, last: bool = False) -> Entry:
        after = self.entries[-1].id if self.entries else None
        entry = Entry(next_uuid7(after), len(self.entries) + 1, f"event {len(self.entries) + 1}", last)
        self.entries.append(entry)
        self.unannounced.append(entry)
        return entry

    def announce(self, *, lose: bool = False) -> None:
        items, self.unannounced = self.unannounced, []
        if items and not lose:
            for callback in tuple(self.callbacks):
                callback(items)

    async def pause(self) -> None:
        for _ in range(self.dice.randrange(4)):
            await asyncio.sleep(0)

    async def read(self, project_id: str, execution_id: str, after: str, limit: int) -> Page:
        self.reads += 1
        await self.pause()
        found = [entry for entry in self.entries if entry.id > after][:limit]
        ended = bool(self.entries) and self.entries[-1].last and (not found or found[-1].last)
        complete = self.tells and (not self.entries or found[-1:] in ([], self.entries[-1:]))
        await self.pause()
        return Page(found, ended, complete)

    def subscribe(
        self, execution_id: str, callback: Callable[[Sequence[Any]], None], lost: Callable[[], None]
    ) -> Callable[[], None]:
        self.callbacks.append(callback)
        self.losses.append(lost)

        def unsubscribe() -> None:
            self.callbacks.remove(callback)
            self.losses.remove(lost)

        return unsubscribe

    def turn(self, *, comes: bool) -> None:
        """The bus loses the broker, or finds it again."""
        self.comes = comes
        for lost in tuple(self.losses):
            lost()

    def entry(self, item: Entry) -> Entry:
        return item


class ProjectLog:
    """A project's log. Appending is durable at once; word of it goes out in order, as one batch or several."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.entries: list[ProjectEntry] = []
        self.unannounced: list[ProjectEntry] = []
        self.callbacks: list[Callable[[Sequence[Any]], None]] = []
        self.losses: list[Callable[[], None]] = []
        self.comes = True
        self.told_live = True

    def append(self) -> ProjectEntry:
        after = self.entries[-1].id if self.entries else None
        entry = ProjectEntry(next_uuid7(after), f"event {len(self.entries) + 1}")
        self.entries.append(entry)
        self.unannounced.append(entry)
        return entry

    def announce(self, *, lose: bool = False) -> None:
        """What is lost is told to be lost, before what follows."""
        items, self.unannounced = self.unannounced, []
        for callback, lost in zip(tuple(self.callbacks), tuple(self.losses), strict=True):
            if lose:
                lost()
            elif items:
                callback(items)

    async def pause(self) -> None:
        for _ in range(self.dice.randrange(4)):
            await asyncio.sleep(0)

    async def newest(self, project_id: str) -> str:
        await self.pause()
        newest = self.entries[-1].id if self.entries else ""
        await self.pause()
        return newest

    async def read(self, project_id: str, after: str, limit: int) -> list[ProjectEntry]:
        await self.pause()
        found = [entry for entry in self.entries if entry.id > after][:limit]
        await self.pause()
        return found

    def subscribe(
        self, project_id: str, callback: Callable[[Sequence[Any]], None], lost: Callable[[], None]
    ) -> Callable[[], None]:
        self.callbacks.append(callback)
        self.losses.append(lost)

        def unsubscribe() -> None:
            self.callbacks.remove(callback)
            self.losses.remove(lost)

        return unsubscribe

    def entry(self, item: ProjectEntry) -> ProjectEntry:
        return item


@pytest.fixture
def make_log() -> Callable[[int], Log]:
    return lambda seed: Log(random.Random(seed))


@pytest.fixture
def make_project_log() -> Callable[[int], ProjectLog]:
    return lambda seed: ProjectLog(random.Random(seed))
