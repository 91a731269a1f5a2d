"""Put together what tells of failed runs, alike in local mode and in the mesh."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from triggerflow_adapter_sdk import AdapterSettings
from triggerflow_chassis.bus import Bus
from triggerflow_chassis.lifecycle import open_task
from triggerflow_chassis.wire.execution import execution_to_json

from triggerflow_orchestrator.app.failure_calls import FailureCalls
from triggerflow_orchestrator.app.start import StartExecution
from triggerflow_orchestrator.domain.execution import ExecutionRecord
from triggerflow_orchestrator.ports import Reads
from triggerflow_orchestrator.store.database import Database
from triggerflow_orchestrator.store.failure_calls import SqlFailureCalls
from triggerflow_orchestrator.transport import messages
from triggerflow_orchestrator.transport.web_post import WebPost


@asynccontextmanager
async def telling_of_failures(
    *, database: Database, reads: Reads, start: StartExecution, bus: Bus, adapters: AdapterSettings
) -> AsyncIterator[None]:
    """Until the block ends. `adapters` says which private addresses may be called."""
    post = WebPost(adapters.http_allow)
    try:
        calls = FailureCalls(SqlFailureCalls(database), reads, start, post, _shown, bus)
        async with open_task("failure-calls", calls.run):
            yield
    finally:
        await post.close()


def _shown(record: ExecutionRecord) -> Mapping[str, Any]:
    return execution_to_json(messages.execution(record))
