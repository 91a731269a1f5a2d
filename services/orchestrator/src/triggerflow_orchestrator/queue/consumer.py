"""Be kicked: a Celery worker (`-P threads`) in a thread of this process, started again whatever ends it.

It decides nothing: a kick's ids go to the callback. While the gate is shut Celery asks Redis for no further message, so
what waits there is there for other workers.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import MethodType
from typing import Any, ClassVar, Final

import structlog
from celery import bootsteps
from celery.app.trace import setup_worker_optimizations
from celery.worker import WorkController, state
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown
from kombu.asynchronous import set_event_loop

from triggerflow_orchestrator.queue.celery_app import add_kick_task, make_app

log = structlog.get_logger(__name__)

Kicked = Callable[[Sequence[str]], None]

THREADS: Final = 2

_RESTART_SECONDS: Final = 1.0
# Whole seconds: in between Celery sees that it is to stop.
_RECONNECT_SECONDS: Final = 1


class Gate:
    """Whether messages are taken. Opened and shut from any thread; opening wakes Celery's loop, which may sleep."""

    def __init__(self) -> None:
        self._open = True
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    @property
    def is_open(self) -> bool:
        """Whether messages are taken."""
        return self._open

    def open(self) -> None:
        """Take messages."""
        if not self._open:
            self._open = True
            self.wake()

    def shut(self) -> None:
        """Take no more; one that is asked for already may still come."""
        self._open = False

    def wake(self) -> None:
        """Let Celery's loop look around."""
        with suppress(BlockingIOError):  # it has enough to wake from
            os.write(self._write, b"\0")

    def fileno(self) -> int:
        """What Celery's loop listens to."""
        return self._read

    def drain(self) -> None:
        """Forget who woke it."""
        with suppress(BlockingIOError):
            os.read(self._read, 4096)


class GateStep(bootsteps.StartStopStep):
    """Puts the gate in front of Celery's consumer, anew with each connection."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    gate: ClassVar[Gate]

    def start(self, parent: Any) -> None:
        qos = parent.task_consumer.channel.qos
        can_consume, gate = qos.can_consume, self.gate

        def gated(_: Any) -> bool:
            return gate.is_open and can_consume()

        # As Celery does it itself for `worker_disable_prefetch`.
        qos.can_consume = MethodType(gated, qos)

    def register_with_event_loop(self, _parent: Any, hub: Any) -> None:
        hub.add_reader(self.gate.fileno(), self.gate.drain)


class _Consumer(Consumer):
    """Celery's, that looks for a Redis that is away every second.

    Celery itself looks after 2, 4, 6 s and so on, up to half a minute. Each worker is at another place in that when
    Redis is back, and until the last one looks, the others are kicked for everything.
    """

    def ensure_connected(self, conn: Any) -> Any:
        """Return it once it is connected."""

        def failed(error: Exception, seconds: float) -> None:
            log.warning("kicks_not_heard", error=str(error), retry_seconds=seconds)

        connected = conn.ensure_connection(
            failed, interval_start=_RECONNECT_SECONDS, interval_step=0, callback=maybe_shutdown
        )
        self.first_connection_attempt = False
        return connected


class _Controller(WorkController):
    """Celery's worker without its command line, signals and logging."""

    def on_before_init(self, **_: Any) -> None:
        setup_worker_optimizations(self.app)


class KickConsumer:
    """Calls `kicked` with the ids of each message, on a thread of Celery's. One a process: Celery keeps globals."""

    def __init__(self, redis_url: str, kicked: Kicked, *, name: str) -> None:
        self._redis_url = redis_url
        self._kicked = kicked
        self._name = name
        self.gate = Gate()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="celery", daemon=True)

    def start(self) -> None:
        """Begin to take kicks."""
        state.should_stop = None
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether Celery still does anything."""
        return self._thread.is_alive()

    def stop(self, seconds: float) -> None:
        """Take no more, and wait at most that long for Celery to end."""
        self._stopping.set()
        self.gate.shut()
        state.should_stop = os.EX_OK  # type: ignore[assignment]  # as its own signal handler does
        self.gate.wake()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._serve()
            except Exception:
                log.exception("celery_failed")
            if not self._stopping.wait(_RESTART_SECONDS):
                log.warning("celery_starts_again")

    def _serve(self) -> None:
        # Celery would go on with the loop of the controller before, and with its connections.
        set_event_loop(None)
        app = make_app(self._redis_url)
        add_kick_task(app, self._body)
        app.steps["consumer"].add(type("Gated", (GateStep,), {"gate": self.gate}))
        controller = _Controller(
            app=app,
            hostname=f"{self._name}@triggerflow",
            pool_cls="threads",
            consumer_cls=_Consumer,
            concurrency=THREADS,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        if not self._stopping.is_set():
            controller.start()

    def _body(self, execution_ids: Sequence[str]) -> None:
        # What comes while the process stops is left to reapers.
        if not self._stopping.is_set():
            self._kicked(execution_ids)
