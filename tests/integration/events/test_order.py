"""Which events a run has, and in which order. CONTRACT section 2."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from drawing import Drawing
from running_product import wait_for

L = "lab_handlers."


def test_every_event_has_its_form(run: Callable[..., Any], chain: Callable[..., Drawing]) -> None:
    ran = run(chain())
    for event in ran.events:
        assert set(event) == {"id", "executionId", "type", "timestamp", "payload"}
        assert event["executionId"] == ran.execution["id"]
        moment = datetime.fromisoformat(event["timestamp"])
        assert moment.utcoffset() is not None and abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert ran.events[0]["type"] == "execution.started" and ran.events[0]["payload"]["status"] == "running"
    assert ran.events[-1]["payload"]["status"] == "succeeded"
    stamps = [event["timestamp"] for event in ran.events]
    assert stamps == sorted(stamps)


def test_of_all_that_ran_there_is_one_start_and_one_end(run: Callable[..., Any]) -> None:
    drawing = Drawing("everything")
    drawing.trigger()
    drawing.trigger("other")
    drawing.node("condition", "if", "core:condition", config={"expression": "input.n > 1"})
    drawing.node("action", "yes", "core:map", config={"expression": "input.n"})
    drawing.node("action", "no", "core:map", config={"expression": "input.n"})
    drawing.node("action", "after no", "core:map", config={"expression": "1"})
    drawing.node("action", "bad", "sample_handlers.fail")
    for name in ("result", "handled", "never"):
        drawing.node("output", name)
    drawing.wire("start", "if")
    drawing.wire("other", "bad")
    drawing.wire("if", "yes", "true")
    drawing.wire("if", "no", "false")
    drawing.wire("no", "after no")
    drawing.wire("after no", "never")
    drawing.wire("yes", "result")
    drawing.wire("bad", "handled", "error")
    ran = run(drawing, {"n": 5})
    for name in drawing.ids:
        lines = [line for line in ran.lines() if line.split(" ", 1)[-1] in (name, f"{name} 1")]
        if name in ("no", "after no", "never"):
            assert lines == [f"skip {name} 1"]
        else:
            end = "chunk.failed" if name == "bad" else "chunk.completed"
            assert lines == [f"chunk.started {name}", f"{end} {name}"]
    skip = next(event for event in ran.events if event["type"] == "runtime.output")
    data = skip["payload"]["data"]
    assert skip["payload"]["stream"] == "custom" and skip["payload"]["sequence"] == 0
    assert {"kind", "nodeId", "activationId", "scope", "attempt"} <= set(data)
    assert (data["kind"], data["scope"], data["attempt"]) == ("skip", "", 1)
    by_id = {each["id"]: each for each in ran.activations}
    assert by_id[data["activationId"]]["nodeId"] == data["nodeId"]
    assert ran.ends("if")[0]["result"] == {"true": {"n": 5}}
    assert ran.ends("bad")[0]["error"]["type"] == "ValueError" and "result" not in ran.ends("bad")[0]
    assert ran.ends("handled")[0]["result"]["type"] == "ValueError"


def test_the_first_try_at_the_root_has_no_detail(run: Callable[..., Any], chain: Callable[..., Drawing]) -> None:
    ran = run(chain())
    assert not [event for event in ran.events if event["type"] == "runtime.output"]


def test_the_trigger_that_did_not_fire_is_told_as_skipped(client: httpx.Client, run: Callable[..., Any]) -> None:
    drawing = Drawing("one of two")
    drawing.trigger("one")
    drawing.trigger("two")
    ran = run(drawing)
    body = {"flowId": ran.execution["flowId"], "inputs": {}, "executionOptions": {"async": False}}
    one = client.post(f"/executions?trigger={drawing.ids['one']}", json=body).json()
    items = client.get(f"/executions/{one['id']}/events", headers={"Accept": "application/json"}).json()["items"]
    skips = [event["payload"]["data"]["nodeId"] for event in items if event["type"] == "runtime.output"]
    assert skips == [drawing.ids["two"]]


def test_a_cancelled_run_starts_too(
    start: Callable[..., str], finish: Callable[..., Any], client: httpx.Client, chain: Callable[..., Drawing]
) -> None:
    for moment in ("before it runs", "while it does"):
        drawing = chain("steady", config={"lines": 2_000, "pause": 0.01})
        run_id = start(drawing)
        if moment == "while it does":
            path = f"/executions/{run_id}/events"
            wait_for(lambda path=path: "line 3" in client.get(path, headers={"Accept": "application/json"}).text)
        assert client.post(f"/executions/{run_id}/cancel").status_code == 202
        ran = finish(drawing, run_id, seconds=5)
        assert ran.execution["status"] == "cancelled"
        assert ran.events[0]["type"] == "execution.started"
        assert [event["type"] for event in ran.events].count("execution.failed") == 1
        assert ran.events[-1]["payload"]["message"].startswith("cancelled: ")
        ended = {each["nodeId"] for each in ran.activations if each["status"] != "skipped"}
        started = {e["payload"]["nodeId"] for e in ran.events if e["type"] == "chunk.started"}
        assert started == ended
        for name in drawing.ids:
            assert len(ran.ends(name)) == (1 if drawing.ids[name] in started else 0)
        assert drawing.ids["result"] not in ended


def test_of_two_failures_the_first_is_the_runs(run: Callable[..., Any]) -> None:
    drawing = Drawing("two failures")
    drawing.trigger()
    for name in ("one", "two"):
        drawing.node("action", name, "sample_handlers.fail", config={"message": name})
        drawing.wire("start", name)
    for _ in range(5):
        ran = run(drawing)
        failures = [e["payload"] for e in ran.events if e["type"] == "chunk.failed"]
        assert len(failures) == 2
        assert ran.execution["error"]["nodeId"] == failures[0]["nodeId"]
        assert ran.events[-1]["payload"]["message"] == f"ValueError: {failures[0]['error']['message']}"
        drawing = _copy(drawing)


def _copy(drawing: Drawing) -> Drawing:
    again = Drawing(drawing.name)
    again.nodes, again.edges, again.ids = drawing.nodes, drawing.edges, drawing.ids
    return again


def test_an_event_is_never_seen_before_it_is_durable(
    start: Callable[..., str], page: Callable[..., httpx.Response], client: httpx.Client, chain: Callable[..., Drawing]
) -> None:
    """What a page has shown, every later page shows in the same place."""
    run_id = start(chain("steady", config={"lines": 60, "pause": 0.005}))
    seen: list[str] = []
    while True:
        ended = client.get(f"/executions/{run_id}").json()["endedAt"]
        ids = [event["id"] for event in page(run_id, limit=5000).json()["items"]]
        assert ids[: len(seen)] == seen
        seen = ids
        if ended:
            break
    assert len(seen) == 60 + 8
