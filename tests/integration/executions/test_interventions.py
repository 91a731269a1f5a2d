"""Context added to an execution that goes on: docs/contract.md section 1, "Interventions"."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from drawing import Drawing
from running_product import wait_for


@pytest.fixture
def looking(client: httpx.Client, start: Callable[..., str], tmp_path: Path) -> tuple[Drawing, str, Path]:
    """An execution whose node waits for a file and then gives what was added; the file."""
    gate = tmp_path / "gate"
    drawing = Drawing("looks")
    drawing.trigger()
    drawing.node("action", "node", "stream_handlers.looks_at_context", config={"gate": str(gate)})
    drawing.node("output", "saw")
    drawing.wire("start", "node")
    drawing.wire("node", "saw")
    execution_id = start(drawing)

    def running() -> Any:
        return client.get(f"/executions/{execution_id}").json()["status"] == "running"

    wait_for(running, what="the start")
    return drawing, execution_id, gate


def test_handlers_see_it_and_the_log_tells_of_it(
    client: httpx.Client, finish: Callable[..., Any], looking: tuple[Drawing, str, Path]
) -> None:
    drawing, execution_id, gate = looking
    path = f"/executions/{execution_id}/interventions"
    added = []
    for value in ({"hint": "look left"}, "and right", None):
        answer = client.post(path, json={"value": value})
        assert answer.status_code == 202, answer.text
        added.append(answer.json())
        assert (added[-1]["value"], added[-1]["executionId"]) == (value, execution_id)
    assert client.get(path).json() == {"items": added, "nextPageToken": None}
    gate.touch()
    ran = finish(drawing, execution_id)
    saw = ran.execution["outputs"]["saw"]
    assert saw == [{key: each[key] for key in ("id", "value", "by", "at")} for each in added]
    lines = [event["payload"]["message"] for event in ran.events if event["type"] == "log"]
    by = added[0]["by"]
    assert lines == [f"context added by {by}: {text}" for text in ('{"hint":"look left"}', '"and right"', "null")]
    # Once it has ended there is nobody to see it.
    late = client.post(path, json={"value": 1})
    assert (late.status_code, late.json()["reason"]) == (409, "ALREADY_ENDED")
    assert client.get(path).json()["items"] == added


def test_a_request_that_is_repeated_adds_once(client: httpx.Client, looking: tuple[Drawing, str, Path]) -> None:
    _, execution_id, gate = looking
    path = f"/executions/{execution_id}/interventions"
    named = {"Idempotency-Key": str(uuid.uuid4())}
    first = client.post(path, json={"value": 1}, headers=named)
    again = client.post(path, json={"value": 1}, headers=named)
    assert (again.status_code, again.json()) == (202, first.json())
    other = client.post(path, json={"value": 2}, headers=named)
    assert (other.status_code, other.json()["reason"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(client.get(path).json()["items"]) == 1
    gate.touch()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/value"),
        ({"value": 1, "to": 2}, "/to"),
        ({"value": "x" * 65_536}, "/value"),
        ({"value": {"$value": 1}}, "/value"),
    ],
)
def test_what_cannot_be_added_is_refused(
    client: httpx.Client, looking: tuple[Drawing, str, Path], body: Any, pointer: str
) -> None:
    _, execution_id, gate = looking
    answer = client.post(f"/executions/{execution_id}/interventions", json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    gate.touch()


def test_there_is_none_of_an_unknown_execution(client: httpx.Client) -> None:
    path = f"/executions/{uuid.uuid4()}/interventions"
    assert client.get(path).status_code == 404
    assert client.post(path, json={"value": 1}).status_code == 404
