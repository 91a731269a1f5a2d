"""Page sizes, page tokens, and pages that a message can carry."""

from __future__ import annotations

import base64

import pytest
from triggerflow_chassis.errors import BadCursor, BadParameter
from triggerflow_orchestrator.app import paging
from triggerflow_orchestrator.ports import Position

ID = "01900000-0000-7000-8000-0000000000ab"


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_a_token_leads_back_to_its_position() -> None:
    last = Position(1_700_000_000_000_001, ID)
    assert paging.position("executions", paging.token("executions", last)) == last


def test_no_token_is_no_position() -> None:
    assert paging.position("executions", "") is None


@pytest.mark.parametrize(
    "token",
    [
        "garbage",
        "é",
        "%%%",
        "=",
        "A",
        _encoded("7"),
        _encoded("[]"),
        _encoded('["executions"]'),
        _encoded(f'["executions",1.5,"{ID}"]'),
        _encoded(f'["executions",true,"{ID}"]'),
        _encoded(f'["executions",-1,"{ID}"]'),
        _encoded(f'["executions",9223372036854775808,"{ID}"]'),
        _encoded('["executions",1,"no id"]'),
        _encoded(f'["executions", 1, "{ID}"]'),
        _encoded(f'["executions",1,"{ID}",2]'),
        paging.token("activations of x", Position(1, ID)),
        paging.token("executions", Position(1, ID)) + "=",
        paging.token("executions", Position(1, ID))[:-1],
        " " + paging.token("executions", Position(1, ID)),
    ],
)
def test_what_this_server_did_not_make_is_a_bad_cursor(token: str) -> None:
    with pytest.raises(BadCursor):
        paging.position("executions", token)


def test_page_sizes_have_a_default_and_bounds() -> None:
    assert [paging.page_size(asked) for asked in (0, 1, 250)] == [50, 1, 250]
    for asked in (-1, 251, 2**31 - 1):
        with pytest.raises(BadParameter) as caught:
            paging.page_size(asked)
        assert caught.value.parameter == "page_size"


def test_a_page_holds_what_fits_but_never_nothing() -> None:
    assert paging.fitting([3, 3, 3], int, room=6) == 2
    assert paging.fitting([9, 1], int, room=6) == 1
    assert paging.fitting([1, 2], int, room=6) == 2
    assert paging.fitting([], int, room=6) == 0


def test_length_is_counted_in_bytes() -> None:
    assert [paging.utf8_length(text) for text in ("abc", "é", "😀", "")] == [3, 2, 4, 0]
