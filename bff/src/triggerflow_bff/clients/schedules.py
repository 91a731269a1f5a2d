"""The orchestrator's schedules, as the JSON that REST shows."""

from __future__ import annotations

from typing import Any

import grpc.aio
from triggerflow.orchestrator.v1 import schedule_pb2 as pb
from triggerflow.orchestrator.v1.orchestrator_service_pb2_grpc import OrchestratorServiceStub
from triggerflow_chassis.clock import from_timestamp, rfc3339
from triggerflow_chassis.identity import Principal

from triggerflow_bff.clients.registry import Json, Page
from triggerflow_bff.clients.unary import unary
from triggerflow_bff.settings import Limits


class SchedulesClient:
    """Every method raises ServiceError as the orchestrator raised it."""

    def __init__(self, channel: grpc.aio.Channel, limits: Limits) -> None:
        self._stub = OrchestratorServiceStub(channel)
        self._read = limits.read_seconds
        self._write = limits.write_seconds

    async def page(self, who: Principal, size: int, token: str) -> Page:
        """A page of schedules."""
        request = pb.ListSchedulesRequest(project_id=who.project_id, page_size=size, page_token=token)
        answer = await unary(self._stub.ListSchedules, request, self._read)
        return Page([_schedule(each) for each in answer.schedules], answer.next_page_token)

    async def get(self, who: Principal, flow_id: str, node_id: str) -> Json:
        """One schedule."""
        request = pb.GetScheduleRequest(project_id=who.project_id, flow_id=flow_id, node_id=node_id)
        return _schedule((await unary(self._stub.GetSchedule, request, self._read)).schedule)

    async def fires(self, who: Principal, flow_id: str, node_id: str, status: str, size: int, token: str) -> Page:
        """A page of its due times."""
        request = pb.ListScheduleFiresRequest(
            project_id=who.project_id,
            flow_id=flow_id,
            node_id=node_id,
            status=status,
            page_size=size,
            page_token=token,
        )
        answer = await unary(self._stub.ListScheduleFires, request, self._read)
        return Page([_firing(each) for each in answer.fires], answer.next_page_token)

    async def pause(self, who: Principal, flow_id: str, node_id: str, paused: bool) -> Json:
        """Pause or resume one; it as it is then."""
        return _schedule((await self._pause(who, flow_id, node_id, paused)).schedule)

    async def pause_all(self, who: Principal, paused: bool) -> int:
        """Pause or resume all; how many there are."""
        count: int = (await self._pause(who, "", "", paused)).count
        return count

    async def run(self, who: Principal, request_id: str, flow_id: str, node_id: str) -> Json:
        """Start a run now; what became of it."""
        request = pb.RunScheduleRequest(
            project_id=who.project_id, request_id=request_id, flow_id=flow_id, node_id=node_id
        )
        return _firing((await unary(self._stub.RunSchedule, request, self._write)).firing)

    async def preview(self, cron: str, time_zone: str, count: int) -> Json:
        """What an expression means."""
        request = pb.PreviewScheduleRequest(cron=cron, time_zone=time_zone, count=count)
        answer = await unary(self._stub.PreviewSchedule, request, self._read)
        return {"sentence": answer.sentence, "next": [rfc3339(from_timestamp(at)) for at in answer.next]}

    async def _pause(self, who: Principal, flow_id: str, node_id: str, paused: bool) -> Any:
        request = pb.PauseSchedulesRequest(project_id=who.project_id, flow_id=flow_id, node_id=node_id, paused=paused)
        return await unary(self._stub.PauseSchedules, request, self._write)


def _schedule(schedule: Any) -> Json:
    return {
        "flowId": schedule.flow_id,
        "flowName": schedule.flow_name,
        "nodeId": schedule.node_id,
        "nodeName": schedule.node_name,
        "cron": schedule.cron,
        "sentence": schedule.sentence,
        "timeZone": schedule.time_zone,
        "missed": schedule.missed,
        "paused": schedule.paused,
        "nextAt": _time(schedule, "next_at"),
        "lastAt": _time(schedule, "last_at"),
        "lastExecutionId": schedule.last_execution_id or None,
    }


def _firing(firing: Any) -> Json:
    return {
        "dueAt": rfc3339(from_timestamp(firing.due_at)),
        "since": _time(firing, "since"),
        "status": firing.status,
        "reason": firing.reason or None,
        "executionId": firing.execution_id or None,
    }


def _time(message: Any, name: str) -> str | None:
    return rfc3339(from_timestamp(getattr(message, name))) if message.HasField(name) else None
