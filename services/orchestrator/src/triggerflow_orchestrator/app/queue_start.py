"""Accept a run for whichever worker has room: durable as queued, then kicked. In the mesh, where accepting and running
are different processes."""

from __future__ import annotations

import itertools

from triggerflow_orchestrator.app.compiled import CompiledFlow
from triggerflow_orchestrator.app.engine_ports import Journal
from triggerflow_orchestrator.app.live_run import Extend, Fired, Told
from triggerflow_orchestrator.app.run import Run
from triggerflow_orchestrator.app.units import Unit
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.domain.lease import Queued
from triggerflow_orchestrator.domain.seed import Seed
from triggerflow_orchestrator.ports import Kicks


class QueueStart:
    """`app.start.Acceptor` that runs nothing."""

    def __init__(self, journal: Journal, kicks: Kicks) -> None:
        self._journal = journal
        self._kicks = kicks
        self._numbers = itertools.count(1)

    def accept(
        self,
        unit: Unit,
        record: ExecutionRecord,
        compiled: CompiledFlow,
        fired: Fired,
        insert: Extend,
        told: Told,
        seed: Seed | None = None,
    ) -> Run:
        """Queue a new run. `fired` was checked by making it; the worker makes it again from the stored inputs, and
        reads the seed that `insert` stores."""
        run = Run(record, compiled.plan, self._numbers, compiled)
        insert(unit, run)

        def done(error: BaseException | None) -> None:
            if error is None:
                self._kicks.kick((Queued(record.id, record.priority),))
            told(error)

        unit.done = done
        self._journal.submit(unit)
        return run
