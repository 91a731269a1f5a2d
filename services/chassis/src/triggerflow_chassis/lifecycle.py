"""Start and stop a process: what it waits for, and what runs beside it until then."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import structlog

from triggerflow_chassis.errors import ServiceError

# Whoever stops a process gives it five seconds from the signal to the end.
STOP_SECONDS = 4.0
_FIRST_REST_SECONDS = 1.0
_LONGEST_REST_SECONDS = 30.0

log = structlog.get_logger("triggerflow.lifecycle")


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that the first SIGINT or SIGTERM sets. A second one ends the process as if nobody listened."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop(number: signal.Signals) -> None:
        log.info("stop_requested", signal=number.name)
        stopped.set()
        # Whoever asks twice does not want to wait.
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop, each)
    try:
        yield stopped
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)


def run_until_stopped(serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run on uvloop what serves until the event is set, which a signal does. Past STOP_SECONDS the process ends anyway.

    Raises what `serve` raises.
    """
    import uvloop

    async def stopping_in_time() -> None:
        with stop_signals() as stopped:
            clock = asyncio.create_task(stopped.wait(), name="stop")
            clock.add_done_callback(lambda done: None if done.cancelled() else _end_in_time())
            try:
                await serve(stopped)
            finally:
                clock.cancel()

    # Not uvloop.run, which ends by waiting for threads: an import that still goes on takes seconds.
    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(stopping_in_time())
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _end_in_time() -> None:
    # Nothing that will not end, such as a thread that waits for another program's lock, may hold up the end.
    timer = threading.Timer(STOP_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()


@asynccontextmanager
async def open_task(name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[asyncio.Task[None]]:
    """One task for one job, cancelled and awaited at the end of the block. Its failure is logged when it happens."""
    task = asyncio.create_task(run(), name=name)
    task.add_done_callback(_note_failure)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


async def again_and_again(
    failed: str, step: Callable[[], Coroutine[Any, Any, float]], *, longest_rest: float = _LONGEST_REST_SECONDS
) -> None:
    """A job for as long as the process lives: `step` does a piece of it and says how many seconds to rest until the
    next. Until cancelled.

    It survives whatever `step` raises. What a service does not give now (a ServiceError) is a warning `failed` with its
    words; a defect is an error with its traceback, told once as long as it stays the same. After either it rests for a
    second, doubled each time, `longest_rest` seconds at most.
    """
    rest, told = min(_FIRST_REST_SECONDS, longest_rest), ""
    while True:
        try:
            pause = await step()
        except ServiceError as error:
            log.warning(failed, error=error.detail, seconds=rest)
            told = ""
        except Exception as error:
            # It must not end for good: nobody else does the job.
            if told != (told := repr(error)):
                log.exception(failed, seconds=rest)
        else:
            rest, told = min(_FIRST_REST_SECONDS, longest_rest), ""
            await asyncio.sleep(pause)
            continue
        await asyncio.sleep(rest)
        rest = min(rest * 2, longest_rest)


def _note_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task_failed", task=task.get_name(), exc_info=error)
