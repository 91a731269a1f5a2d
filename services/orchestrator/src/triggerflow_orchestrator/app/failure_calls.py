"""Tell whoever `settings.onFailure` names that a run failed: at least once, whatever dies in between.

The row that asks for it is written with the end of the run. Any number of replicas tell beside each other: a call is
claimed for a while, so that one whose replica died is claimed again. A flow is started once for each failed run, since
its start is named after it; a URL may be called again, with the same idempotency key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

import orjson
import structlog
from triggerflow_adapter_sdk import HandlerError, is_retryable, retry_after
from triggerflow_chassis.bus import EXECUTION_NOTICES, Bus
from triggerflow_chassis.errors import ServiceError, Unavailable

from triggerflow_orchestrator.app.commands import FireKey, StartCommand
from triggerflow_orchestrator.app.start import StartExecution
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.failure_call import STARTED_BY_FAILURE, FailureCall, wait_before_next
from triggerflow_orchestrator.domain.lease import RequestTaken
from triggerflow_orchestrator.ports import Reads

log = structlog.get_logger(__name__)

_CLAIM_SECONDS: Final = 30.0
_CALL_SECONDS: Final = 20.0
_AT_ONCE: Final = 20
_IDLE_SECONDS: Final = 5.0
"""What another process wrote, this one comes by after so long."""


class FailureCallStore(Protocol):
    """Calls that are to be made. Raises Unavailable."""

    async def claim(self, limit: int, seconds: float) -> list[FailureCall]:
        """Up to `limit` whose time has come; nobody else is given them for so long."""

    async def later(self, call: FailureCall, seconds: float, error: str) -> None:
        """It failed; try again in a while."""

    async def done(self, call: FailureCall, error: str | None) -> None:
        """It was made, or is given up with an error."""

    async def started_by_failure(self, execution_id: str) -> bool:
        """Whether this run was started because another one failed."""

    async def next_in(self) -> float | None:
        """Seconds until the next one's time comes; None where there is none."""


class Post(Protocol):
    """The guarded HTTP client."""

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, *, seconds: float) -> None:
        """Send, and return once it was taken. Raises HandlerError: HttpStatus for 400 and above, and what else stood
        in the way."""


Render = Callable[[ExecutionRecord], Mapping[str, Any]]
"""The execution as GET /executions/{id} shows it."""


class FailureCalls:
    """`run` once, until cancelled."""

    def __init__(
        self, store: FailureCallStore, reads: Reads, start: StartExecution, post: Post, render: Render, bus: Bus
    ) -> None:
        self._store = store
        self._reads = reads
        self._start = start
        self._post = post
        self._render = render
        self._bus = bus
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Make calls. What stands in the way is waited for."""
        unsubscribe = self._bus.subscribe(EXECUTION_NOTICES, None, self._hear)
        try:
            while True:
                self._wake.clear()
                wait = _IDLE_SECONDS
                try:
                    wait = await self._round()
                except Unavailable as error:
                    log.warning("failure_calls_wait_for_database", error=error.detail)
                except Exception:
                    # A defect must not end it for good: nobody else in this process makes them.
                    log.exception("failure_calls_not_made")
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
        finally:
            unsubscribe()

    def _hear(self, items: Sequence[Any]) -> None:
        if any(item["type"] == "execution.failed" for item in items):
            self._wake.set()

    async def _round(self) -> float:
        """Make those whose time has come; seconds until there may be more."""
        while calls := await self._store.claim(_AT_ONCE, _CLAIM_SECONDS):
            await asyncio.gather(*(self._make(call) for call in calls))
        soonest = await self._store.next_in()
        return _IDLE_SECONDS if soonest is None else min(_IDLE_SECONDS, max(0.05, soonest))

    async def _make(self, call: FailureCall) -> None:
        named = {"execution_id": call.execution_id, "kind": call.kind, "target": call.target}
        try:
            record = await self._reads.execution(call.project_id, call.execution_id)
            if record is None or await self._store.started_by_failure(call.execution_id):
                # Forgotten meanwhile; or itself such a call, which would go on for ever.
                log.info("failure_call_left_out", **named)
                await self._store.done(call, "left out")
                return
            if call.kind == "flow":
                await self._start_flow(call, record)
            else:
                await self._call_url(call, record)
        except (ServiceError, HandlerError) as error:
            await self._failed(call, error, named)
        else:
            log.info("failure_told", **named)
            await self._store.done(call, None)

    async def _failed(self, call: FailureCall, error: ServiceError | HandlerError, named: Mapping[str, Any]) -> None:
        said = f"{type(error).__name__}: {error}"[:1_000]
        again = is_retryable(error) if isinstance(error, HandlerError) else isinstance(error, Unavailable)
        wait = wait_before_next(call.attempt + 1, retry_after(error)) if again else None
        if wait is None:
            log.error("failure_call_given_up", error=said, tries=call.attempt + 1, **named)
            await self._store.done(call, said)
        else:
            log.warning("failure_call_waits", error=said, seconds=wait, **named)
            await self._store.later(call, wait, said)

    async def _start_flow(self, call: FailureCall, record: ExecutionRecord) -> None:
        command = StartCommand(
            project_id=call.project_id,
            principal=call.principal,
            flow_id=call.target,
            blueprint_version=None,
            inputs={"execution": self._render(record)},
            context={},
            options={},
            trigger_node_id=None,
            wait_seconds=0,
            request=None,
            fire=FireKey(call.target, STARTED_BY_FAILURE, call.execution_id),
        )
        with suppress(RequestTaken):  # started before, and who did it died before it could say so
            await self._start(command)

    async def _call_url(self, call: FailureCall, record: ExecutionRecord) -> None:
        body = orjson.dumps({"execution": self._render(record)})
        headers = {"Content-Type": "application/json", "Idempotency-Key": call.execution_id}
        await self._post(call.target, headers, body, seconds=_CALL_SECONDS)
