"""Run several executions again, each by itself: one that is refused stops no other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from triggerflow_chassis.errors import ServiceError
from triggerflow_chassis.ids import normalise

from triggerflow_orchestrator.app.commands import RequestKey, RetryCommand
from triggerflow_orchestrator.app.idempotency import Idempotency, Replayed
from triggerflow_orchestrator.app.retry import RetryExecution
from triggerflow_orchestrator.domain.execution import ExecutionRecord

KeyOf = Callable[[str, str], RequestKey]
"""The key of one execution, under a request id."""


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of one: exactly one of `retried_as` and `refusal` is there."""

    execution_id: str
    retried_as: str | None
    refusal: ServiceError | None


class RetryMany:
    """Each under a request id of its own, so that a call that broke off half-way goes on where it was."""

    def __init__(self, retry: RetryExecution, idempotency: Idempotency, id_of: Callable[[bytes], str]) -> None:
        """`id_of` reads the new execution's id from a stored answer."""
        self._retry = retry
        self._idempotency = idempotency
        self._id_of = id_of

    async def __call__(
        self,
        project_id: str,
        principal: str,
        execution_ids: Sequence[str],
        start: str,
        blueprint_version: str | None,
        request_id: str,
        key_of: KeyOf,
    ) -> list[Retried]:
        """In the order asked. Raises nothing of its own."""
        found = []
        for given in execution_ids:
            execution_id = normalise(given)
            key = key_of(execution_id, _part(request_id, execution_id)) if request_id else None
            command = RetryCommand(project_id, principal, execution_id, start, blueprint_version, None, key)
            found.append(await self._one(command))
        return found

    async def _one(self, command: RetryCommand) -> Retried:
        async def perform() -> ExecutionRecord:
            return await self._retry(command)

        try:
            answer = await self._idempotency.once(command.request, perform)
        except ServiceError as refusal:
            return Retried(command.execution_id, None, refusal)
        made = self._id_of(answer.response) if isinstance(answer, Replayed) else answer.id
        return Retried(command.execution_id, made, None)


def _part(request_id: str, execution_id: str) -> str:
    return hashlib.sha256(f"{request_id}/{execution_id}".encode()).hexdigest()
