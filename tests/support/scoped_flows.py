"""A loop and a for-each whose steps visit a server outside (`visited_server`), and what must hold of them after a
crash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from drawing import Drawing
from visited_server import Visit

CONCURRENCY = 8


def rounds(count: int) -> dict[str, Any]:
    """start → a loop of that many iterations, each with one visit → result, `{"n": count}` from `{"n": 0}`."""
    drawing = Drawing("rounds")
    drawing.trigger()
    drawing.node("action", "head", "core:map", config={"expression": "input"})
    drawing.node("action", "round", "sample_handlers.visit", config={"name": "round"})
    drawing.node(
        "action", "next", "core:map", inputs=["n", "seen"], config={"expression": '{"n": n.n + 1, "by": seen.name}'}
    )
    drawing.node("output", "result")
    drawing.wire("start", "head")
    drawing.wire("head", "round")
    drawing.wire("head", "next", into="n")
    drawing.wire("round", "next", into="seen")
    drawing.wire("next", "head")
    drawing.edges[-1]["loop"] = {"maxIterations": count + 1, "while": f"input.n < {count}"}
    drawing.wire("next", "result")
    return drawing.body()


def item() -> dict[str, Any]:
    """What a for-each runs: one visit, and the item doubled."""
    drawing = Drawing("item")
    drawing.trigger("in")
    drawing.node("action", "seen", "sample_handlers.visit", config={"name": "item"})
    drawing.node("action", "double", "core:map", config={"expression": "input.item * 2"})
    for output in ("visited", "doubled"):
        drawing.node("output", output)
    drawing.wire("in", "seen")
    drawing.wire("in", "double")
    drawing.wire("seen", "visited")
    drawing.wire("double", "doubled")
    return drawing.body()


def for_each(flow_id: str, concurrency: int = CONCURRENCY) -> dict[str, Any]:
    """start → a for-each of that flow over `items` → result."""
    drawing = Drawing("for each")
    drawing.trigger("start", outputs=["items"])
    config = {"flowId": flow_id, "mode": "forEach", "concurrency": concurrency}
    drawing.node("subflow", "each", "core:subflow", inputs=["items"], config=config)
    drawing.node("output", "result")
    drawing.wire("start", "each", port="items", into="items")
    drawing.wire("each", "result")
    return drawing.body()


def expect_once(visits: Sequence[Visit], count: int, events: Sequence[Mapping[str, Any]]) -> set[str]:
    """Each of `count` activations visited once, or twice under the same key where a crash made it run again; each
    has one end. Which ones ran again."""
    again = {
        event["payload"]["data"]["activationId"]
        for event in events
        if event["type"] == "runtime.output" and event["payload"]["data"].get("recovered")
    }
    by_activation = Counter(visit.activation_id for visit in visits)
    assert len(by_activation) == count, (len(by_activation), count)
    assert all(visit.key == visit.activation_id for visit in visits)
    twice = {activation for activation, times in by_activation.items() if times > 1}
    assert twice <= again, "a finished node ran again"
    ids = [event["id"] for event in events]
    assert ids == sorted(set(ids))
    starts = [event["id"] for event in events if event["type"] == "chunk.started"]
    ends = [event for event in events if event["type"] in ("chunk.completed", "chunk.failed")]
    assert len(starts) == len(ends)
    scoped = {
        event["payload"]["data"]["eventId"]: (event["payload"]["data"]["nodeId"], event["payload"]["data"]["scope"])
        for event in events
        if event["type"] == "runtime.output" and event["payload"]["data"]["kind"] == "detail"
    }
    places = Counter(scoped.get(end["id"], (end["payload"]["nodeId"], "")) for end in ends)
    assert set(places.values()) == {1}, [place for place, times in places.items() if times > 1][:3]
    return again
