"""If-Match and If-None-Match, read as RFC 9110 has them."""

from __future__ import annotations

import pytest
from triggerflow_bff.preconditions import check, entity_tag, not_modified, tags
from triggerflow_chassis.errors import PreconditionRequired, StaleEtag


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, ()),
        ("", ()),
        ("  ", ()),
        ("*", ("*",)),
        (' "abc" ', ("abc",)),
        ("abc", ("abc",)),
        ('"a", "b"', ("a", "b")),
        ('"a,b","c"', ("a,b", "c")),
        ('W/"a"', ("W/a",)),
        ('"*"', ("*",)),
    ],
)
def test_tags_lose_their_quotes_and_nothing_else(header: str | None, expected: tuple[str, ...]) -> None:
    assert tags(header) == expected


def test_a_tag_is_quoted_once() -> None:
    assert entity_tag("abc") == entity_tag('"abc"') == '"abc"'


def test_a_write_passes_by_the_current_tag_or_any_and_never_by_a_weak_one() -> None:
    check(("*",), "abc")
    check(("x", "abc"), "abc")
    with pytest.raises(PreconditionRequired):
        check((), "abc")
    for stale in (("x",), ("W/abc",)):
        with pytest.raises(StaleEtag) as refused:
            check(stale, "abc")
        assert refused.value.current_etag == "abc"


def test_a_read_compares_weakly() -> None:
    assert not_modified('W/"abc"', "abc")
    assert not_modified("*", "abc")
    assert not not_modified('"ab"', "abc")
    assert not not_modified("", "abc")
