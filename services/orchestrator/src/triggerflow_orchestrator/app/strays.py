"""Count handlers that go on although they were cancelled: their run has ended or made another attempt without them.

What they still give is discarded. They cost a task each, for as long as they run; an operator sees how many there are,
and the log names each once.
"""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any, Final

import structlog

from triggerflow_orchestrator.app.activation import Activation

log = structlog.get_logger(__name__)

GRACE_SECONDS: Final = 2.0
"""Cleaning up takes a moment, and is no ignoring."""


class Strays:
    """Those on the loop. Threads are counted by the SDK, which has them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._going_on: set[asyncio.Task[Any]] = set()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._going_on)

    def watch(self, task: asyncio.Task[Any], activation: Activation) -> None:
        """The task was cancelled now."""
        named = {"execution_id": activation.run.id, "node_id": activation.node.id, "activation_id": activation.id}
        self._loop.call_later(GRACE_SECONDS, self._look, task, named, context=contextvars.Context())

    def _look(self, task: asyncio.Task[Any], named: dict[str, str]) -> None:
        if task.done():
            return
        self._going_on.add(task)
        log.warning("handler_ignores_cancel", on="loop", **named)

        def ended(_: object) -> None:
            self._going_on.discard(task)
            log.info("handler_ended_late", on="loop", **named)

        task.add_done_callback(ended)
