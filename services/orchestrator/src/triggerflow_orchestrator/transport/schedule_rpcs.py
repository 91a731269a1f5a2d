"""The RPCs of schedules: a part of OrchestratorService."""

from __future__ import annotations

from typing import Any

from triggerflow.orchestrator.v1 import schedule_pb2 as pb
from triggerflow_adapter_sdk.cron import CronRefused, ZoneRefused, cron
from triggerflow_chassis.clock import to_timestamp

from triggerflow_orchestrator.app.firing_ports import Schedule
from triggerflow_orchestrator.app.schedule_desk import DueTime, ScheduleDesk, due_time
from triggerflow_orchestrator.transport.callers import project


class ScheduleRpcs:
    """Every RPC acts for the caller's project; another one may not be named."""

    _schedules: ScheduleDesk

    async def ListSchedules(self, request: pb.ListSchedulesRequest, context: Any) -> pb.ListSchedulesResponse:
        found, token = await self._schedules.page(project(request.project_id), request.page_size, request.page_token)
        return pb.ListSchedulesResponse(schedules=[_schedule(each) for each in found], next_page_token=token)

    async def GetSchedule(self, request: pb.GetScheduleRequest, context: Any) -> pb.GetScheduleResponse:
        found = await self._schedules.get(project(request.project_id), request.flow_id, request.node_id)
        return pb.GetScheduleResponse(schedule=_schedule(found))

    async def ListScheduleFires(
        self, request: pb.ListScheduleFiresRequest, context: Any
    ) -> pb.ListScheduleFiresResponse:
        found, token = await self._schedules.fires(
            project(request.project_id),
            request.flow_id,
            request.node_id,
            request.status,
            request.page_size,
            request.page_token,
        )
        return pb.ListScheduleFiresResponse(fires=[_firing(each) for each in found], next_page_token=token)

    async def PauseSchedules(self, request: pb.PauseSchedulesRequest, context: Any) -> pb.PauseSchedulesResponse:
        count, one = await self._schedules.pause(
            project(request.project_id), request.flow_id, request.node_id, request.paused
        )
        return pb.PauseSchedulesResponse(count=count, schedule=None if one is None else _schedule(one))

    async def RunSchedule(self, request: pb.RunScheduleRequest, context: Any) -> pb.RunScheduleResponse:
        firing = await self._schedules.run(
            project(request.project_id), request.flow_id, request.node_id, request.request_id
        )
        return pb.RunScheduleResponse(firing=_firing(due_time(firing)))

    async def PreviewSchedule(self, request: pb.PreviewScheduleRequest, context: Any) -> pb.PreviewScheduleResponse:
        found = self._schedules.preview(request.cron, request.time_zone, request.count)
        return pb.PreviewScheduleResponse(sentence=found.sentence, next=[to_timestamp(at) for at in found.next])


def _schedule(schedule: Schedule) -> pb.Schedule:
    of = schedule.trigger
    message = pb.Schedule(
        flow_id=of.flow_id,
        flow_name=of.flow_name,
        node_id=of.node_id,
        node_name=of.node_name,
        cron=schedule.cron,
        sentence=_sentence(schedule.cron, schedule.time_zone),
        time_zone=schedule.time_zone,
        missed=schedule.missed,
        paused=of.paused,
        last_execution_id=schedule.last_execution_id or "",
    )
    if schedule.next_at is not None:
        message.next_at.CopyFrom(to_timestamp(schedule.next_at))
    if schedule.last_at is not None:
        message.last_at.CopyFrom(to_timestamp(schedule.last_at))
    return message


def _sentence(expression: str, zone: str) -> str:
    try:
        return cron(expression, zone).sentence
    except (CronRefused, ZoneRefused):
        return ""


def _firing(time: DueTime) -> pb.Firing:
    message = pb.Firing(
        due_at=to_timestamp(time.due_at), status=time.status, reason=time.reason, execution_id=time.execution_id
    )
    if time.since is not None:
        message.since.CopyFrom(to_timestamp(time.since))
    return message
