"""The blueprints that the bench runs."""

from __future__ import annotations

from typing import Any

from drawing import Drawing


def chain(name: str, length: int, entrypoint: str, **handler: Any) -> dict[str, Any]:
    """trigger (port n) → `length` nodes in a row. `handler` goes beside the entrypoint."""
    drawing = Drawing(name)
    drawing.trigger(outputs=["n"])
    last, out = "start", "n"
    for index in range(length):
        step = f"step {index + 1}"
        drawing.node("action", step, entrypoint, **handler)
        drawing.wire(last, step, out)
        last, out = step, "out"
    return drawing.body()


def fan(name: str, width: int, entrypoint: str, join: str) -> dict[str, Any]:
    """trigger → one node → `width` parallel nodes → a join."""
    drawing = Drawing(name)
    drawing.trigger(outputs=["n"])
    drawing.node("action", "first", entrypoint)
    drawing.wire("start", "first", "n")
    drawing.node("action", "join", join, inputs=[f"p{index}" for index in range(width)])
    for index in range(width):
        parallel = f"parallel {index + 1}"
        drawing.node("action", parallel, entrypoint)
        drawing.wire("first", parallel)
        drawing.wire(parallel, "join", into=f"p{index}")
    return drawing.body()
