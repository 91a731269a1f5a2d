"""What schedules, limits and firings need of the database. Both databases pass one suite (`tests/contract/firings`).

All times are by the database's clock, in microseconds. Every method raises Unavailable where the database does not
answer; whether it did what it was asked is then unknown, and asking again is safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from triggerflow_orchestrator.domain.admission import Limits
from triggerflow_orchestrator.domain.firing import Firing, FiringStatus
from triggerflow_orchestrator.domain.schedule import MissedPolicy
from triggerflow_orchestrator.domain.trigger import Trigger
from triggerflow_orchestrator.ports import Position


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule trigger of an active version, and when it is due."""

    trigger: Trigger
    cron: str
    time_zone: str
    missed: MissedPolicy
    next_at: int | None
    """None while it is paused, or where it is never due again."""
    last_at: int | None
    last_execution_id: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What came to a trigger."""

    trigger: Trigger
    request_id: str
    """Unique for the trigger: what was offered before under it stays, and is given back."""
    inputs_json: str
    key: str = ""
    due_at: int | None = None
    """None: now."""


class Schedules(Protocol):
    """When schedules are due. Any number of replicas work on them beside each other."""

    async def keep(self) -> int:
        """Bring the schedules in step with the trigger book: new ones are due next from now on, changed ones anew,
        those whose trigger is gone are forgotten. How many were changed."""

    async def fire_due(self, limit: int) -> int:
        """Of up to `limit` schedules that are due, write what fires and what was missed, and when they are due next,
        in one transaction; those somebody else works on are passed over. How many schedules were due."""

    async def next_in(self) -> float | None:
        """Seconds until the next one is due, by the database's clock; at most 0 where one is. None: none ever is."""

    async def schedule(self, project_id: str, flow_id: str, node_id: str) -> Schedule | None:
        """One of a project."""

    async def schedules(self, project_id: str, after: tuple[str, str] | None, limit: int) -> list[Schedule]:
        """Up to `limit` by falling (flow id, node id), strictly below `after`."""

    async def pause(self, project_id: str, flow_id: str | None, node_id: str | None, paused: bool) -> int:
        """Pause or resume one, or with None all of the project; how many there are of those asked for. Resumed, it is
        due next from now on: what passed meanwhile was not missed."""


class Firings(Protocol):
    """What came to triggers."""

    async def offer(self, offers: Sequence[Offer], *, durable: bool) -> list[Firing]:
        """Write each, held where its trigger has limits, else ready; one of a request id that is there already stays
        as it is. All as they are now, in the order given. `durable`: once this returns, they survive the power."""

    async def admit(self, flow_id: str, node_id: str, limits: Limits) -> int:
        """Decide what of this trigger's held firings starts, waits or is dropped, with the flow held still: of any
        number of replicas one decides at a time. How many were decided for good."""

    async def undecided(self, limit: int) -> list[tuple[str, str, str]]:
        """(project id, flow id, node id) of up to `limit` triggers with held firings that are to be looked at now."""

    async def held_of(self, flow_id: str) -> list[tuple[str, str, str]]:
        """The same of one flow, whenever they are to be looked at: for when a run of it ended."""

    async def claim(self, limit: int, seconds: float) -> list[Firing]:
        """Take up to `limit` ready firings to start them, the oldest first; those somebody has are passed over. One
        that is not settled within `seconds` is there to be taken again."""

    async def started(self, firing: Firing, execution_id: str) -> None:
        """It started this run. Again is the same."""

    async def dropped(self, firing_id: str, reason: str) -> None:
        """It starts none. What started stays so."""

    async def later(self, firing_id: str, seconds: float) -> None:
        """Let go of it; it is taken again after that time."""

    async def of_request(self, flow_id: str, node_id: str, request_id: str) -> Firing | None:
        """What came to a trigger under this request id."""

    async def firing(self, firing_id: str) -> Firing | None:
        """One of any project."""

    async def next_in(self) -> float | None:
        """Seconds until an open one is to be looked at; None where there is none."""

    async def history(
        self,
        project_id: str,
        flow_id: str,
        node_id: str,
        statuses: Sequence[FiringStatus],
        after: Position | None,
        limit: int,
    ) -> list[Firing]:
        """Up to `limit` by falling (due_at, id), strictly below `after`."""

    async def forget(self, before_us: int) -> int:
        """Delete what was dropped or missed before; say how many. What started goes with its run."""

    async def reserve(self, project_id: str, flow_id: str, most_of_flow: int) -> str | None:
        """A place among the runs of a flow, for one that somebody asks for, until `release`: its id. None where that
        many go on. One that is not released lapses after half a minute: `claim` gives it as a firing of no node."""

    async def release(self, place: str) -> None:
        """Give a place back: its run is there, or will not be. Unknown ones are passed over."""
