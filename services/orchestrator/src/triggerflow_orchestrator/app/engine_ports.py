"""What the engine needs of the outside: somewhere durable to write, and something that runs nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from triggerflow_orchestrator.app.units import Unit
from triggerflow_orchestrator.domain.plan import Plan
from triggerflow_orchestrator.domain.value import Value

Perform = Callable[[int], Awaitable[None]]


class Journal(Protocol):
    """The one writer. Units of one run become durable in the order submitted, each whole or not at all."""

    def submit(self, unit: Unit) -> None:
        """Queue a unit; its `done` is called on the loop. Never blocks, never raises."""


class Hold(Protocol):
    """Whether this process surely still has its runs. Local mode needs none."""

    @property
    def sure(self) -> bool:
        """At this moment."""

    async def until_sure(self) -> None:
        """Return once it is. A run dropped meanwhile cancels who waits for its sake."""


class Keep(Protocol):
    """Keeps large results before they are taken. Local mode needs none: its journal writes them."""

    async def __call__(
        self, execution_id: str, lit: Mapping[str, Value], tell: Callable[[str, str], None]
    ) -> Mapping[int, str]:
        """The reference of each value that was kept, by the `id` of its text. `tell` is given level and words for
        the run's events where it takes long. Raises nothing."""


class ProgramRun(Protocol):
    """One live run of a program."""

    def emit(self, node_number: int, activation: int) -> None:
        """Perform an activation of that node soon. Call from a clean context, never from inside an operator."""

    def close(self) -> None:
        """Forget the run."""


class Program(Protocol):
    """A plan made executable, for any number of runs."""

    def open(self) -> ProgramRun:
        """Begin a run."""


class NodeRuntime(Protocol):
    """Makes plans executable."""

    @property
    def loaded(self) -> asyncio.Event:
        """Set once programs can be made."""

    def compile(self, plan: Plan, perform: Perform) -> Program:
        """A program whose nodes call `perform` with the number given to `emit`."""
