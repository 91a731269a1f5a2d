"""Page sizes, and tokens that only their own list takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triggerflow_chassis.errors import BadCursor, BadParameter
from triggerflow_registry.app.paging import page, page_size, place_of


def test_a_page_has_fifty_items_where_nothing_is_said() -> None:
    assert [page_size(asked) for asked in (0, 1, 250)] == [50, 1, 250]


@pytest.mark.parametrize("asked", [-1, 251, 2**31 - 1])
def test_a_page_of_another_size_is_refused(asked: int) -> None:
    with pytest.raises(BadParameter) as refused:
        page_size(asked)
    assert refused.value.parameter == "page_size"


def test_a_token_leads_on_from_the_last_item() -> None:
    first = page([5, 4, 3], 2, "numbers", lambda number: [number])
    assert first.items == (5, 4)
    assert place_of(first.next_token, "numbers", (int,)) == [4]


def test_the_last_page_has_no_token() -> None:
    assert page([5, 4], 2, "numbers", lambda number: [number]).next_token == ""
    assert place_of("", "numbers", (int,)) is None


@pytest.mark.parametrize("other", [("letters", (int,)), ("numbers", (str,)), ("numbers", (int, int))])
def test_a_token_of_another_list_is_refused(other: tuple[str, tuple[type, ...]]) -> None:
    token = page([5, 4, 3], 2, "numbers", lambda number: [number]).next_token
    with pytest.raises(BadCursor):
        place_of(token, *other)


@given(st.text(min_size=1) | st.binary(min_size=1).map(lambda raw: raw.hex()))
def test_text_that_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        place_of(text, "numbers", (int,))


@pytest.mark.parametrize("number", [-1, 2**63, True])
def test_a_place_no_store_can_hold_is_refused(number: int) -> None:
    token = page([number, 0], 1, "numbers", lambda each: [each]).next_token
    with pytest.raises(BadCursor):
        place_of(token, "numbers", (int,))
