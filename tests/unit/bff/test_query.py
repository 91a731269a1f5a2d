"""Query parameters: what is bad is named, what is unknown is ignored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triggerflow_bff.query import Query, cursor
from triggerflow_chassis.errors import BadCursor, BadParameter


def test_an_absent_parameter_has_its_default() -> None:
    query = Query.parse(b"")
    assert (query.page_size, query.page_token, query.text("q"), query.id("flowId")) == (50, "", None, None)
    assert query.cursor("after") == ""
    assert query.time("from") is None
    assert query.texts("label") == []


@given(st.text(max_size=20))
def test_a_number_is_read_whole_or_refused(text: str) -> None:
    query = Query((("n", text),))
    try:
        number = query.integer("n", default=1, most=250)
    except BadParameter as refused:
        assert refused.parameter == "n"
    else:
        assert text.isascii()
        assert number == int(text)
        assert 1 <= number <= 250


@given(st.binary(max_size=60))
def test_no_query_string_breaks_the_reader(raw: bytes) -> None:
    query = Query.parse(raw)
    for name, _ in query.pairs:
        try:
            query.text(name)
        except BadParameter as refused:
            assert refused.detail


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01t00:00:01z", 1_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T01:00:00 01:00", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
    ],
)
def test_a_time_is_rfc_3339_even_with_a_plus_that_became_a_space(text: str, microseconds: int) -> None:
    assert Query((("from", text),)).time("from") == microseconds


@pytest.mark.parametrize(
    "text", ["", "now", "1970-01-01", "19700101T000000Z", "1970-W01-1T00:00:00Z", "1970-01-01T00:00Z"]
)
def test_other_forms_of_a_time_are_refused(text: str) -> None:
    with pytest.raises(BadParameter):
        Query((("from", text),)).time("from")


def test_a_cursor_is_a_uuid_in_either_case() -> None:
    assert cursor("00000000-0000-7000-8000-0000000000AA") == "00000000-0000-7000-8000-0000000000aa"
    with pytest.raises(BadCursor):
        cursor("42")
