"""Hand activations to TriggerFlow a few at a time, so that thousands that get ready in one moment do not hold the loop.

Each is a task with some steps of its own before its node is called. Pure ones, which do no more than take the loop's
time, follow the turns they have: while these are used up they wait here, where they cost next to nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from triggerflow_orchestrator.app import attempt as attempts
from triggerflow_orchestrator.app.activation import Activation
from triggerflow_orchestrator.app.live_run import LiveRun
from triggerflow_orchestrator.app.turns import Turns

AT_ONCE: Final = 64
"""A turn of the loop."""
PURE_AT_ONCE: Final = 4

Emit = Callable[[LiveRun, Activation], None]


class Emitting:
    """First come, first served, among pure ones and among the others. For one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, emit: Emit) -> None:
        self._loop = loop
        self._emit = emit
        self.turns = Turns(loop, self._pump)
        self._pure: deque[tuple[LiveRun, Activation]] = deque()
        self._others: deque[tuple[LiveRun, Activation]] = deque()
        self._room = AT_ONCE
        self._pure_room = PURE_AT_ONCE
        self._armed = False

    def soon(self, live: LiveRun, activation: Activation, *, pure: bool) -> None:
        """Emit it, now or in one of the next turns of the loop. Call from a clean context."""
        (self._pure if pure else self._others).append((live, activation))
        self._pump()

    def _pump(self) -> None:
        while self._others and self._room:
            self._room -= 1
            self._emit(*self._others.popleft())
        while self._pure and self._pure_room and self.turns.free:
            self._pure_room -= 1
            self._emit(*self._pure.popleft())
        waits = self._others or (self._pure and not self.turns.full)
        used = self._room < AT_ONCE or self._pure_room < PURE_AT_ONCE
        if (waits or used) and not self._armed:
            self._armed = True
            self._loop.call_soon(self._next, context=attempts.clean_context())

    def _next(self) -> None:
        self._armed = False
        self._room, self._pure_room = AT_ONCE, PURE_AT_ONCE
        if self._pure or self._others:
            self._pump()
