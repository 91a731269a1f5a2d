"""Decide what a schedule does at a moment: which due times fire, which are told as missed, when it is next due. Pure.

A due time is missed where nobody came by within a minute of it: the server was down. What becomes of those is the
schedule's policy. While a schedule is paused it has no due times, so none is missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any, Final, Literal

from triggerflow_adapter_sdk.cron import Cron
from triggerflow_chassis.clock import rfc3339

MissedPolicy = Literal["skip", "once", "all"]
FireReason = Literal["due", "missed", "runNow"]

LATE_US: Final = 60_000_000
"""Up to here a due time is on time."""
MOST_TOLD: Final = 100
"""Of missed due times the last ones are told one by one, and made up for by `all`; those before are one entry."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_US: Final = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Fire:
    """A due time that starts a run. `stands_for`: how many missed ones beside its own, where one run is for all."""

    due_at: int
    reason: FireReason
    stands_for: int = 0


@dataclass(frozen=True, slots=True)
class Missed:
    """A due time that starts none. `since`: the first of the due times this entry is for, where it is for several."""

    due_at: int
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Both lists rise. `next_at` is after now; None where it is never due again."""

    fires: tuple[Fire, ...]
    missed: tuple[Missed, ...]
    next_at: int | None


def decide(cron: Cron, policy: MissedPolicy, next_at: int, now: int) -> Decision:
    """What is to be done of all that was due from `next_at`, a due time, to `now`, both included."""
    due = _due(cron, next_at, now)
    late = [each for each in due if each < now - LATE_US]
    on_time = due[len(late) :]
    missed: list[Missed] = []
    if len(late) > MOST_TOLD:
        last = late[-MOST_TOLD - 1]
        missed.append(Missed(last, next_at if last > next_at else None))
        late = late[-MOST_TOLD:]
    fires: list[Fire] = []
    if policy == "all":
        fires.extend(Fire(each, "missed") for each in late)
    elif policy == "once" and late:
        missed.extend(Missed(each) for each in late[:-1])
        fires.append(Fire(late[-1], "missed", len(late) - 1))
    else:
        missed.extend(Missed(each) for each in late)
    fires.extend(Fire(each, "due") for each in on_time)
    return Decision(tuple(fires), tuple(missed), cron.next(now))


def fired_inputs(cron: Cron, fire: Fire) -> dict[str, Any]:
    """What a run of it gets: `{dueAt, localTime, timeZone, reason, standsFor}`."""
    local = (_EPOCH + timedelta(microseconds=fire.due_at)).astimezone(cron.zone)
    return {
        "dueAt": rfc3339(fire.due_at),
        "localTime": local.isoformat(timespec="seconds"),
        "timeZone": cron.zone.key,
        "reason": fire.reason,
        "standsFor": fire.stands_for,
    }


def _due(cron: Cron, next_at: int, now: int) -> list[int]:
    """The due times; of very many the last ones, more than anyone is told of, and not a year of minutes walked over."""
    width = _HOUR_US
    while now - width > next_at:
        last = list(takewhile(lambda due: due <= now, cron.after(now - width)))
        if len(last) > MOST_TOLD + 2:
            return last
        width *= 4
    return list(takewhile(lambda due: due <= now, cron.after(next_at - 1)))
