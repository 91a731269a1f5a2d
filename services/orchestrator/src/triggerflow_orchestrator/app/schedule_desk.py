"""Answer what is asked of schedules: list them, their due times, pause, resume, run now, preview an expression."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from triggerflow_adapter_sdk.cron import CronRefused, ZoneRefused, cron
from triggerflow_chassis.errors import BadParameter, NotFound
from triggerflow_chassis.ids import uuid7

from triggerflow_orchestrator.app import paging
from triggerflow_orchestrator.app.dispatch import Dispatch
from triggerflow_orchestrator.app.firing_ports import Firings, Schedule, Schedules
from triggerflow_orchestrator.app.read_executions import known_id
from triggerflow_orchestrator.app.trigger_ports import TriggerBook
from triggerflow_orchestrator.domain.firing import Firing, FiringStatus
from triggerflow_orchestrator.domain.schedule import Fire, fired_inputs
from triggerflow_orchestrator.ports import Position

MOST_PREVIEWED: Final = 50
_PREVIEWED: Final = 5
_PAST: Final[tuple[FiringStatus, ...]] = ("started", "held", "ready")
_MISSED: Final[tuple[FiringStatus, ...]] = ("missed", "dropped")
_NO_ID: Final = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class DueTime:
    """A due time and what becomes, or became, of it. `status`: upcoming, or as a firing has it."""

    due_at: int
    status: str
    reason: str = ""
    since: int | None = None
    execution_id: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an expression means."""

    sentence: str
    next: Sequence[int]


class ScheduleDesk:
    """Schedules of one project at a time."""

    def __init__(
        self,
        schedules: Schedules,
        firings: Firings,
        book: TriggerBook,
        dispatch: Dispatch,
        now_us: Callable[[], int],
        changed: Callable[[], None],
        abreast: Callable[[], Awaitable[None]],
    ) -> None:
        """`changed` is called where due times may have moved; `abreast` returns once the trigger book has what was
        published before."""
        self._schedules = schedules
        self._firings = firings
        self._book = book
        self._dispatch = dispatch
        self._now_us = now_us
        self._changed = changed
        self._abreast = abreast

    async def page(self, project_id: str, page_size: int, page_token: str) -> tuple[list[Schedule], str]:
        """A page, those of the newest flow first, and the token of the next. Raises BadParameter, BadCursor."""
        size = paging.page_size(page_size)
        after = paging.pair(page_token)
        await self._in_step()
        found = await self._schedules.schedules(project_id, after, size + 1)
        page = found[:size]
        if len(page) == len(found):
            return page, ""
        last = page[-1].trigger
        return page, paging.pair_token(last.flow_id, last.node_id)

    async def get(self, project_id: str, flow_id: str, node_id: str) -> Schedule:
        """Raises NotFound."""
        flow, node = known_id("schedule", flow_id), known_id("schedule", node_id)
        await self._in_step()
        found = await self._schedules.schedule(project_id, flow, node)
        if found is None:
            raise NotFound("schedule", f"{flow}/{node}")
        return found

    async def fires(
        self, project_id: str, flow_id: str, node_id: str, status: str, page_size: int, page_token: str
    ) -> tuple[list[DueTime], str]:
        """A page of due times, of another trigger of what came to it, and the token of the next. Raises NotFound,
        BadParameter, BadCursor, in this order."""
        flow, node = known_id("trigger", flow_id), known_id("trigger", node_id)
        await self._in_step()
        of = await self._book.trigger(project_id, flow, node)
        if of is None:
            raise NotFound("trigger", f"{flow}/{node}")
        size = paging.page_size(page_size)
        named = f"{status or 'upcoming'} of {flow}/{node}"
        after = paging.position(named, page_token)
        match status or "upcoming":
            case "upcoming":
                schedule = await self._schedules.schedule(project_id, flow, node)
                return ([], "") if schedule is None else self._upcoming(schedule, named, after, size)
            case "past" | "missed" as asked:
                wanted = _PAST if asked == "past" else _MISSED
                found = await self._firings.history(project_id, of.flow_id, of.node_id, wanted, after, size + 1)
                page = found[:size]
                token = "" if len(page) == len(found) else paging.token(named, Position(page[-1].due_at, page[-1].id))
                return [due_time(firing) for firing in page], token
        raise BadParameter("status", "status must be upcoming, past or missed.")

    async def pause(self, project_id: str, flow_id: str, node_id: str, paused: bool) -> tuple[int, Schedule | None]:
        """Pause or resume one, or where no flow is named all. How many, and the one. Raises NotFound."""
        if not flow_id and not node_id:
            await self._in_step()
            count = await self._schedules.pause(project_id, None, None, paused)
            self._changed()
            return count, None
        of = (await self.get(project_id, flow_id, node_id)).trigger
        await self._schedules.pause(project_id, of.flow_id, of.node_id, paused)
        self._changed()
        return 1, await self.get(project_id, flow_id, node_id)

    async def run(self, project_id: str, flow_id: str, node_id: str, request_id: str) -> Firing:
        """Start a run now. Raises NotFound, Unavailable."""
        schedule = await self.get(project_id, flow_id, node_id)
        now = self._now_us()
        inputs = fired_inputs(cron(schedule.cron, schedule.time_zone), Fire(now, "runNow"))
        return await self._dispatch.offer(schedule.trigger, inputs, f"now:{request_id or uuid7()}", due_at=now)

    def preview(self, expression: str, zone: str, count: int) -> Preview:
        """What an expression means. Raises BadParameter, naming `cron` or `timeZone`."""
        most = paging.bounded(count, "count", default=_PREVIEWED, most=MOST_PREVIEWED)
        try:
            found = cron(expression, zone or "UTC")
        except CronRefused as refused:
            raise BadParameter("cron", str(refused)) from None
        except ZoneRefused as refused:
            raise BadParameter("timeZone", str(refused)) from None
        return Preview(found.sentence, list(islice(found.after(self._now_us()), most)))

    async def _in_step(self) -> None:
        """What was published before the call is shown."""
        await self._abreast()
        await self._schedules.keep()

    def _upcoming(self, schedule: Schedule, named: str, after: Position | None, size: int) -> tuple[list[DueTime], str]:
        if schedule.next_at is None:
            return [], ""
        start = schedule.next_at - 1 if after is None else max(after.at_us, schedule.next_at - 1)
        times = list(islice(cron(schedule.cron, schedule.time_zone).after(start), size + 1))
        page = times[:size]
        token = "" if len(page) == len(times) else paging.token(named, Position(page[-1], _NO_ID))
        return [DueTime(due_at, "upcoming") for due_at in page], token


def due_time(firing: Firing) -> DueTime:
    """A firing as it is told."""
    return DueTime(firing.due_at, firing.status, firing.reason or "", firing.since, firing.execution_id or "")
