"""An orchestrator that opens, says when runs can start, and closes without leaving anything."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as pb
from triggerflow.orchestrator.v1 import orchestrator_service_pb2_grpc as pb_grpc
from triggerflow_chassis.bus import InProcessBus
from triggerflow_chassis.errors import Unavailable
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_orchestrator.bootstrap import open_orchestrator
from triggerflow_orchestrator.settings import OrchestratorSettings
from triggerflow_orchestrator.transport.service import SERVICE

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def test_health_says_serving_only_once_runs_can_start(served: Any) -> None:
    health: Any = health_pb2_grpc.HealthStub(served.channel)
    watched = health.Watch(health_pb2.HealthCheckRequest(service=SERVICE))
    seen = []
    if not served.orchestrator.is_ready:
        first = await health.Check(health_pb2.HealthCheckRequest(service=SERVICE))
        # It may have become ready on the way.
        assert first.status == NOT_SERVING or served.orchestrator.is_ready
        other = await health.Check(health_pb2.HealthCheckRequest(service="triggerflow.registry.v1.RegistryService"))
        assert other.status == SERVING
    async for answer in watched:
        seen.append(answer.status)
        if answer.status == SERVING:
            break
    watched.cancel()
    assert served.orchestrator.is_ready
    assert seen in ([NOT_SERVING, SERVING], [SERVING])
    assert (await health.Check(health_pb2.HealthCheckRequest(service=SERVICE))).status == SERVING


async def test_a_run_asked_for_too_early_is_accepted_and_runs_later(served: Any, draw: Any, start_request: Any) -> None:
    flow_id = served.registry.add()
    served.registry.publish(flow_id, draw())
    answer = await served.stub.StartExecution(start_request(flow_id, {"a": 1}, wait_seconds=30), timeout=60)
    assert answer.execution.outputs_json == '{"report":{"a":1}}'


async def test_who_shows_no_token_reads_nothing(served: Any) -> None:
    for token in ("wrong", None):
        async with open_channel(served.address, token) as channel:
            stub: Any = pb_grpc.OrchestratorServiceStub(channel)
            error = await served.refused(stub.ListExecutions(pb.ListExecutionsRequest()))
            assert error.reason == "UNAUTHENTICATED"


async def test_closing_ends_its_threads_and_tasks(serve: Any) -> None:
    async with serve() as served:
        await served.orchestrator.ready()
        await served.stub.ListExecutions(pb.ListExecutionsRequest())
    assert [thread.name for thread in threading.enumerate() if thread.name == "journal"] == []
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert names.isdisjoint({"begin-runs", "retention"})


@pytest.mark.parametrize("content", [b"this is no database at all, but long enough to be read as one" * 20])
async def test_a_database_that_is_none_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    settings = OrchestratorSettings.under(tmp_path)
    settings.database.write_bytes(content)
    async with grpc.aio.insecure_channel("unix:/nowhere") as channel:
        with pytest.raises(Unavailable, match=r"orchestrator\.sqlite3"):
            async with open_orchestrator(settings, channel=channel, bus=InProcessBus(), catalogue=None):  # type: ignore[arg-type]
                pass
    assert settings.database.read_bytes() == content
