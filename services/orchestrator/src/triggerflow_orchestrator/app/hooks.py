"""Answer what comes to /hooks/{path} for published flows: calls of webhooks, and what forms and chats send."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from triggerflow_chassis.errors import (
    BadParameter,
    Invalid,
    NoSuchTrigger,
    NotFound,
    NoVersion,
    TooMany,
)

from triggerflow_orchestrator.app.fire_within import FireWithin, Waits
from triggerflow_orchestrator.app.firing_ports import Firings
from triggerflow_orchestrator.app.hook_ports import HookStore
from triggerflow_orchestrator.app.trigger_ports import Fires, TriggerBook
from triggerflow_orchestrator.app.waiters import EndWaiters
from triggerflow_orchestrator.domain import hook_signature
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.firing import OPEN
from triggerflow_orchestrator.domain.hook_call import HookCall, inputs_of
from triggerflow_orchestrator.domain.trigger import HOOK_KINDS, Trigger, is_hook_path
from triggerflow_orchestrator.ports import Reads

log = structlog.get_logger(__name__)

WEBHOOK: Final = frozenset({"core:webhook"})
PAGES: Final = HOOK_KINDS - WEBHOOK

_SUBMISSION: Final = re.compile(r"[A-Za-z0-9_-]{22,100}", re.ASCII)

EnvSecret = Callable[[str, str], str]
"""`(name, prefix)` → the text of an environment variable. Raises where it may not be read or is not set."""


@dataclass(frozen=True, slots=True)
class Called:
    """The run of a call, and whether its trigger answers with its end."""

    record: ExecutionRecord | None
    """None: it is durable, and its limits let it wait."""
    sync: bool


class SecretOf:
    """Finds what a webhook's callers sign with."""

    def __init__(self, store: HookStore, env_secret: EnvSecret) -> None:
        self._store = store
        self._env_secret = env_secret

    async def __call__(self, flow_id: str, node_id: str, config: Mapping[str, Any]) -> str:
        """The secret; empty where there is none, which no signature fits."""
        named = config.get("secret")
        if named is None:
            return await self._store.secret(flow_id, node_id) or ""
        try:
            return self._env_secret(named["$env"], named.get("prefix", ""))
        except Exception as error:
            # Told here and not to callers: what they may know is that they may not call.
            log.warning("hook_secret_refused", flow_id=flow_id, node_id=node_id, error=str(error))
            return ""


class Hooks:
    """All by path; a path that no active version has does not exist."""

    def __init__(
        self,
        book: TriggerBook,
        abreast: Callable[[], Awaitable[None]],
        fire: FireWithin,
        fires: Fires,
        firings: Firings,
        reads: Reads,
        waiters: EndWaiters,
        secret_of: SecretOf,
        now_us: Callable[[], int],
    ) -> None:
        self._book = book
        self._abreast = abreast
        self._fire = fire
        self._fires = fires
        self._firings = firings
        self._reads = reads
        self._waiters = waiters
        self._secret_of = secret_of
        self._now_us = now_us

    async def call(self, project_id: str, path: str, call: HookCall, wait_seconds: float) -> Called:
        """Start the run of a signed call; a signature that was seen is answered with its run.

        Raises NotFound, Unauthenticated, UnsupportedMediaType, BadJson, Invalid, BadParameter, in this order; TooMany
        where the trigger's limits drop it.
        """
        trigger = await self._find(project_id, path, WEBHOOK)
        secret = await self._secret_of(trigger.flow_id, trigger.node_id, trigger.config)
        signature = hook_signature.verified(
            call.header(hook_signature.HEADER), call.body, secret, self._now_us() // 1_000_000
        )
        sync = trigger.config.get("answer", "async") == "sync"
        record = await self._run(trigger, inputs_of(call), f"signature:{signature}", wait_seconds if sync else 0)
        return Called(None if isinstance(record, Waits) else record, sync)

    async def page(self, project_id: str, path: str) -> Trigger:
        """The trigger at a path, whatever its kind. Raises NotFound."""
        return await self._find(project_id, path, HOOK_KINDS)

    async def submit(
        self, project_id: str, path: str, inputs: Mapping[str, Any], submission_id: str
    ) -> ExecutionRecord | Waits:
        """Start the run of a form or of a message of a chat; sent again it is the same run. Raises NotFound,
        BadParameter, Invalid with pointers under /inputs, TooMany where the trigger's limits drop it."""
        trigger = await self._find(project_id, path, PAGES)
        if not _SUBMISSION.fullmatch(submission_id):
            raise BadParameter("submission_id", "A submission id has 22 to 100 letters, digits, - and _.")
        return await self._run(trigger, inputs, f"submission:{submission_id}", 0)

    async def submission(
        self, project_id: str, path: str, submission_id: str, wait_seconds: float
    ) -> ExecutionRecord | Waits:
        """The run of what was sent, at its end or after so long. Raises NotFound, TooMany where limits dropped it."""
        trigger = await self._find(project_id, path, PAGES)
        known = None
        if _SUBMISSION.fullmatch(submission_id):
            request = (trigger.flow_id, trigger.node_id, f"submission:{submission_id}")
            known = await self._fires.execution_of(*request)
            firing = await self._firings.of_request(*request) if known is None else None
            if firing is not None and firing.status in OPEN:
                return Waits(firing.reason or "its limits let it wait")
            if firing is not None and firing.execution_id is None:
                raise TooMany("The trigger's limits let no run start.")
        record = await self._reads.execution(project_id, known) if known is not None else None
        if record is None:
            raise NotFound("submission", "", "Nothing was sent under this name.")
        return await self._waiters.wait(record, wait_seconds, fresh=False)

    async def _run(
        self, trigger: Trigger, inputs: Mapping[str, Any], request_id: str, wait_seconds: float
    ) -> ExecutionRecord | Waits:
        try:
            fired = await self._fire(trigger, inputs, request_id)
        except (NoSuchTrigger, NoVersion):
            raise _nothing_at(trigger.key) from None
        except Invalid as error:
            if any(violation.pointer == "/flowId" for violation in error.violations):
                # Deleted since the book was read.
                raise _nothing_at(trigger.key) from None
            raise
        if isinstance(fired, Waits):
            return fired
        record = fired.record
        if record is None:
            record = await self._reads.execution(trigger.project_id, fired.execution_id)
        if record is None:
            raise _nothing_at(trigger.key)
        return await self._waiters.wait(record, wait_seconds, fresh=fired.record is not None)

    async def _find(self, project_id: str, path: str, kinds: Collection[str]) -> Trigger:
        if not is_hook_path(path):
            raise _nothing_at(path)
        await self._abreast()
        found = await self._book.found_by(project_id, HOOK_KINDS, path)
        # Who had the path first has it, whatever kind was asked for.
        if not found or found[0].kind not in kinds or found[0].paused:
            raise _nothing_at(path)
        return found[0]


def _nothing_at(path: str) -> NotFound:
    return NotFound("hook", path[:100], "No published flow answers at this path.")
