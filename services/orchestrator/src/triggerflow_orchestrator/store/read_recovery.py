"""Read what only recovery needs: large values whole, and how far an activation's custom outputs had counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import orjson
from sqlalchemy import func, or_, select
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.sql_text import has_part

from triggerflow_orchestrator.domain.intervention import Intervention
from triggerflow_orchestrator.ports import Objects
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.interventions import of_run
from triggerflow_orchestrator.store.tables import events

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
        body = events.c.body
        async with self._database.snapshot() as connection:
            counts = {}
            for activation_id in activation_ids:
                query = (
                    select(func.count())
                    .select_from(events)
                    .where(
                        events.c.execution_id == execution_id,
                        has_part(body, '"stream":"custom"'),
                        has_part(body, f'"activationId":"{activation_id}"'),
                    )
                )
                counts[activation_id] = (await connection.execute(query)).scalar_one()
            return counts

    async def interventions(self, execution_id: str) -> Sequence[tuple[Intervention, bool]]:
        async with self._database.snapshot() as connection:
            return await of_run(connection, execution_id)

    async def printed_counts(
        self, execution_id: str, activation_ids: Collection[str]
    ) -> Mapping[str, Mapping[str, int]]:
        wanted = frozenset(activation_ids)
        if not wanted:
            return {}
        body = events.c.body
        query = select(body).where(
            events.c.execution_id == execution_id,
            or_(has_part(body, '"stream":"stdout"'), has_part(body, '"stream":"stderr"')),
        )
        counts: dict[str, dict[str, int]] = {}
        async with self._database.snapshot() as connection:
            async for row in await connection.stream(query):
                payload = orjson.loads(row.body)["payload"]
                # What a handler yielded may hold such words too.
                activation_id = payload["data"]["activationId"] if payload["stream"] != "custom" else None
                if activation_id in wanted:
                    of_activation = counts.setdefault(activation_id, {})
                    of_activation[payload["stream"]] = of_activation.get(payload["stream"], 0) + 1
        return counts

    async def _whole(self, ref: str) -> bytes:
        pieces: list[bytes] = []
        while True:
            piece = await self._objects.get(ref, sum(map(len, pieces)), _PIECE_BYTES)
            if piece is None:
                raise Unavailable(f"The value {ref} cannot be read.")
            pieces.append(piece)
            if len(piece) < _PIECE_BYTES:
                return b"".join(pieces)
