"""The stream service on real gRPC, beside an orchestrator that is logs in memory."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest
from triggerflow.orchestrator.v1 import orchestrator_service_pb2, orchestrator_service_pb2_grpc
from triggerflow_chassis.bus import EXECUTION_EVENTS, EXECUTION_NOTICES, BusEvent, InProcessBus
from triggerflow_chassis.clock import now_us, rfc3339
from triggerflow_chassis.errors import BadCursor, NotFound
from triggerflow_chassis.grpc.client import open_channel
from triggerflow_chassis.grpc.server import open_server
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.ids import is_uuid, next_uuid7, uuid7
from triggerflow_chassis.wire.event import event_from_json
from triggerflow_chassis.wire.project_event import notice_from_item
from triggerflow_stream.bootstrap import open_stream
from triggerflow_stream.settings import StreamSettings


class Orchestrator(orchestrator_service_pb2_grpc.OrchestratorServiceServicer):
    """Logs of executions, appended to and published as the real one does: durable first, told second."""

    def __init__(self, bus: InProcessBus) -> None:
        self.bus = bus
        self.dice = random.Random(1)
        self.logs: dict[str, list[dict[str, Any]]] = {}
        self.notices: list[dict[str, Any]] = []

    def execution(self) -> str:
        made = uuid7()
        self.logs[made] = []
        return made

    def append(self, execution_id: str, kind: str = "log") -> tuple[dict[str, Any], int]:
        log = self.logs[execution_id]
        payload: dict[str, Any] = (
            {"status": "running"} if kind.startswith("execution.") else {"level": "info", "message": str(len(log))}
        )
        event = {
            "id": next_uuid7(log[-1]["id"] if log else None),
            "executionId": execution_id,
            "type": kind,
            "timestamp": rfc3339(now_us()),
            "payload": payload,
        }
        log.append(event)
        return event, len(log)

    def publish(self, execution_id: str, events: Sequence[tuple[dict[str, Any], int]]) -> None:
        items = [BusEvent(event["id"], sequence, orjson.dumps(event).decode()) for event, sequence in events]
        self.bus.publish(EXECUTION_EVENTS, execution_id, items)

    def notice(self, kind: str = "execution.started") -> dict[str, Any]:
        made = {
            "id": next_uuid7(self.notices[-1]["id"] if self.notices else None),
            "type": kind,
            "timestamp": now_us(),
            "projectId": LOCAL.project_id,
            "flowId": uuid7(),
        }
        if kind.startswith("execution."):
            made["executionId"] = uuid7()
        self.notices.append(made)
        self.bus.publish(EXECUTION_NOTICES, LOCAL.project_id, [made])
        return made

    async def ListEvents(self, request: Any, context: Any) -> Any:
        if request.execution_id not in self.logs:
            raise NotFound("execution", request.execution_id)
        if request.after and not is_uuid(request.after):
            raise BadCursor()
        for _ in range(self.dice.randrange(3)):
            await asyncio.sleep(0)
        log = self.logs[request.execution_id]
        found = [(event, number) for number, event in enumerate(log, 1) if event["id"] > request.after]
        found = found[: request.limit or 500]
        # An older server does not tell.
        complete = self.dice.random() < 0.7 and len(log) == (found[-1][1] if found else len(log))
        ended = bool(log) and log[-1]["type"] in ("execution.completed", "execution.failed")
        for _ in range(self.dice.randrange(3)):
            await asyncio.sleep(0)
        return orchestrator_service_pb2.ListEventsResponse(
            events=[event_from_json(event, number) for event, number in found],
            next=found[-1][0]["id"] if found else request.after,
            ended=ended and (not found or found[-1][0] is log[-1]),
            complete=complete,
        )

    async def ListProjectNotices(self, request: Any, context: Any) -> Any:
        if request.newest:
            newest = self.notices[-1]["id"] if self.notices else ""
            return orchestrator_service_pb2.ListProjectNoticesResponse(next=newest)
        found = [notice for notice in self.notices if notice["id"] > request.after][: request.limit]
        return orchestrator_service_pb2.ListProjectNoticesResponse(notices=map(notice_from_item, found))


class World:
    """A running stream service and what it reads."""

    def __init__(self, bus: InProcessBus, channel: grpc.aio.Channel) -> None:
        self.bus = bus
        self.channel = channel
        self.orchestrator = Orchestrator(bus)


@pytest.fixture
def settings() -> StreamSettings:
    return StreamSettings()


@pytest.fixture
async def world(tmp_path: Path, settings: StreamSettings) -> AsyncIterator[World]:
    address = f"unix:{tmp_path}/s"
    async with open_channel(address, "t") as channel:
        made = World(InProcessBus(), channel)

        def register(server: grpc.aio.Server) -> Sequence[str]:
            orchestrator_service_pb2_grpc.add_OrchestratorServiceServicer_to_server(made.orchestrator, server)
            return []

        async with (
            open_stream(settings, channel=channel, bus=made.bus) as stream,
            open_server(addresses=[address], register=[register, stream.register], token="t", grace_seconds=0.1),
        ):
            await stream.ready()
            yield made
        assert not made.bus._callbacks
