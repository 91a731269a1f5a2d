"""What a run is made of while it goes on: activations, and the steps they take. No rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from triggerflow_chassis.bus import BusEvent

from triggerflow_orchestrator.app.units import Unit
from triggerflow_orchestrator.domain.execution import Failure
from triggerflow_orchestrator.domain.intervention import Intervention
from triggerflow_orchestrator.domain.plan import PlanNode
from triggerflow_orchestrator.domain.scopes import Scope
from triggerflow_orchestrator.domain.seed import Taken


class OwnRun(Protocol):
    """What an activation, and so its handler, sees of its run."""

    @property
    def id(self) -> str:
        """The execution's."""

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """Context added so far, in order."""


@dataclass(slots=True, eq=False)
class Activation:
    """A node that runs, or waits for its next attempt."""

    run: OwnRun
    number: int
    id: str
    node: PlanNode
    inputs: Mapping[str, Any]
    started_at: int
    scope: Scope
    attempt: int = 1
    custom_count: int = 0
    printed: dict[str, int] | None = None
    """Rows of "stdout" and "stderr" so far."""
    handling: Failure | None = None
    """What its handler for errors is given, while that runs."""
    measured: bool = False
    """Its handler told a metric."""
    over: bool = False
    """Its outcome is decided; whatever its handler still gives is discarded."""
    taken: Taken | None = None
    """The result of the run before that it has, where it has one."""
    waits: bool = False
    """There is a wait of its id, which it has not taken up."""
    answered: bool = False
    """Its wait is settled."""
    due_at: int | None = None
    """When its next attempt is due, while it backs off."""
    rests: bool = False
    """It waits, backs off, or is a sub-flow whose children are activations of their own: nothing is to be done for it
    now."""

    def next_custom(self) -> int:
        """Sequence of its next custom output, from 0."""
        count = self.custom_count
        self.custom_count = count + 1
        return count

    def next_printed(self, stream: str) -> int:
        """Sequence of its next row of "stdout" or "stderr", from 0."""
        if self.printed is None:
            self.printed = {}
        count = self.printed.get(stream, 0)
        self.printed[stream] = count + 1
        return count


@dataclass(slots=True)
class Transition:
    """One step of a run: durable first, then published, then its activations start."""

    unit: Unit
    batch: list[BusEvent] = field(default_factory=list)
    ready: list[Activation] = field(default_factory=list)
    stopped: list[Activation] = field(default_factory=list)
    """Activations that ended here though they ran: what works for them must stop."""
    ended: bool = False
    rest: Callable[[], bool] | None = None
    """Where the step is too long for one turn of the loop: does the next part of it, and says whether more is left."""
    began_wait: bool = False
