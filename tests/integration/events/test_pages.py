"""Pages of events: CONTRACT section 1, "Lists"."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from drawing import Drawing
from problem_answer import refused

Page = Callable[..., httpx.Response]
FIRST, LAST = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"


@pytest.fixture
def ran(run: Callable[..., Any], chain: Callable[..., Drawing]) -> Any:
    return run(chain())


def test_a_page_at_a_time_gives_all_once(page: Page, ran: Any) -> None:
    seen, cursor = [], None
    while True:
        found = page(ran.execution["id"], limit=3, **({"after": cursor} if cursor else {})).json()
        assert set(found) == {"items", "next"} and len(found["items"]) <= 3
        cursor = found["next"]
        assert uuid.UUID(cursor)
        if not found["items"]:
            break
        assert cursor == found["items"][-1]["id"]
        seen += found["items"]
    assert seen == ran.events and cursor == ran.events[-1]["id"]


def test_a_cursor_is_compared_not_looked_up(page: Page, ran: Any, cursors_of_nobody: Any) -> None:
    run_id, events = ran.execution["id"], ran.events
    assert page(run_id, after=FIRST).json()["items"] == events
    assert page(run_id, after=LAST).json() == {"items": [], "next": LAST}
    for place in (0, 2, len(events) - 1):
        assert page(run_id, after=events[place]["id"]).json()["items"] == events[place + 1 :]
        assert page(run_id, after=events[place]["id"].upper()).json()["items"] == events[place + 1 :]
    gaps = cursors_of_nobody(events)
    assert gaps
    for place, cursor in gaps:
        assert page(run_id, after=cursor).json()["items"] == events[place + 1 :]


@pytest.mark.parametrize("limit", ["0", "5001", "-1", "x", "", "1.0"])
def test_a_bad_limit_is_refused(page: Page, ran: Any, limit: str) -> None:
    refused(page(ran.execution["id"], limit=limit), 400, "BAD_PARAMETER")


@pytest.mark.parametrize("cursor", ["x", "1", "0" * 32, "{" + FIRST + "}"])
def test_a_bad_cursor_is_refused(page: Page, ran: Any, cursor: str) -> None:
    refused(page(ran.execution["id"], after=cursor), 400, "BAD_CURSOR")


def test_what_is_given_twice_is_refused_and_what_is_unknown_ignored(page: Page, ran: Any) -> None:
    refused(page(ran.execution["id"], after=[FIRST, FIRST]), 400, None)
    refused(page(ran.execution["id"], limit=["1", "2"]), 400, "BAD_PARAMETER")
    assert page(ran.execution["id"], pageSize="x", unknown=["1", "2"]).json()["items"] == ran.events


def test_an_unknown_run_has_no_events(page: Page, client: httpx.Client) -> None:
    for run_id in (str(uuid.uuid4()), "nope"):
        for accept in ("application/json", "text/event-stream"):
            answer = client.get(f"/executions/{run_id}/events?after=x", headers={"Accept": accept})
            refused(answer, 404, "NOT_FOUND")


def test_an_id_may_be_in_upper_case(page: Page, ran: Any) -> None:
    assert page(ran.execution["id"].upper()).json()["items"] == ran.events


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/*", "application/json, text/plain", None])
def test_json_is_what_most_get(client: httpx.Client, ran: Any, accept: str | None) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = client.get(f"/executions/{ran.execution['id']}/events", headers=headers)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/json")
    assert answer.json()["items"] == ran.events


def test_5000_events_fit_a_page(run: Callable[..., Any], chain: Callable[..., Drawing], page: Page) -> None:
    ran = run(chain("many_lines", config={"lines": 5_200, "size": 10}), seconds=30)
    first = page(ran.execution["id"], limit=5000).json()
    assert len(first["items"]) == 5_000
    rest = page(ran.execution["id"], limit=5000, after=first["next"]).json()
    assert len(rest["items"]) == 5_200 + 8 - 5_000
    assert len(page(ran.execution["id"]).json()["items"]) == 500
    messages = [e["payload"]["message"][:6] for e in first["items"] + rest["items"] if e["type"] == "log"]
    assert messages == [f"{number:06d}" for number in range(5_200)]
