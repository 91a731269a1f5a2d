"""Read what only recovery needs: large values whole, and how far an activation's custom outputs had counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Final

import orjson
from sqlalchemy import or_, select
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.ids import first_uuid7, made_at_us
from triggerflow_chassis.sql_text import has_part

from triggerflow_orchestrator.domain.intervention import Intervention
from triggerflow_orchestrator.ports import Objects
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.interventions import of_run
from triggerflow_orchestrator.store.tables import events

_CLOCK_US: Final = 1_000_000
_PIECE_BYTES: Final = 8 * 1024 * 1024


class RecoveryReads:
    """`ports.RecoverySources` over the database and the objects."""

    def __init__(self, database: Database, objects: Objects) -> None:
        self._database = database
        self._objects = objects

    async def values(self, refs: Collection[str]) -> Mapping[str, bytes]:
        return {ref: await self._whole(ref) for ref in refs}

    async def lost(self, refs: Collection[str]) -> frozenset[str]:
        return frozenset([ref for ref in dict.fromkeys(refs) if await self._objects.get(ref, 0, 1) is None])

    async def custom_counts(self, execution_id: str, activation_ids: Collection[str]) -> Mapping[str, int]:
        counts = dict.fromkeys(activation_ids, 0)
        async for _, activation_id in self._outputs(execution_id, activation_ids, "custom"):
            counts[activation_id] += 1
        return counts

    async def printed_counts(
        self, execution_id: str, activation_ids: Collection[str]
    ) -> Mapping[str, Mapping[str, int]]:
        counts: dict[str, dict[str, int]] = {}
        async for stream, activation_id in self._outputs(execution_id, activation_ids, "stdout", "stderr"):
            of_activation = counts.setdefault(activation_id, {})
            of_activation[stream] = of_activation.get(stream, 0) + 1
        return counts

    async def interventions(self, execution_id: str) -> Sequence[tuple[Intervention, bool]]:
        async with self._database.snapshot() as connection:
            return await of_run(connection, execution_id)

    async def _outputs(
        self, execution_id: str, activation_ids: Collection[str], *streams: str
    ) -> AsyncIterator[tuple[str, str]]:
        """Stream and activation of each output of these activations: one walk over the events since the first of them
        began, however many they are."""
        if not activation_ids:
            return
        wanted = frozenset(activation_ids)
        body = events.c.body
        query = select(body).where(
            events.c.execution_id == execution_id,
            # An activation has no event before it is made. Ids are made by the clock; a second is more than it errs.
            events.c.id > first_uuid7(made_at_us(min(wanted)) - _CLOCK_US),
            or_(*(has_part(body, f'"stream":"{stream}"') for stream in streams)),
        )
        async with self._database.snapshot() as connection:
            async for row in await connection.stream(query):
                payload = orjson.loads(row.body)["payload"]
                # What a handler yielded may hold such words too.
                if payload["stream"] in streams and payload["data"]["activationId"] in wanted:
                    yield payload["stream"], payload["data"]["activationId"]

    async def _whole(self, ref: str) -> bytes:
        pieces: list[bytes] = []
        while True:
            piece = await self._objects.get(ref, sum(map(len, pieces)), _PIECE_BYTES)
            if piece is None:
                raise Unavailable(f"The value {ref} cannot be read.")
            pieces.append(piece)
            if len(piece) < _PIECE_BYTES:
                return b"".join(pieces)
