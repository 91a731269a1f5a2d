"""What of a run's journal still matters, over a list of its rows: what SQL says, said again without it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from triggerflow_orchestrator.domain.execution import JournalRow, Remembered
from triggerflow_orchestrator.domain.plan import Plan
from triggerflow_orchestrator.domain.recall import recall


class ListRows:
    """`domain.recall.Rows`."""

    def __init__(self, rows: Iterable[JournalRow]) -> None:
        self._rows = list(rows)

    async def at(self, scopes: Sequence[str]) -> list[JournalRow]:
        return [row for row in self._rows if row.scope in scopes]

    async def below(self, stem: str) -> list[JournalRow]:
        return [row for row in self._rows if row.scope.startswith(f"{stem}:")]

    async def newest(self, stems: Collection[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for row in self._rows:
            stem, _, number = row.scope.rpartition(":")
            if stem in stems and row.status != "cancelled":
                found[stem] = max(found.get(stem, 0), int(number))
        return found


async def recalled(remembered: Remembered, plan: Plan) -> Remembered:
    """Without what does not matter any more."""
    found = await recall(plan, ListRows(remembered.journal))
    ended = {row.activation_id for row in found.rows}
    below = tuple(f"{stem}:" for stem in found.stems)
    starts = [start for start in remembered.starts if start.scope in found.scopes or start.scope.startswith(below)]
    return replace(
        remembered,
        journal=tuple(found.rows),
        starts=tuple(start for start in starts if start.activation_id not in ended),
        last_seq=remembered.journal[-1].seq if remembered.journal else 0,
    )
