"""`ctx.metric`: docs/contract.md section 3, "Metrics"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from drawing import Drawing

L = "stream_handlers."


def test_metrics_are_events_and_add_up_over_attempts(run: Callable[..., Any], client: httpx.Client) -> None:
    drawing = Drawing("metrics")
    drawing.trigger()
    for name in ("one", "two"):
        retries = {"maxAttempts": 2, "backoffSeconds": 0}
        drawing.node("action", name, f"{L}measures", retries=retries)
        drawing.wire("start", name)
    ran = run(drawing)
    told = [event["payload"] for event in ran.events if event["type"] == "metric"]
    assert told.count({"name": "tokens", "value": 120, "unit": "tokens"}) == 4
    assert told.count({"name": "cost", "value": 0.25, "unit": "USD"}) == 4
    assert told.count({"name": "retries", "value": 1}) == 2
    # Each is followed by the output that tells whose it is.
    one = ran.activation("one")
    places = [place for place, event in enumerate(ran.events) if event["type"] == "metric"]
    details = [ran.events[place + 1]["payload"]["data"] for place in places]
    assert [detail["eventId"] for detail in details] == [ran.events[place]["id"] for place in places]
    attempts = [detail["attempt"] for detail in details if detail["activationId"] == one["id"]]
    assert attempts == [1, 1, 2, 2, 2, 2]
    assert one["metrics"].pop("seconds")["total"] >= 0
    assert one["metrics"] == {
        "cost": {"total": 0.5, "count": 2, "unit": "USD"},
        "retries": {"total": 1, "count": 1, "unit": None},
        "tokens": {"total": 240, "count": 2, "unit": "tokens"},
    }
    whole = client.get(f"/executions/{ran.execution['id']}").json()["metrics"]
    assert (whole["tokens"]["total"], whole["cost"]["total"]) == (480, 1)


def test_where_no_handler_measures_there_are_no_metrics(run: Callable[..., Any]) -> None:
    drawing = Drawing("no metrics")
    drawing.trigger()
    drawing.node("action", "node", "sample_handlers.pass_on")
    drawing.wire("start", "node")
    ran = run(drawing)
    assert "metrics" not in ran.execution
    assert "metrics" not in ran.activation("node")


def test_what_is_no_metric_is_refused_in_the_handler(try_node: Callable[..., Any]) -> None:
    told = try_node(f"{L}measures_badly").value
    assert all(line.startswith("ctx.metric: ") for line in told), told
    assert [line.split()[1] for line in told] == [
        "name",
        "name",
        "value",
        "value",
        "value",
        "value",
        "value",
        "unit",
        "unit",
    ]
