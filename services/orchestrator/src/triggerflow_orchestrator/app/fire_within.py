"""Fire a trigger within its limits: at once where it has none, else through what came to it (`app.dispatch`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from triggerflow_chassis.errors import Invalid, TooMany, Unavailable, Violation

from triggerflow_orchestrator.app.dispatch import Dispatch
from triggerflow_orchestrator.app.fire import Fire, FiredRun
from triggerflow_orchestrator.domain.admission import limits_of
from triggerflow_orchestrator.domain.trigger import Trigger


@dataclass(frozen=True, slots=True)
class Waits:
    """It is durable, and its run starts once the limits let it through."""

    reason: str


class FireWithin:
    """`fire(trigger, inputs, request_id)`, once for each request id."""

    def __init__(self, fire: Fire, dispatch: Dispatch) -> None:
        self._fire = fire
        self._dispatch = dispatch

    async def __call__(self, trigger: Trigger, inputs: Mapping[str, Any], request_id: str) -> FiredRun | Waits:
        """The run, or that it waits. Raises TooMany where the limits drop it, saying why, and what `Fire` raises."""
        if not limits_of(trigger.config, trigger.most_of_flow).any:
            return await self._fire(trigger, inputs, request_id)
        if "$value" in inputs:
            # Told now: where it waits nobody is there to be told.
            raise Invalid([Violation("/inputs/$value", "This name is kept for references. Choose another one.")])
        firing = await self._dispatch.offer(trigger, inputs, request_id)
        if firing.execution_id is not None:
            return FiredRun(firing.execution_id, None)
        if firing.status == "held":
            return Waits(firing.reason or "its limits let it wait")
        if firing.status == "ready":
            raise Unavailable("The run is about to start. Ask again.")
        raise TooMany(f"The trigger's limits let no run start. {firing.reason or ''}".rstrip())
