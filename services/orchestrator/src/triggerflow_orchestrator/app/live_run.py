"""What a process holds for a run that it drives, beside the run's own state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from triggerflow_orchestrator.app.attempt import Context
from triggerflow_orchestrator.app.compiled import CompiledFlow
from triggerflow_orchestrator.app.engine_ports import ProgramRun
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.app.units import Unit

Fired = Mapping[int, Mapping[str, Any]]
"""Node index of each trigger that fired → the ports it lit."""

Extend = Callable[[Unit, Run], None]
"""Adds to a unit what is written with it."""

Told = Callable[[BaseException | None], None]
"""Called once a unit is durable, or with why it is not."""


class LiveRun:
    """A run with what this process holds for it beside its state."""

    __slots__ = (
        "admits",
        "compiled",
        "deadline",
        "fired",
        "numbers",
        "program_run",
        "project_id",
        "run",
        "tasks",
        "timers",
    )

    def __init__(self, run: Run, compiled: CompiledFlow, project_id: str, fired: Fired | None) -> None:
        self.run = run
        self.compiled = compiled
        self.project_id = project_id
        self.fired = fired
        """What begins it, while it is queued."""
        self.program_run: ProgramRun | None = None
        self.numbers: set[int] = set()
        self.tasks: dict[int, tuple[asyncio.Task[Any], Context]] = {}
        self.timers: dict[int, asyncio.TimerHandle] = {}
        self.admits = False
        """A step that begins items held back is on its way to the journal."""
        self.deadline: asyncio.TimerHandle | None = None
