"""Read of one run what it takes to go on with it, and no more: `domain.recall` over SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from triggerflow_orchestrator.domain.execution import JournalRow
from triggerflow_orchestrator.domain.plan import Plan
from triggerflow_orchestrator.domain.recall import recall
from triggerflow_orchestrator.store.tables import activation_starts, journal

_AT_ONCE: Final = 500
# Numbers asked for in one query: powers of two first, then so many between two that were found.
_POWERS: Final = 31
_STEPS: Final = 64


async def recalled(
    connection: AsyncConnection, execution_id: str, plan: Plan, row_of: Callable[[Row[Any]], JournalRow]
) -> tuple[list[JournalRow], list[Row[Any]]]:
    """What of the journal matters, in its order, and the starts in the same scopes."""
    rows = _SqlRows(connection, execution_id, row_of)
    found = await recall(plan, rows)
    starts: list[Row[Any]] = []
    for where in (*_among(activation_starts, found.scopes), *(_below(activation_starts, one) for one in found.stems)):
        query = select(activation_starts).where(activation_starts.c.execution_id == execution_id, where)
        starts.extend(await connection.execute(query))
    return found.rows, sorted(starts, key=lambda row: (row.started_at, row.activation_id))


class _SqlRows:
    """`domain.recall.Rows`."""

    def __init__(
        self, connection: AsyncConnection, execution_id: str, row_of: Callable[[Row[Any]], JournalRow]
    ) -> None:
        self._connection = connection
        self._execution_id = execution_id
        self._row_of = row_of

    async def at(self, scopes: Sequence[str]) -> list[JournalRow]:
        found: list[JournalRow] = []
        for where in _among(journal, scopes):
            found += await self._rows(where)
        return found

    async def below(self, stem: str) -> list[JournalRow]:
        return await self._rows(_below(journal, stem))

    async def newest(self, stems: Collection[str]) -> Mapping[str, int]:
        # The numbers have no gaps, so what is there says what is before it.
        known = await self._there({stem: [0, *(2**power for power in range(_POWERS))] for stem in stems})
        beyond = {stem: min(2 * max(number, 1), 2**_POWERS) for stem, number in known.items()}
        beyond = {stem: 1 if known[stem] == 0 else end for stem, end in beyond.items()}
        while asked := {stem: _between(known[stem], end) for stem, end in beyond.items() if end - known[stem] > 1}:
            there = await self._there(asked)
            for stem, numbers in asked.items():
                known[stem] = max(known[stem], there.get(stem, 0))
                beyond[stem] = min([number for number in numbers if number > known[stem]], default=beyond[stem])
        return known

    async def _there(self, asked: Mapping[str, Sequence[int]]) -> dict[str, int]:
        """By stem, the highest of these numbers that has a row."""
        names = [f"{stem}:{number}" for stem, numbers in asked.items() for number in numbers]
        found: dict[str, int] = {}
        for where in _among(journal, names):
            query = select(journal.c.scope).distinct()
            query = query.where(journal.c.execution_id == self._execution_id, where, journal.c.status != "cancelled")
            for name in (await self._connection.execute(query)).scalars():
                stem, _, number = name.rpartition(":")
                found[stem] = max(found.get(stem, 0), int(number))
        return found

    async def _rows(self, where: ColumnElement[bool]) -> list[JournalRow]:
        query = select(journal).where(journal.c.execution_id == self._execution_id, where)
        return [self._row_of(row) for row in await self._connection.execute(query)]


def _between(low: int, high: int) -> list[int]:
    """Up to `_STEPS` numbers between these two, evenly."""
    step = max(1, (high - low) // _STEPS)
    return list(range(low + step, high, step))


def _among(table: Table, scopes: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    for begin in range(0, len(scopes), _AT_ONCE):
        yield table.c.scope.in_(scopes[begin : begin + _AT_ONCE])


def _below(table: Table, stem: str) -> ColumnElement[bool]:
    # Text is ordered by its bytes; ";" follows ":".
    return (table.c.scope >= f"{stem}:") & (table.c.scope < f"{stem};")
