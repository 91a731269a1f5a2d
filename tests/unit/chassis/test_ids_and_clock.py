"""Ids rise and keep their form; times keep their microseconds."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triggerflow_chassis import clock, ids


@given(st.integers(0, 2**48 - 1))
def test_an_id_is_a_uuid_of_version_7_of_its_millisecond(now_ms: int) -> None:
    made = uuid.UUID(ids.uuid7(now_ms))
    assert (made.version, made.variant, made.int >> 80) == (7, uuid.RFC_4122, now_ms)


@given(st.integers(0, 2**48 - 2), st.integers(0, 2**74 - 1), st.integers(0, 2**48 - 2))
def test_the_next_id_is_above_the_last_one_whatever_the_clock_says(then_ms: int, random: int, now_ms: int) -> None:
    after = ids._text((then_ms << 74) | random)
    following = ids.next_uuid7(after, now_ms)
    made = uuid.UUID(following)
    assert following > after
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_a_burst_within_one_millisecond_rises_by_one() -> None:
    made = [ids.uuid7(5)]
    for _ in range(1_000):
        made.append(ids.next_uuid7(made[-1], 0))
    assert made == sorted(set(made))


def test_the_carry_crosses_variant_and_version() -> None:
    assert ids.next_uuid7("00000000-0001-7000-bfff-ffffffffffff", 0) == "00000000-0001-7001-8000-000000000000"
    assert ids.next_uuid7("00000000-0001-7fff-bfff-ffffffffffff", 0) == "00000000-0002-7000-8000-000000000000"


@pytest.mark.parametrize("text", ["", "x", 7, None, "{00000000-0000-4000-8000-000000000000}", "0" * 32])
def test_what_is_no_uuid_is_told(text: object) -> None:
    assert not ids.is_uuid(text)


def test_either_case_is_a_uuid_and_lower_case_is_kept() -> None:
    upper = "0000000A-0000-4000-8000-00000000000F"
    assert ids.is_uuid(upper)
    assert ids.normalise(upper) == upper.lower()


@given(st.integers(-(10**15), 10**16))
def test_a_time_survives_both_of_its_forms(us: int) -> None:
    assert clock.parse_rfc3339(clock.rfc3339(us)) == us
    assert clock.from_timestamp(clock.to_timestamp(us)) == us


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        clock.parse_rfc3339("2026-01-01T00:00:00")
