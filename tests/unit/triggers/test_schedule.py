"""What a schedule does when it is looked at: on time, late by each policy, after a very long time."""

from __future__ import annotations

from datetime import datetime
from itertools import takewhile
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from triggerflow_adapter_sdk.cron import Cron, cron
from triggerflow_orchestrator.domain.schedule import LATE_US, MOST_TOLD, Decision, Fire, Missed, MissedPolicy, decide

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


DAILY = cron("30 2 * * *", "Europe/Berlin")
FIRST = at("2026-03-29T03:00+02:00")
DAYS = [FIRST, *(at(f"2026-03-{day}T02:30+02:00") for day in (30, 31))]
LAST_NEXT = at("2026-04-01T02:30+02:00")


@pytest.mark.parametrize("policy", get_args(MissedPolicy))
def test_what_is_on_time_fires_whatever_the_policy(policy: MissedPolicy) -> None:
    assert decide(DAILY, policy, FIRST, FIRST + LATE_US) == Decision((Fire(FIRST, "due"),), (), DAYS[1])


def test_skip_runs_none_of_the_missed_and_tells_of_each() -> None:
    found = decide(DAILY, "skip", FIRST, DAYS[2] + HOUR)
    assert found == Decision((), tuple(Missed(due) for due in DAYS), LAST_NEXT)


def test_once_runs_one_for_all_the_last() -> None:
    found = decide(DAILY, "once", FIRST, DAYS[2] + HOUR)
    assert found == Decision((Fire(DAYS[2], "missed", 2),), (Missed(DAYS[0]), Missed(DAYS[1])), LAST_NEXT)


def test_all_runs_each_in_their_order() -> None:
    found = decide(DAILY, "all", FIRST, DAYS[2] + HOUR)
    assert found == Decision(tuple(Fire(due, "missed") for due in DAYS), (), LAST_NEXT)


def test_after_a_year_of_minutes_the_last_hundred_run_and_the_rest_is_one_entry() -> None:
    every_minute = cron("* * * * *")
    now = FIRST + 365 * DAY
    found = decide(every_minute, "all", FIRST, now)
    assert [fire.reason for fire in found.fires] == ["missed"] * MOST_TOLD + ["due", "due"]
    assert [fire.due_at for fire in found.fires] == [now - (MOST_TOLD + 1 - n) * MINUTE for n in range(MOST_TOLD + 2)]
    assert found.missed == (Missed(now - (MOST_TOLD + 2) * MINUTE, FIRST),)
    assert found.next_at == now + MINUTE


CRONS = st.sampled_from(
    ["* * * * *", "*/7 * * * *", "30 2 * * *", "0 */6 * * 1-5", "15 1,2,3 25-31 3,10 *", "0 0 29 2 *"]
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"])


@settings(max_examples=150, deadline=None)
@given(CRONS, ZONES, st.sampled_from(get_args(MissedPolicy)), st.integers(0, 400 * DAY), st.integers(0, 40 * DAY))
def test_each_due_time_fires_once_or_is_told_as_missed(
    expression: str, zone: str, policy: MissedPolicy, start: int, away: int
) -> None:
    schedule = cron(expression, zone)
    next_at = schedule.next(FIRST + start)
    assert next_at is not None
    now = next_at + away
    found = decide(schedule, policy, next_at, now)
    due = _between(schedule, next_at, now)
    fired, missed = [fire.due_at for fire in found.fires], [entry.due_at for entry in found.missed]
    together = sorted([*fired, *missed])
    assert fired == sorted(fired) and missed == sorted(missed)
    if len(due) <= MOST_TOLD:
        assert together == due
    else:
        assert together == due[-len(together) :] and found.missed[0].since in (None, due[0])
    late = [each for each in due if each < now - LATE_US]
    made_up = [fire for fire in found.fires if fire.reason == "missed"]
    wanted = {"skip": 0, "once": min(1, len(late)), "all": min(MOST_TOLD, len(late))}
    assert len(made_up) == wanted[policy]
    assert found.next_at == schedule.next(now)


def _between(schedule: Cron, first: int, last: int) -> list[int]:
    return list(takewhile(lambda due: due <= last, schedule.after(first - 1)))
