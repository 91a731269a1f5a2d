"""The flows that are killed while they run (`kill_scenarios`). Every effect is a visit of the server outside."""

from __future__ import annotations

from typing import Any

from drawing import Drawing

_BY_VALUE = "sample_handlers.visit_by_value"


def loop(rounds: int) -> dict[str, Any]:
    """start → a loop of that many rounds, each with the visit `round-<n>` → result, the number of rounds from
    `{"n": 0}`."""
    drawing = Drawing("killed in a loop")
    drawing.trigger()
    drawing.node("action", "head", "core:map", config={"expression": "input"})
    drawing.node("action", "round", _BY_VALUE, config={"name": "round", "of": "n"})
    drawing.node("action", "next", "core:map", config={"expression": '{"n": input + 1}'})
    drawing.node("output", "result")
    drawing.wire("start", "head")
    drawing.wire("head", "round")
    drawing.wire("round", "next")
    drawing.wire("next", "head")
    drawing.edges[-1]["loop"] = {"maxIterations": rounds + 1, "while": f"input.n < {rounds}"}
    drawing.wire("next", "result")
    return drawing.body()


def item() -> dict[str, Any]:
    """What a for-each runs: the visit `item-<n>`, and gives n."""
    drawing = Drawing("item")
    drawing.trigger("in")
    drawing.node("action", "seen", _BY_VALUE, config={"name": "item", "of": "item"})
    drawing.node("output", "n")
    drawing.wire("in", "seen")
    drawing.wire("seen", "n")
    return drawing.body()


def around(entrypoint: str, port: str = "out", **config: Any) -> dict[str, Any]:
    """start → visits as `before` → a wait → visits as `after` → result."""
    drawing = Drawing(f"killed at {entrypoint}")
    drawing.trigger()
    outputs = ["approved", "rejected", "timeout"] if port != "out" else None
    drawing.node("action", "before", "sample_handlers.visit", config={"name": "before"})
    drawing.node("action", "wait", entrypoint, outputs=outputs, config=config)
    drawing.node("action", "after", "sample_handlers.visit", config={"name": "after"})
    drawing.node("output", "result")
    drawing.wire("start", "before")
    drawing.wire("before", "wait")
    drawing.wire("wait", "after", port)
    drawing.wire("after", "result")
    return drawing.body()


def back_off(seconds: float) -> dict[str, Any]:
    """start → visits as `before` → visits as `flaky`, fails the first time and is tried again then → result."""
    drawing = Drawing("killed in a back-off")
    drawing.trigger()
    drawing.node("action", "before", "sample_handlers.visit", config={"name": "before"})
    retries = {"maxAttempts": 2, "backoffSeconds": seconds}
    drawing.node("action", "flaky", "sample_handlers.visit_and_fail_once", config={"name": "flaky"}, retries=retries)
    drawing.node("output", "result")
    drawing.wire("start", "before")
    drawing.wire("before", "flaky")
    drawing.wire("flaky", "result")
    return drawing.body()
