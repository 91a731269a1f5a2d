"""Threads for sync handlers: our own, so that a handler that hangs starves nobody and holds no shutdown.

`ThreadPoolExecutor` joins its threads when the interpreter ends, so one hanging handler would keep the process. These
are daemons. A call whose awaiter went away (time limit, cancel) keeps its thread until it returns, and another thread
may take its place.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from triggerflow_adapter_sdk.errors import HandlerError

LIMIT = 64
GRACE_SECONDS = 2.0
"""Cleaning up takes a moment, and is no ignoring."""

_log = logging.getLogger("triggerflow.handler_threads")


class _Call:
    __slots__ = ("arguments", "context", "function", "future", "given_up", "loop", "started")

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[tuple[Any, BaseException | None]] = self.loop.create_future()
        self.context = contextvars.copy_context()
        self.function = function
        self.arguments = arguments
        self.started = False
        self.given_up = False


def _tell_of_stray(call: _Call) -> None:
    # Still at work for nobody: one that was only late has given its thread back by now.
    if call.started:
        ctx: Any = call.arguments[1] if len(call.arguments) > 1 else None
        fields = {name: getattr(ctx, name, "") for name in ("execution_id", "node_id", "activation_id")}
        _log.warning("handler_ignores_cancel", extra={"on": "thread", **fields})


class HandlerThreads:
    """At most `limit` threads at work, not counting abandoned ones."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        # Threads that count against the limit; those of them that wait for a call; calls that wait for a thread.
        self._threads = 0
        self._idle = 0
        self._waiting = 0
        self._made = 0
        self._strays = 0

    @property
    def strays(self) -> int:
        """Threads at work for calls nobody waits for any more: handlers that ignore `ctx.cancelled`."""
        return self._strays

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call the function in a thread, in a copy of this context. Raises what it raises."""
        call = _Call(function, arguments)
        with self._lock:
            self._waiting += 1
            self._calls.put(call)
            self._start_if_needed()
        try:
            result, raised = await call.future
        except asyncio.CancelledError:
            self._give_up(call)
            raise
        if isinstance(raised, StopIteration):
            # A coroutine cannot raise it: Python would make a RuntimeError of it.
            raise HandlerError(str(raised), type=type(raised).__name__, retryable=True) from raised
        if raised is not None:
            try:
                raise raised
            finally:
                raised = None  # no cycle through the exception's own frame
        return result

    def _start_if_needed(self) -> None:
        if self._waiting > self._idle and self._threads < self._limit:
            self._threads += 1
            self._idle += 1
            self._made += 1
            threading.Thread(target=self._work, name=f"handler-{self._made}", daemon=True).start()

    def _give_up(self, call: _Call) -> None:
        with self._lock:
            call.given_up = True
            if call.started:
                # The thread is lost to others until the handler returns: a new one may take its place.
                self._threads -= 1
                self._strays += 1
                self._start_if_needed()
                call.loop.call_later(GRACE_SECONDS, _tell_of_stray, call)

    def _work(self) -> None:
        while True:
            call = self._calls.get()
            if call is None:
                return
            with self._lock:
                self._idle -= 1
                self._waiting -= 1
                call.started = not call.given_up
            if call.started:
                outcome = self._outcome(call)
                with self._lock:
                    if call.given_up:
                        self._strays -= 1
                        if self._threads >= self._limit:
                            return
                        self._threads += 1
                    call.started = False
                    self._idle += 1
                self._tell(call, outcome)
                del outcome
            else:
                with self._lock:
                    self._idle += 1
            # A thread at rest must not keep the last call's inputs alive.
            del call

    @staticmethod
    def _outcome(call: _Call) -> tuple[Any, BaseException | None]:
        try:
            return call.context.run(call.function, *call.arguments), None
        except BaseException as raised:
            # SystemExit and StopIteration too: a future refuses the one, a loop dies of the other.
            return None, raised

    @staticmethod
    def _tell(call: _Call, outcome: tuple[Any, BaseException | None]) -> None:
        def settle() -> None:
            if not call.future.done():
                call.future.set_result(outcome)

        try:
            call.loop.call_soon_threadsafe(settle)
        except RuntimeError:  # the loop has closed meanwhile
            return

    def close(self) -> None:
        """Let idle threads end. Threads at work end with their handler, or with the process."""
        with self._lock:
            idle, self._idle = self._idle, 0
            self._threads -= idle
        for _ in range(idle):
            self._calls.put(None)
