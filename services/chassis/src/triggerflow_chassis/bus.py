"""Tell whoever listens what was committed. Published after commit only; a lost publish is repaired from the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

EXECUTION_EVENTS: Final = "execution-events"
EXECUTION_NOTICES: Final = "execution-notices"
FLOW_EVENTS: Final = "flow-events"

Callback = Callable[[Sequence[Any]], None]

log = structlog.get_logger("triggerflow.bus")


@dataclass(frozen=True, slots=True)
class BusEvent:
    """An item of `execution-events`, keyed by execution id. `body` is the event's JSON text."""

    id: str
    sequence: int
    body: str


class Bus(Protocol):
    """Broadcast within a deployment. Keeps nothing: who subscribes late reads the log for what came before.

    `execution-notices` (keyed by project id) carries the project's log, in its order: dicts `{id, type, timestamp,
    projectId, flowId, executionId?}`; `flow-events` (keyed by project id) the registry's log: dicts `{id, type,
    timestamp, projectId, flowId, deleted}`. `type` is the text of the contract (`execution.started`, `flow.updated`),
    `timestamp` microseconds.
    """

    def publish(self, topic: str, key: str, items: Sequence[Any]) -> None:
        """Hand the items, in order, to every subscriber of the key. Call on the event loop. Never blocks, never
        raises, costs nothing without subscribers."""
        ...

    def subscribe(self, topic: str, key: str | None, callback: Callback) -> Callable[[], None]:
        """Call back with each published batch from now on; no key means all keys of the topic. The callback runs on
        the loop and must only note what it got. Returns what unsubscribes; calling that again does nothing."""
        ...

    @property
    def healthy(self) -> bool:
        """Whether what others publish arrives now. Where not, read the log more often."""
        ...

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back on the loop whenever `healthy` changed, or something others published was missed, before anything
        that came after it: read the log then. Returns what ends that."""
        ...


class InProcessBus:
    """The bus of one process: callbacks, in the order of subscription. Nothing can come between."""

    healthy = True

    def __init__(self) -> None:
        self._callbacks: dict[tuple[str, str | None], list[Callback]] = {}

    def publish(self, topic: str, key: str, items: Sequence[Any]) -> None:
        if not items or not self._callbacks:
            return
        for subscribed in ((topic, key), (topic, None)):
            # A callback may unsubscribe itself, hence the copy.
            for callback in tuple(self._callbacks.get(subscribed, ())):
                try:
                    callback(items)
                except Exception as error:
                    # One listener's defect may not reach the publisher, who has committed, nor the other listeners.
                    log.error("bus_callback_failed", topic=topic, exc_info=error)

    def subscribe(self, topic: str, key: str | None, callback: Callback) -> Callable[[], None]:
        subscribed = (topic, key)
        self._callbacks.setdefault(subscribed, []).append(callback)
        active = True

        def unsubscribe() -> None:
            nonlocal active
            if not active:
                return
            active = False
            callbacks = self._callbacks[subscribed]
            callbacks.remove(callback)
            if not callbacks:
                del self._callbacks[subscribed]

        return unsubscribe

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        return _nothing


def _nothing() -> None:
    """It never changes."""
