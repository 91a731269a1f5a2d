"""`app.firing_ports.Schedules` over any migrated database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from triggerflow_adapter_sdk.cron import Cron, CronRefused, ZoneRefused, cron
from triggerflow_adapter_sdk.expressions import cel_key

from triggerflow_orchestrator.app.firing_ports import Offer, Schedule
from triggerflow_orchestrator.domain.admission import limits_of
from triggerflow_orchestrator.domain.schedule import Decision, Fire, decide, fired_inputs
from triggerflow_orchestrator.domain.trigger import SCHEDULE, Trigger
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.database_clock import hold_flow, now_of
from triggerflow_orchestrator.store.firings import insert_missed, insert_offers
from triggerflow_orchestrator.store.tables import schedules, triggers
from triggerflow_orchestrator.store.trigger_book import trigger_of

_S: Final = schedules.c
_T: Final = triggers.c
_SAME: Final = and_(_T.flow_id == _S.flow_id, _T.node_id == _S.node_id, _T.kind == SCHEDULE)
_SECOND_US: Final = 1_000_000
_WHY: Final = {
    "skip": "Nothing ran at this time, and missed times are skipped.",
    "once": "Nothing ran at this time; one run stood for it.",
    "all": "Nothing ran at this time, and too many came after it.",
}


class SqlSchedules:
    """Made once a process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self) -> int:
        if await self._in_step():
            return 0
        async with self._database.change() as connection:
            # One replica at a time; who comes second finds them in step.
            await hold_flow(connection, "every schedule")
            now = await now_of(connection)
            gone = ~exists().where(_SAME)
            changed = (await connection.execute(delete(schedules).where(gone))).rowcount
            there = {(row.flow_id, row.node_id): row for row in await connection.execute(select(schedules))}
            of_kind = select(triggers).where(_T.kind == SCHEDULE).with_for_update(read=True)
            for row in (await connection.execute(of_kind)).all():
                wanted = _wanted(orjson.loads(row.config))
                known = there.get((row.flow_id, row.node_id))
                if known is not None and all(getattr(known, name) == value for name, value in wanted.items()):
                    continue
                changed += 1
                values = {**wanted, "next_at": None if row.paused else _next(wanted, now)}
                if known is None:
                    named = {"flow_id": row.flow_id, "node_id": row.node_id}
                    await connection.execute(insert(schedules).values(**named, **values))
                    continue
                if (known.cron, known.time_zone) == (wanted["cron"], wanted["time_zone"]):
                    # Only what becomes of missed times changed: what is due stays due.
                    del values["next_at"]
                mine = and_(_S.flow_id == row.flow_id, _S.node_id == row.node_id)
                await connection.execute(update(schedules).where(mine).values(**values))
        return changed

    async def _in_step(self) -> bool:
        query = select(_T.flow_id, _T.node_id, _T.config).where(_T.kind == SCHEDULE)
        async with self._database.snapshot() as connection:
            wanted = {
                (row.flow_id, row.node_id): _wanted(orjson.loads(row.config)) for row in await connection.execute(query)
            }
            there = {
                (row.flow_id, row.node_id): {"cron": row.cron, "time_zone": row.time_zone, "missed": row.missed}
                for row in await connection.execute(select(schedules))
            }
        return wanted == there

    async def fire_due(self, limit: int) -> int:
        async with self._database.change() as connection:
            now = await now_of(connection)
            due = (
                select(schedules)
                .where(_S.next_at <= now)
                .order_by(_S.next_at, _S.flow_id, _S.node_id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            rows = (await connection.execute(due)).all()
            for row in rows:
                await _fire(connection, row, now)
        return len(rows)

    async def next_in(self) -> float | None:
        async with self._database.snapshot() as connection:
            now = await now_of(connection)
            first = (await connection.execute(select(func.min(_S.next_at)))).scalar()
        return None if first is None else (first - now) / _SECOND_US

    async def schedule(self, project_id: str, flow_id: str, node_id: str) -> Schedule | None:
        found = await self._where(1, _T.project_id == project_id, _T.flow_id == flow_id, _T.node_id == node_id)
        return found[0] if found else None

    async def schedules(self, project_id: str, after: tuple[str, str] | None, limit: int) -> list[Schedule]:
        below = () if after is None else (tuple_(_T.flow_id, _T.node_id) < tuple_(*after),)
        return await self._where(limit, _T.project_id == project_id, *below)

    async def _where(self, limit: int, *conditions: ColumnElement[bool]) -> list[Schedule]:
        columns = (_S.cron, _S.time_zone, _S.missed, _S.next_at, _S.last_at, _S.last_execution_id)
        query = (
            select(triggers, *columns)
            .join_from(triggers, schedules, _SAME)
            .where(*conditions)
            .order_by(_T.flow_id.desc(), _T.node_id.desc())
            .limit(limit)
        )
        async with self._database.snapshot() as connection:
            return [_schedule(row) for row in await connection.execute(query)]

    async def pause(self, project_id: str, flow_id: str | None, node_id: str | None, paused: bool) -> int:
        mine = [_T.project_id == project_id, _T.kind == SCHEDULE]
        if flow_id is not None:
            mine += [_T.flow_id == flow_id, _T.node_id == node_id]
        async with self._database.change(durable=True) as connection:
            now = await now_of(connection)
            rows = (await connection.execute(select(triggers).where(*mine).with_for_update())).all()
            for row in rows:
                if row.paused == paused:
                    continue
                this = and_(_T.flow_id == row.flow_id, _T.node_id == row.node_id)
                await connection.execute(update(triggers).where(this).values(paused=paused))
                next_at = None if paused else _next(_wanted(orjson.loads(row.config)), now)
                this = and_(_S.flow_id == row.flow_id, _S.node_id == row.node_id)
                await connection.execute(update(schedules).where(this).values(next_at=next_at))
        return len(rows)


async def _fire(connection: AsyncConnection, row: Row[Any], now: int) -> None:
    this = and_(_S.flow_id == row.flow_id, _S.node_id == row.node_id)
    of_book = select(triggers).where(_T.flow_id == row.flow_id, _T.node_id == row.node_id, _T.kind == SCHEDULE)
    book = (await connection.execute(of_book)).first()
    time = _cron(row.cron, row.time_zone)
    if book is None or book.paused or time is None:
        await connection.execute(update(schedules).where(this).values(next_at=None))
        return
    trigger = trigger_of(book)
    decision: Decision = decide(time, row.missed, row.next_at, now)
    for missed in decision.missed:
        await insert_missed(connection, trigger, missed.due_at, missed.since, _WHY[row.missed], now)
    await insert_offers(connection, [await _offer(trigger, time, fire) for fire in decision.fires], now)
    await connection.execute(update(schedules).where(this).values(next_at=decision.next_at))


async def _offer(trigger: Trigger, time: Cron, fire: Fire) -> Offer:
    inputs = fired_inputs(time, fire)
    by = limits_of(trigger.config, trigger.most_of_flow).key
    # Inputs this small are looked at in this process, and nothing is waited for.
    key = "" if by is None else await cel_key(by, inputs)
    return Offer(trigger, f"due:{fire.due_at}", orjson.dumps(inputs).decode(), key, fire.due_at)


def _wanted(config: Mapping[str, Any]) -> dict[str, str]:
    """The columns that follow the config. It was checked when its version was published."""
    return {
        "cron": str(config.get("cron", "")),
        "time_zone": str(config.get("timeZone", "UTC")),
        "missed": str(config.get("missed", "once")),
    }


def _next(wanted: Mapping[str, str], now: int) -> int | None:
    time = _cron(wanted["cron"], wanted["time_zone"])
    return None if time is None else time.next(now)


def _cron(expression: str, zone: str) -> Cron | None:
    try:
        return cron(expression, zone)
    except (CronRefused, ZoneRefused):
        # Published where the zone was known, and here it is not: it never fires, and its page says so.
        return None


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(
        trigger=trigger_of(row),
        cron=row.cron,
        time_zone=row.time_zone,
        missed=row.missed,
        next_at=row.next_at,
        last_at=row.last_at,
        last_execution_id=row.last_execution_id,
    )
