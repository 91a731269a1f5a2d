"""When a cron expression falls due, clock changes included, against an answer found by counting minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from triggerflow_adapter_sdk.cron import CronRefused, ZoneRefused, cron

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "UTC")
MINUTE = 60_000_000


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def times(expression: str, zone: str, start: str, count: int) -> list[str]:
    local = ZoneInfo(zone)
    found = islice(cron(expression, zone).after(us(start)), count)
    return [datetime.fromtimestamp(due // 1_000_000, local).isoformat(timespec="minutes") for due in found]


def test_a_skipped_time_is_due_once_when_the_clock_has_moved_on() -> None:
    assert times("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00+01:00", 2) == [
        "2026-03-29T03:00+02:00",
        "2026-03-30T02:30+02:00",
    ]


def test_a_time_that_comes_twice_is_due_the_first_time_only() -> None:
    assert times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00+02:00", 2) == [
        "2026-10-25T02:30+02:00",
        "2026-10-26T02:30+01:00",
    ]


@pytest.mark.parametrize("asked", ["2026-10-25T02:30+02:00", "2026-10-25T02:10+01:00", "2026-10-25T02:45+01:00"])
def test_asked_within_the_hour_that_comes_twice_it_is_not_due_again(asked: str) -> None:
    assert times("30 2 * * *", "Europe/Berlin", asked, 1) == ["2026-10-26T02:30+01:00"]


def test_every_hour_counts_real_time() -> None:
    assert times("0 * * * *", "Europe/Berlin", "2026-10-25T01:30+02:00", 3) == [
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:00+01:00",
        "2026-10-25T03:00+01:00",
    ]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "this one has 0"),
        ("* * * * * *", "this one has 6"),
        ("@daily", "this one has 1"),
        ("61 * * * *", "'61' is not the minute"),
        ("0 24 * * *", "'24' is not the hour"),
        ("0 0 32 * *", "'32' is not the day of the month"),
        ("0 0 31 2 *", "'31' is not the day of the month"),
        ("0 0 * 13 *", "'13' is not the month"),
        ("0 0 * * 8", "'8' is not the day of the week"),
        ("² * * * *", "'²' is not the minute"),
        ("0,0 " * 50 + "* * *", "at most 200"),
    ],
)
def test_what_is_no_expression_is_told_by_its_field(expression: str, said: str) -> None:
    with pytest.raises(CronRefused, match=said):
        cron(expression)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "localtime", "Factory", "../../etc/localtime"])
def test_a_zone_that_names_no_place_is_told_with_an_example(zone: str) -> None:
    with pytest.raises(ZoneRefused, match="Europe/Berlin"):
        cron("0 0 * * *", zone)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("30 2 * * *", "At 02:30 every day"),
        ("0 9 * * MON-FRI", "At 09:00 on Monday through Friday"),
        ("0 0 L * *", "At 00:00 on the last day of every month"),
        ("  */5   *  * * * ", "Every fifth minute of every hour"),
    ],
)
def test_it_reads_as_a_sentence(expression: str, sentence: str) -> None:
    assert cron(expression).sentence == sentence


def field(low: int, high: int) -> st.SearchStrategy[str]:
    one = st.integers(low, high)
    return st.one_of(
        st.just("*"),
        st.integers(1, 20).map(lambda step: f"*/{step}"),
        one.map(str),
        st.tuples(one, one).map(lambda ends: f"{min(ends)}-{max(ends)}"),
        st.lists(one, min_size=2, max_size=3).map(lambda some: ",".join(map(str, some))),
    )


EXPRESSIONS = st.tuples(field(0, 59), field(0, 23), field(1, 28), st.just("*"), field(0, 7)).map(" ".join)
MOMENTS = st.integers(us("2025-01-01T00:00Z"), us("2027-12-31T00:00Z"))


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS, st.sampled_from(ZONES), MOMENTS, st.integers(0, 3 * 24 * 60))
def test_from_whatever_moment_one_asks_the_same_times_come(expression: str, zone: str, at: int, earlier: int) -> None:
    due = cron(expression, zone)
    seen = list(islice(due.after(at), 5))
    before = [each for each in islice(due.after(at - earlier * MINUTE), earlier + 5) if each > at]
    assert seen == before[:5]
    assert seen == sorted(set(seen))
    assert all(each % MINUTE == 0 and each > at for each in seen)
    assert cron(expression, zone).sentence


CHANGES = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("America/Santiago", "2026-09-06"),
    ("America/Santiago", "2026-04-05"),
    ("Africa/Cairo", "2026-04-24"),
    ("Africa/Cairo", "2026-10-29"),
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CHANGES), st.integers(0, 23), st.integers(0, 59))
def test_a_time_of_the_day_is_due_once_each_day_of_a_clock_change(
    change: tuple[str, str], hour: int, minute: int
) -> None:
    zone, day = change
    local = ZoneInfo(zone)
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=local)
    first, last = (noon - timedelta(days=2)).astimezone(UTC), (noon + timedelta(days=2)).astimezone(UTC)
    due = []
    for each in cron(f"{minute} {hour} * * *", zone).after(int(first.timestamp()) * 1_000_000):
        if each > int(last.timestamp()) * 1_000_000:
            break
        due.append(each)
    naive = [noon.replace(tzinfo=None, hour=hour, minute=minute) + timedelta(days=days) for days in (-2, -1, 0, 1, 2)]
    expected = []
    for wall in naive:
        moment = wall.replace(tzinfo=local, fold=0)
        # What the clock skips is due at the first minute it shows afterwards.
        while moment.astimezone(UTC).astimezone(local).replace(tzinfo=None) != moment.replace(tzinfo=None):
            moment = (moment.replace(tzinfo=None) + timedelta(minutes=1)).replace(tzinfo=local, fold=0)
        expected.append(int(moment.timestamp()) * 1_000_000)
    lower, upper = int(first.timestamp()) * 1_000_000, int(last.timestamp()) * 1_000_000
    assert due == [each for each in expected if lower < each <= upper]
