"""`app.firing_ports.Firings` over any migrated database.

Every change is a short transaction. What several replicas may do at once either passes over rows that another has
(`SKIP LOCKED`), or holds the flow still; request ids are unique by an index. SQLite has one writer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, insert, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from triggerflow_chassis.ids import uuid7
from triggerflow_chassis.sql_text import delete_some

from triggerflow_orchestrator.app.firing_ports import Offer
from triggerflow_orchestrator.domain.admission import (
    LOOK_AGAIN_US,
    MOST_HELD,
    Going,
    Held,
    Limits,
    Verdict,
    decide,
    limits_of,
)
from triggerflow_orchestrator.domain.firing import Firing, FiringStatus
from triggerflow_orchestrator.ports import Position
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.database_clock import hold_flow, now_of
from triggerflow_orchestrator.store.tables import LIVE_FIRINGS, NOT_ENDED, OPEN_FIRINGS, executions, firings, schedules

_F: Final = firings.c
_E: Final = executions.c
_SECOND_US: Final = 1_000_000
# Looked at in one go; of each key the oldest, so that none stands in the way of the others.
_OF_A_KEY: Final = 50
_AT_ONCE: Final = 1_000
_RESERVED_SECONDS: Final = 30
_FORGOTTEN_AT_ONCE: Final = 500
_NO_NODE: Final = ""


class SqlFirings:
    """Made once a process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def offer(self, offers: Sequence[Offer], *, durable: bool) -> list[Firing]:
        async with self._database.change(durable=durable) as connection:
            now = await now_of(connection)
            await insert_offers(connection, offers, now)
            found: list[Firing] = []
            for offer in offers:
                mine = and_(
                    _F.flow_id == offer.trigger.flow_id,
                    _F.node_id == offer.trigger.node_id,
                    _F.request_id == offer.request_id,
                )
                found.append(_firing((await connection.execute(select(firings).where(mine))).one()))
        return found

    async def admit(self, flow_id: str, node_id: str, limits: Limits) -> int:
        of_trigger = and_(_F.flow_id == flow_id, _F.node_id == node_id)
        async with self._database.change() as connection:
            await hold_flow(connection, flow_id)
            now = await now_of(connection)
            await _forget_ends(connection, flow_id)
            over = await _drop_surplus(connection, of_trigger, now)
            if limits.debounce_seconds is not None:
                over += await _drop_superseded(connection, of_trigger, limits.debounce_seconds, now)
            held = await _held(connection, of_trigger)
            going = await _going(connection, of_trigger, flow_id, limits, now)
            verdicts = decide(limits, held, going, now)
            for verdict in verdicts:
                await _write(connection, verdict, now)
            # Those that were not looked at wait too, and are looked at with the others.
            behind = and_(of_trigger, _F.status == "held", _F.look_at <= now)
            await connection.execute(update(firings).where(behind).values(look_at=now + LOOK_AGAIN_US))
            cancelled = [each for verdict in verdicts for each in verdict.cancels]
            if cancelled:
                # Their runs end: they are not counted again.
                await connection.execute(update(firings).where(_F.id.in_(cancelled)).values(live=False))
        return over + sum(verdict.status != "held" for verdict in verdicts)

    async def undecided(self, limit: int) -> list[tuple[str, str, str]]:
        async with self._database.snapshot() as connection:
            now = await now_of(connection)
            query = (
                select(_F.project_id, _F.flow_id, _F.node_id)
                .where(text(OPEN_FIRINGS), _F.status == "held", _F.look_at <= now)
                .distinct()
                .limit(limit)
            )
            return [tuple(row) for row in await connection.execute(query)]

    async def held_of(self, flow_id: str) -> list[tuple[str, str, str]]:
        query = select(_F.project_id, _F.flow_id, _F.node_id).where(_F.flow_id == flow_id, _F.status == "held")
        async with self._database.snapshot() as connection:
            return [tuple(row) for row in await connection.execute(query.distinct())]

    async def claim(self, limit: int, seconds: float) -> list[Firing]:
        async with self._database.change() as connection:
            now = await now_of(connection)
            ready = (
                select(_F.id)
                .where(text(OPEN_FIRINGS), _F.status == "ready", _F.look_at <= now)
                .order_by(_F.look_at, _F.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            ids = list((await connection.execute(ready)).scalars())
            if not ids:
                return []
            mine = update(firings).where(_F.id.in_(ids)).values(look_at=now + round(seconds * _SECOND_US))
            found = [_firing(row) for row in await connection.execute(mine.returning(firings))]
        return sorted(found, key=lambda each: (each.due_at, each.created_at, each.id))

    async def started(self, firing: Firing, execution_id: str) -> None:
        async with self._database.change() as connection:
            now = await now_of(connection)
            await connection.execute(
                update(firings)
                .where(_F.id == firing.id, _F.status.in_(("held", "ready")))
                .values(status="started", reason=None, execution_id=execution_id, decided_at=now)
            )
            last = and_(
                schedules.c.flow_id == firing.flow_id,
                schedules.c.node_id == firing.node_id,
                func.coalesce(schedules.c.last_at, 0) <= firing.due_at,
            )
            values = {"last_at": firing.due_at, "last_execution_id": execution_id}
            await connection.execute(update(schedules).where(last).values(**values))

    async def dropped(self, firing_id: str, reason: str) -> None:
        async with self._database.change() as connection:
            open_one = and_(_F.id == firing_id, _F.status.in_(("held", "ready")))
            await connection.execute(_drop(open_one, reason, await now_of(connection)))

    async def later(self, firing_id: str, seconds: float) -> None:
        async with self._database.change() as connection:
            look_at = await now_of(connection) + round(seconds * _SECOND_US)
            open_one = and_(_F.id == firing_id, _F.status.in_(("held", "ready")))
            await connection.execute(update(firings).where(open_one).values(look_at=look_at))

    async def of_request(self, flow_id: str, node_id: str, request_id: str) -> Firing | None:
        query = select(firings).where(_F.flow_id == flow_id, _F.node_id == node_id, _F.request_id == request_id)
        async with self._database.snapshot() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _firing(row)

    async def firing(self, firing_id: str) -> Firing | None:
        async with self._database.snapshot() as connection:
            row = (await connection.execute(select(firings).where(_F.id == firing_id))).first()
        return None if row is None else _firing(row)

    async def next_in(self) -> float | None:
        async with self._database.snapshot() as connection:
            now = await now_of(connection)
            first = (await connection.execute(select(func.min(_F.look_at)).where(text(OPEN_FIRINGS)))).scalar()
        return None if first is None else (first - now) / _SECOND_US

    async def history(
        self,
        project_id: str,
        flow_id: str,
        node_id: str,
        statuses: Sequence[FiringStatus],
        after: Position | None,
        limit: int,
    ) -> list[Firing]:
        query = select(firings).where(
            _F.project_id == project_id, _F.flow_id == flow_id, _F.node_id == node_id, _F.status.in_(statuses)
        )
        if after is not None:
            query = query.where(tuple_(_F.due_at, _F.id) < tuple_(after.at_us, after.id))
        async with self._database.snapshot() as connection:
            rows = await connection.execute(query.order_by(_F.due_at.desc(), _F.id.desc()).limit(limit))
            return [_firing(row) for row in rows]

    async def forget(self, before_us: int) -> int:
        old = and_(_F.created_at < before_us, _F.status.in_(("dropped", "missed")))
        count = 0
        while True:
            async with self._database.change() as connection:
                some = delete_some(connection.dialect.name, _F.id, old, _FORGOTTEN_AT_ONCE)
                gone = (await connection.execute(some)).rowcount
            count += gone
            if gone < _FORGOTTEN_AT_ONCE:
                return count

    async def reserve(self, project_id: str, flow_id: str, most_of_flow: int) -> str | None:
        async with self._database.change() as connection:
            await hold_flow(connection, flow_id)
            now = await now_of(connection)
            await _forget_ends(connection, flow_id)
            if await _runs_of(connection, flow_id) >= most_of_flow:
                return None
            id = uuid7()
            row = _row(id, project_id, flow_id, _NO_NODE, id, now, "{}", "", now)
            held_until = now + _RESERVED_SECONDS * _SECOND_US
            await connection.execute(insert(firings).values(**row, status="ready", look_at=held_until, live=False))
        return id

    async def release(self, place: str) -> None:
        async with self._database.change() as connection:
            await connection.execute(delete(firings).where(_F.id == place, _F.node_id == _NO_NODE))


async def insert_offers(connection: AsyncConnection, offers: Iterable[Offer], now: int) -> None:
    """Write them, unless they are there: part of a transaction."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    for offer in offers:
        trigger = offer.trigger
        limited = limits_of(trigger.config, trigger.most_of_flow).any
        due_at = now if offer.due_at is None else offer.due_at
        row = _row(
            uuid7(),
            trigger.project_id,
            trigger.flow_id,
            trigger.node_id,
            offer.request_id,
            due_at,
            offer.inputs_json,
            offer.key,
            now,
        )
        values = {**row, "status": "held" if limited else "ready", "look_at": now, "live": False}
        await connection.execute(
            dialect.insert(firings)
            .values(**values)
            .on_conflict_do_nothing(index_elements=["flow_id", "node_id", "request_id"])
        )


async def insert_missed(
    connection: AsyncConnection, trigger: Any, due_at: int, since: int | None, reason: str, now: int
) -> None:
    """Write that a due time started nothing: part of a transaction."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = _row(uuid7(), trigger.project_id, trigger.flow_id, trigger.node_id, f"due:{due_at}", due_at, "{}", "", now)
    values = {**row, "status": "missed", "reason": reason, "since": since, "look_at": now, "live": False}
    await connection.execute(dialect.insert(firings).values(**values, decided_at=now).on_conflict_do_nothing())


def _row(
    id: str,
    project_id: str,
    flow_id: str,
    node_id: str,
    request_id: str,
    due_at: int,
    inputs_json: str,
    key: str,
    now: int,
) -> dict[str, Any]:
    return {
        "id": id,
        "project_id": project_id,
        "flow_id": flow_id,
        "node_id": node_id,
        "request_id": request_id,
        "due_at": due_at,
        "inputs": inputs_json,
        "key": key,
        "created_at": now,
    }


async def _forget_ends(connection: AsyncConnection, flow_id: str) -> None:
    """Those whose runs have ended, or are forgotten, go on no more."""
    goes_on = exists().where(_E.id == _F.execution_id, _E.ended_at.is_(None))
    mine = and_(text(LIVE_FIRINGS), _F.flow_id == flow_id, _F.status != "ready", ~goes_on)
    await connection.execute(update(firings).where(mine).values(live=False))


async def _drop_surplus(connection: AsyncConnection, of_trigger: ColumnElement[bool], now: int) -> int:
    held = and_(of_trigger, _F.status == "held")
    beyond = select(_F.id).where(held).order_by(_F.created_at, _F.id).offset(MOST_HELD).limit(_AT_ONCE)
    ids = list((await connection.execute(beyond)).scalars())
    if ids:
        await connection.execute(_drop(_F.id.in_(ids), f"{MOST_HELD} wait already", now))
    return len(ids)


async def _drop_superseded(
    connection: AsyncConnection, of_trigger: ColumnElement[bool], debounce_seconds: int, now: int
) -> int:
    """Of each key those go that another followed before it was quiet. One that was quiet for long enough, and waits
    for a place now, has its turn whatever comes."""
    later = firings.alias()
    newer = exists().where(
        later.c.flow_id == _F.flow_id,
        later.c.node_id == _F.node_id,
        later.c.status == "held",
        later.c.key == _F.key,
        tuple_(later.c.created_at, later.c.id) > tuple_(_F.created_at, _F.id),
        later.c.created_at < _F.created_at + debounce_seconds * _SECOND_US,
    )
    dropped = _drop(and_(of_trigger, _F.status == "held", newer), "debounce: another came after it", now)
    return (await connection.execute(dropped)).rowcount


async def _held(connection: AsyncConnection, of_trigger: ColumnElement[bool]) -> list[Held]:
    place = func.row_number().over(partition_by=_F.key, order_by=(_F.created_at, _F.id)).label("place")
    found = select(_F.id, _F.key, _F.created_at, place).where(of_trigger, _F.status == "held").subquery()
    first = select(found).where(found.c.place <= _OF_A_KEY).order_by(found.c.created_at, found.c.id).limit(_AT_ONCE)
    return [Held(row.id, row.key, row.created_at) for row in await connection.execute(first)]


async def _going(
    connection: AsyncConnection, of_trigger: ColumnElement[bool], flow_id: str, limits: Limits, now: int
) -> Going:
    going = Going()
    live = select(_F.id, _F.key).where(of_trigger, _F.live).order_by(_F.decided_at, _F.id)
    for row in await connection.execute(live):
        going.live.setdefault(row.key, []).append(row.id)
    if limits.window_us:
        started = select(_F.key, _F.decided_at).where(
            of_trigger, _F.decided_at > now - limits.window_us, _F.status.in_(("ready", "started"))
        )
        for row in await connection.execute(started.order_by(_F.decided_at)):
            going.starts.setdefault(row.key, []).append(row.decided_at)
    if limits.most_of_flow is not None:
        going.of_flow = await _runs_of(connection, flow_id)
    return going


async def _runs_of(connection: AsyncConnection, flow_id: str) -> int:
    """Runs of a flow that go on, with those that are about to begin."""
    running = select(func.count()).select_from(executions).where(_E.flow_id == flow_id, text(NOT_ENDED))
    # One that is in both for a moment counts twice for it: too few start, never too many.
    beginning = (
        select(func.count()).select_from(firings).where(text(OPEN_FIRINGS), _F.flow_id == flow_id, _F.status == "ready")
    )
    return (await connection.execute(running)).scalar_one() + (await connection.execute(beginning)).scalar_one()


async def _write(connection: AsyncConnection, verdict: Verdict, now: int) -> None:
    values: dict[str, Any] = {"status": verdict.status, "reason": verdict.reason, "look_at": verdict.look_at}
    if verdict.status != "held":
        values |= {"decided_at": now, "live": verdict.status == "ready"}
    if verdict.cancels:
        values["cancels"] = orjson.dumps(verdict.cancels).decode()
    await connection.execute(update(firings).where(_F.id == verdict.id).values(**values))


def _drop(which: ColumnElement[bool], reason: str, now: int) -> Any:
    return update(firings).where(which).values(status="dropped", reason=reason, decided_at=now, live=False)


def _firing(row: Row[Any]) -> Firing:
    return Firing(
        id=row.id,
        project_id=row.project_id,
        flow_id=row.flow_id,
        node_id=row.node_id,
        request_id=row.request_id,
        due_at=row.due_at,
        inputs_json=row.inputs,
        key=row.key,
        status=row.status,
        reason=row.reason,
        since=row.since,
        execution_id=row.execution_id,
        created_at=row.created_at,
        cancels=tuple(orjson.loads(row.cancels)) if row.cancels else (),
    )
