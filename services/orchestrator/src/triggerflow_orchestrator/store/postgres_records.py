"""Read an execution as plain asyncpg gives its row."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import asyncpg
from sqlalchemy import Row

from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.store import read_executions


def record_of(row: asyncpg.Record) -> ExecutionRecord:
    """The execution of a row with every column."""
    # The driver's rows know columns by key only.
    return read_executions.record(cast("Row[Any]", SimpleNamespace(**row)))
