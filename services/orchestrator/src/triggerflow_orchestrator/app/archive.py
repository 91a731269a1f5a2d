"""Archive executions that ended: summary and events of each in one object, so that rows may be forgotten later.

What was archived stands in the database, and an archive is created or is there already, never changed. So this may
stop anywhere, run twice, and run in several processes: the worst is work done again. While the object store or the
database does not answer it waits, and catches up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from triggerflow_chassis.errors import NotFound, Unavailable
from triggerflow_chassis.lifecycle import again_and_again

from triggerflow_orchestrator.domain.archive import Archived, ArchiveWriter, ToArchive, archive_key, read_archive
from triggerflow_orchestrator.ports import Archives, Archiving, Reads

log = structlog.get_logger(__name__)

_BATCH: Final = 32
_AT_ONCE: Final = 4
_EVENTS: Final = 500
_IDLE_SECONDS: Final = 2.0


class Archive:
    """Archives what ended at least `after_seconds` ago: in a burst of runs they come first."""

    def __init__(
        self,
        runs: Archiving,
        reads: Reads,
        archives: Archives,
        now_us: Callable[[], int],
        *,
        after_seconds: float,
    ) -> None:
        self._runs = runs
        self._reads = reads
        self._archives = archives
        self._now_us = now_us
        self._after_us = round(after_seconds * 1_000_000)
        # What could not be archived for a reason of its own must not keep the others from it.
        self._passed_over: set[str] = set()

    async def run(self) -> None:
        """Until cancelled."""
        await again_and_again("archiving_waits", self._once)

    async def _once(self) -> float:
        return 0.0 if await self.step() else _IDLE_SECONDS

    async def step(self) -> bool:
        """Archive a batch; whether there may be more. Raises Unavailable; what was archived before that is noted."""
        found = await self._runs.to_archive(self._now_us() - self._after_us, self._passed_over, _BATCH)
        archived: list[str] = []
        room = asyncio.Semaphore(_AT_ONCE)
        results = await asyncio.gather(*(self._one(each, archived, room) for each in found), return_exceptions=True)
        if archived:
            await self._runs.note_archived(archived, self._now_us())
            log.info("executions_archived", count=len(archived))
        for error in results:
            if error is not None:
                raise error
        return len(found) == _BATCH

    async def _one(self, found: ToArchive, archived: list[str], room: asyncio.Semaphore) -> None:
        record = found.record
        async with room:
            try:
                content = await self._content(found)
                await self._archives.create(archive_key(record.project_id, record.id), content)
            except Unavailable:
                raise
            except Exception:
                log.exception("execution_not_archived", execution_id=record.id)
                self._passed_over.add(record.id)
            else:
                archived.append(record.id)

    async def _content(self, found: ToArchive) -> bytes:
        record = found.record
        writer = ArchiveWriter(found)
        after = ""
        while True:
            page = await self._reads.events(record.project_id, record.id, after, _EVENTS)
            if page is None or not page.events:
                break
            # A page may be megabytes: not on the loop.
            await asyncio.to_thread(writer.add, page.events)
            after = page.events[-1].id
            if page.ended:
                break
        return await asyncio.to_thread(writer.finish)


class ReadArchive:
    """Archived executions of one project at a time."""

    def __init__(self, archives: Archives) -> None:
        self._archives = archives

    async def get(self, project_id: str, execution_id: str) -> Archived:
        """Raises NotFound, Unavailable, and NotAnArchive for what this program cannot read."""
        content = await self._archives.get(archive_key(project_id, execution_id))
        if content is None:
            raise NotFound("archive", execution_id)
        return await asyncio.to_thread(read_archive, content)
