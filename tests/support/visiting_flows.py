"""Flows whose nodes visit a server outside (`visited_server`)."""

from __future__ import annotations

from typing import Any

from drawing import Drawing


def chain(*names: str, **handler: Any) -> dict[str, Any]:
    """start → a node of each name that visits → result."""
    drawing = Drawing("chain")
    drawing.trigger()
    last = "start"
    for name in names:
        drawing.node("action", name, "sample_handlers.visit", config={"name": name}, **handler)
        drawing.wire(last, name)
        last = name
    drawing.node("output", "result")
    drawing.wire(last, "result")
    return drawing.body()


def fan(width: int) -> dict[str, Any]:
    """start → first → `width` nodes beside each other → a join → result."""
    drawing = Drawing("fan")
    drawing.trigger()
    drawing.node("action", "first", "sample_handlers.visit", config={"name": "first"})
    drawing.wire("start", "first")
    drawing.node("action", "join", "sample_handlers.pass_on", inputs=[f"p{index}" for index in range(width)])
    for index in range(width):
        name = f"arm-{index}"
        drawing.node("action", name, "sample_handlers.visit", config={"name": name})
        drawing.wire("first", name)
        drawing.wire(name, "join", into=f"p{index}")
    drawing.node("output", "result")
    drawing.wire("join", "result")
    return drawing.body()
