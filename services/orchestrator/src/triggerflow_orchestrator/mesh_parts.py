"""Open what orchestrator and workers have alike in the mesh: the database, its one writer a process, large values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from triggerflow_chassis.bus import Bus
from triggerflow_chassis.postgres.connections import open_pool

from triggerflow_orchestrator.app.end_unrun import EndUnrun
from triggerflow_orchestrator.app.values_first import ValuesFirst
from triggerflow_orchestrator.bucket_place import BucketPlace
from triggerflow_orchestrator.ports import Objects
from triggerflow_orchestrator.queue.sender import KickSender
from triggerflow_orchestrator.settings import MeshSettings
from triggerflow_orchestrator.store.executions import SqlReads
from triggerflow_orchestrator.store.objects import FileObjects
from triggerflow_orchestrator.store.postgres import PostgresDatabase, open_postgres
from triggerflow_orchestrator.store.postgres_commands import PostgresCommands
from triggerflow_orchestrator.store.postgres_journal import PostgresJournal
from triggerflow_orchestrator.store.postgres_leases import PostgresLeases
from triggerflow_orchestrator.store.read_recovery import RecoveryReads
from triggerflow_orchestrator.store.s3_bucket import Bucket
from triggerflow_orchestrator.store.s3_objects import S3Objects
from triggerflow_orchestrator.store.waits import SqlWaits

_LEASE_CONNECTIONS: Final = 4
_LEASE_STATEMENT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class MeshParts:
    """Open until the block of `open_parts` ends."""

    database: PostgresDatabase
    reads: SqlReads
    objects: Objects
    journal: ValuesFirst
    rows: PostgresJournal
    """Behind `journal`."""
    leases: PostgresLeases
    commands: PostgresCommands
    waits: SqlWaits
    sources: RecoveryReads
    end_unrun: EndUnrun
    kicks: KickSender


@asynccontextmanager
async def open_parts(settings: MeshSettings, bus: Bus) -> AsyncIterator[MeshParts]:
    """The schema is made or upgraded first. Raises Unavailable where the database cannot be opened. Redis and the
    object store may come later. At the end what was submitted is written."""
    postgres = settings.postgres
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_postgres(postgres))
        # Leases do not wait: who cannot renew one must know soon.
        of_leases = replace(
            postgres.named(f"{postgres.application}-leases"),
            statement_seconds=_LEASE_STATEMENT_SECONDS,
            lock_seconds=_LEASE_STATEMENT_SECONDS,
        )
        pool = await stack.enter_async_context(open_pool(of_leases, most=_LEASE_CONNECTIONS))
        kicks = KickSender(settings.redis.reveal())
        stack.callback(kicks.close)
        reads = SqlReads(database)
        objects = _objects(settings.objects)
        rows = PostgresJournal(postgres.named(f"{postgres.application}-journal"))
        await rows.open()
        stack.push_async_callback(rows.close)
        journal = ValuesFirst(rows, objects)
        stack.push_async_callback(journal.close)
        sources = RecoveryReads(database, objects)
        yield MeshParts(
            database=database,
            reads=reads,
            objects=objects,
            journal=journal,
            rows=rows,
            leases=PostgresLeases(pool, of_leases, lease_seconds=settings.lease_seconds),
            commands=PostgresCommands(pool, of_leases),
            waits=SqlWaits(database),
            sources=sources,
            end_unrun=EndUnrun(reads, sources, journal, bus),
            kicks=kicks,
        )


def _objects(place: BucketPlace | Path) -> Objects:
    return FileObjects(place) if isinstance(place, Path) else S3Objects(Bucket(place))
