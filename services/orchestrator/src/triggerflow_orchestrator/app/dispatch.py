"""Start what came to triggers: decide what limits let through, start what is ready, once, whoever does it.

Any number of replicas run one beside each other. A firing is claimed for a while and started by `app.fire`, which is
unique by (trigger, request id); so one whose replica died in between is taken again and finds its run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

import orjson
import structlog
from triggerflow_adapter_sdk.expressions import cel_key
from triggerflow_chassis.bus import EXECUTION_NOTICES, Bus
from triggerflow_chassis.errors import AlreadyEnded, NotFound, ServiceError, Unavailable

from triggerflow_orchestrator.app.commands import RequestKey
from triggerflow_orchestrator.app.fire import PRINCIPAL, FiredRun
from triggerflow_orchestrator.app.firing_ports import Firings, Offer
from triggerflow_orchestrator.app.trigger_ports import TriggerBook
from triggerflow_orchestrator.domain.admission import limits_of
from triggerflow_orchestrator.domain.firing import OPEN, Firing
from triggerflow_orchestrator.domain.trigger import Trigger

log = structlog.get_logger(__name__)

_CLAIM_SECONDS: Final = 30.0
_AT_ONCE: Final = 50
_GATHER_SECONDS: Final = 0.05
_IDLE_SECONDS: Final = 5.0
"""What another replica wrote, this one comes by after so long."""
_RETRY_SECONDS: Final = 1.0
_BEHIND_SECONDS: Final = 0.2
_CONFLICTS: Final = 3


class FireTrigger(Protocol):
    """`app.fire.Fire`."""

    def __call__(self, trigger: Trigger, inputs: Mapping[str, Any], request_id: str) -> Awaitable[FiredRun]: ...


class CancelRun(Protocol):
    """`app.cancel.CancelExecution`."""

    def __call__(
        self, project_id: str, execution_id: str, principal: str, request: RequestKey | None
    ) -> Awaitable[object]: ...


class Dispatch:
    """`run` once, until cancelled. `offer` is for whoever brings something to a trigger."""

    def __init__(self, firings: Firings, book: TriggerBook, fire: FireTrigger, cancel: CancelRun, bus: Bus) -> None:
        self._firings = firings
        self._book = book
        self._fire = fire
        self._cancel = cancel
        self._bus = bus
        self._wake = asyncio.Event()
        self._ended: set[str] = set()
        """Flows of which a run ended since they were looked at."""

    async def offer(
        self,
        trigger: Trigger,
        inputs: Mapping[str, Any],
        request_id: str,
        *,
        due_at: int | None = None,
        durable: bool = True,
    ) -> Firing:
        """Bring something to a trigger, once for each request id: as it stands after its limits decided and, where
        they let it through, its run is durable. Raises Unavailable: it may or may not be there; offer it again."""
        limits = limits_of(trigger.config, trigger.most_of_flow)
        key = "" if limits.key is None else await cel_key(limits.key, inputs)
        offer = Offer(trigger, request_id, orjson.dumps(inputs).decode(), key, due_at)
        (firing,) = await self._firings.offer([offer], durable=durable)
        if firing.status == "held":
            await self._firings.admit(trigger.flow_id, trigger.node_id, limits)
        if firing.status in OPEN:
            await self._start_ready()
            firing = await self._settled(firing)
        return firing

    def wake(self) -> None:
        """There is something new to start."""
        self._wake.set()

    async def run(self) -> None:
        """Dispatch. What stands in the way is waited for."""
        unsubscribe = self._bus.subscribe(EXECUTION_NOTICES, None, self._hear)
        try:
            while True:
                self._wake.clear()
                wait = _RETRY_SECONDS
                try:
                    wait = await self._round()
                except Unavailable as error:
                    log.warning("firings_wait_for_database", error=error.detail)
                except Exception:
                    # A defect must not end it for good: nobody else in this process starts them.
                    log.exception("firings_not_dispatched")
                try:
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            unsubscribe()

    async def _round(self) -> float:
        """Do what there is; seconds until there may be more."""
        ended, self._ended = self._ended, set()
        waiting = set(await self._firings.undecided(_AT_ONCE))
        for flow_id in ended:
            waiting.update(await self._firings.held_of(flow_id))
        for project_id, flow_id, node_id in sorted(waiting):
            await self._admit(project_id, flow_id, node_id)
        while await self._start_ready():
            pass
        soonest = await self._firings.next_in()
        return _IDLE_SECONDS if soonest is None else min(_IDLE_SECONDS, max(0.01, soonest))

    async def _admit(self, project_id: str, flow_id: str, node_id: str) -> None:
        trigger = await self._book.trigger(project_id, flow_id, node_id)
        # Of a trigger that is gone all pass here, and are dropped where they would start.
        limits = limits_of({} if trigger is None else trigger.config, None if trigger is None else trigger.most_of_flow)
        await self._firings.admit(flow_id, node_id, limits)

    async def _start_ready(self) -> int:
        claimed = await self._firings.claim(_AT_ONCE, _CLAIM_SECONDS)
        by_trigger: dict[tuple[str, str], list[Firing]] = {}
        for firing in claimed:
            by_trigger.setdefault((firing.flow_id, firing.node_id), []).append(firing)
        await asyncio.gather(*(self._start_in_order(some) for some in by_trigger.values()))
        return len(claimed)

    async def _start_in_order(self, some: Sequence[Firing]) -> None:
        for firing in some:
            try:
                await self._start(firing)
            except Unavailable as error:
                log.warning("firing_waits", firing_id=firing.id, error=error.detail)
                await self._firings.later(firing.id, _RETRY_SECONDS)
            except ServiceError as error:
                # The inputs are refused, or the version is gone: later would be no better.
                await self._firings.dropped(firing.id, f"{error.reason}: {error.detail}"[:1_000])

    async def _start(self, firing: Firing) -> None:
        if not firing.node_id:
            # A place whose owner is gone.
            await self._firings.release(firing.id)
            return
        trigger = await self._book.trigger(firing.project_id, firing.flow_id, firing.node_id)
        if trigger is None:
            await self._firings.dropped(firing.id, "The trigger is gone: no active version has it.")
            return
        for each in firing.cancels:
            if not await self._end(each):
                await self._firings.later(firing.id, _BEHIND_SECONDS)
                return
        run = await self._fire(trigger, orjson.loads(firing.inputs_json), firing.request_id)
        await self._firings.started(firing, run.execution_id)

    async def _end(self, firing_id: str) -> bool:
        """End the run of a firing. False where it is about to begin: ask again."""
        other = await self._firings.firing(firing_id)
        if other is None or other.status in ("dropped", "missed"):
            return True
        if other.execution_id is None:
            return False
        with suppress(AlreadyEnded, NotFound):
            await self._cancel(other.project_id, other.execution_id, PRINCIPAL, None)
        return True

    async def _settled(self, firing: Firing) -> Firing:
        """As it is now; one that another replica is starting this moment is waited for a little."""
        for attempt in range(_CONFLICTS):
            now = await self._firings.firing(firing.id)
            if now is None or now.status != "ready" or attempt == _CONFLICTS - 1:
                return now or firing
            await asyncio.sleep(_BEHIND_SECONDS)
        return firing

    def _hear(self, items: Sequence[Any]) -> None:
        ended = {item["flowId"] for item in items if item["type"] in ("execution.completed", "execution.failed")}
        if ended:
            if not self._ended:
                # Together with those that end meanwhile: under load each round would be for one run.
                asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._wake.set)
            self._ended |= ended
