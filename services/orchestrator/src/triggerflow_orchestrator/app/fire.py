"""Fire a trigger: start a run of its version, once for each (trigger, request id), whoever asks, however often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from triggerflow_orchestrator.app.commands import FireKey, StartCommand
from triggerflow_orchestrator.app.start import StartExecution
from triggerflow_orchestrator.app.trigger_ports import Fires
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.lease import RequestTaken
from triggerflow_orchestrator.domain.trigger import Trigger

PRINCIPAL: Final = "trigger"
"""Who started a run that nobody asked for by name."""


@dataclass(frozen=True, slots=True)
class FiredRun:
    """The run of a request id, durable."""

    execution_id: str
    record: ExecutionRecord | None
    """As it was accepted, where this call started it."""

    @property
    def first(self) -> bool:
        """Whether this call started it."""
        return self.record is not None


class Fire:
    """`fire(trigger, inputs, request_id)`."""

    def __init__(self, start: StartExecution, fires: Fires) -> None:
        self._start = start
        self._fires = fires

    async def __call__(
        self,
        trigger: Trigger,
        inputs: Mapping[str, Any],
        request_id: str,
        *,
        context: Mapping[str, Any] | None = None,
    ) -> FiredRun:
        """Start a run of the trigger's version with this trigger alone; `out` carries all of `inputs`, another
        declared port `k` carries `inputs[k]`.

        The first call with a request id decides the inputs; later ones are given its run. Whether the trigger is
        paused, the caller asks. Raises Invalid (inputs, or the flow is gone), NoSuchTrigger, Unavailable.
        """
        known = await self._fires.execution_of(trigger.flow_id, trigger.node_id, request_id)
        if known is not None:
            return FiredRun(known, None)
        command = StartCommand(
            project_id=trigger.project_id,
            principal=PRINCIPAL,
            flow_id=trigger.flow_id,
            blueprint_version=trigger.version,
            inputs=inputs,
            context=context or {},
            options={},
            trigger_node_id=trigger.node_id,
            wait_seconds=0,
            request=None,
            fire=FireKey(trigger.flow_id, trigger.node_id, request_id),
        )
        try:
            record = await self._start(command)
        except RequestTaken:
            known = await self._fires.execution_of(trigger.flow_id, trigger.node_id, request_id)
            if known is None:
                raise
            return FiredRun(known, None)
        return FiredRun(record.id, record)
