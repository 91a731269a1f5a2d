"""`/schedules`: when flows start by themselves; pause, resume, run now, and what became of due times."""

from __future__ import annotations

from triggerflow_chassis.errors import BadParameter

from triggerflow_bff import bodies, idempotency
from triggerflow_bff.answers import Answer, ok
from triggerflow_bff.call import Call
from triggerflow_bff.routes.executions import nothing
from triggerflow_bff.routes.parameters import IDEMPOTENCY_KEY, PAGE
from triggerflow_bff.table import Handler, Operation, Parameter, Reply, Resource

FIRES = ("upcoming", "past", "missed")
_MOST_PREVIEWED = 50


async def list_schedules(call: Call) -> Answer:
    page = await call.parts.schedules.page(call.principal, call.query.page_size, call.query.page_token)
    return ok({"items": page.items, "nextPageToken": page.next_token or None})


async def get_schedule(call: Call) -> Answer:
    return ok(await schedule_exists(call))


async def list_fires(call: Call) -> Answer:
    flow_id, node_id = _named(call)
    async with bodies.path_first(lambda: schedule_exists(call)):
        status = call.query.text("status") or "upcoming"
        if status not in FIRES:
            raise BadParameter("status", f"status must be one of {', '.join(FIRES)}.")
        size, token = call.query.page_size, call.query.page_token
    page = await call.parts.schedules.fires(call.principal, flow_id, node_id, status, size, token)
    return ok({"items": page.items, "nextPageToken": page.next_token or None})


async def list_trigger_fires(call: Call) -> Answer:
    flow_id, node_id = _named(call, "trigger")
    async with bodies.path_first(lambda: trigger_exists(call)):
        status = call.query.text("status") or "past"
        if status not in FIRES:
            raise BadParameter("status", f"status must be one of {', '.join(FIRES)}.")
        size, token = call.query.page_size, call.query.page_token
    page = await call.parts.schedules.fires(call.principal, flow_id, node_id, status, size, token)
    return ok({"items": page.items, "nextPageToken": page.next_token or None})


async def trigger_exists(call: Call) -> None:
    """Raise NotFound unless an active version has the trigger in the path."""
    await call.parts.schedules.fires(call.principal, *_named(call, "trigger"), "past", 1, "")


async def pause(call: Call) -> Answer:
    return await _pause(call, True)


async def resume(call: Call) -> Answer:
    return await _pause(call, False)


async def run(call: Call) -> Answer:
    flow_id, node_id = _named(call)
    request_id = await _empty(call)
    fired = await call.parts.schedules.run(call.principal, request_id, flow_id, node_id)
    call.parts.remembered.keep(request_id, {})
    return ok(fired, 202)


async def pause_all(call: Call) -> Answer:
    return await _pause_all(call, True)


async def resume_all(call: Call) -> Answer:
    return await _pause_all(call, False)


async def preview(call: Call) -> Answer:
    query = call.query
    count = query.integer("count", default=5, most=_MOST_PREVIEWED)
    return ok(await call.parts.schedules.preview(query.text("cron") or "", query.text("timeZone") or "", count))


async def schedule_exists(call: Call) -> dict[str, object]:
    """The schedule in the path. Raises NotFound."""
    found: dict[str, object] = await call.parts.schedules.get(call.principal, *_named(call))
    return found


async def _pause(call: Call, paused: bool) -> Answer:
    flow_id, node_id = _named(call)
    request_id = await _empty(call)
    found = await call.parts.schedules.pause(call.principal, flow_id, node_id, paused)
    call.parts.remembered.keep(request_id, {})
    return ok(found)


async def _pause_all(call: Call, paused: bool) -> Answer:
    raw = await bodies.read(call)
    request_id = idempotency.request_id(call)
    body = bodies.parse(raw, empty=True)
    bodies.checked(call, request_id, body, nothing(body))
    count = await call.parts.schedules.pause_all(call.principal, paused)
    call.parts.remembered.keep(request_id, body)
    return ok({"count": count})


async def _empty(call: Call) -> str:
    """The request id of a POST that takes no body."""
    async with bodies.path_first(lambda: schedule_exists(call)):
        raw = await bodies.read(call)
        request_id = idempotency.request_id(call)
        body = bodies.parse(raw, empty=True)
        bodies.checked(call, request_id, body, nothing(body))
    return request_id


def _named(call: Call, resource: str = "schedule") -> tuple[str, str]:
    return call.id("flowId", resource), call.id("nodeId", resource)


_OF_A_POST = ("NOT_FOUND", "BAD_PARAMETER", "IDEMPOTENCY_KEY_REUSED")


def _post(path: str, handler: Handler, summary: str, reply: Reply, description: str = "") -> Resource:
    one = "{" in path
    return Resource(
        path,
        "Schedules",
        (
            Operation(
                "POST",
                handler,
                summary,
                (reply,),
                reasons=_OF_A_POST if one else _OF_A_POST[1:],
                parameters=(IDEMPOTENCY_KEY,),
                body="Empty",
                body_required=False,
                description=description,
            ),
        ),
        exists=schedule_exists if one else None,
    )


RESOURCES = (
    Resource(
        "/schedules",
        "Schedules",
        (
            Operation(
                "GET",
                list_schedules,
                "List schedules, those of the newest flow first",
                (Reply(200, "A page of the schedules of active versions.", "SchedulePage"),),
                reasons=("BAD_PARAMETER", "BAD_CURSOR"),
                parameters=PAGE,
            ),
        ),
    ),
    Resource(
        "/schedules/preview",
        "Schedules",
        (
            Operation(
                "GET",
                preview,
                "Say what a cron expression means",
                (Reply(200, "A sentence, and the next times.", "SchedulePreview"),),
                reasons=("BAD_PARAMETER",),
                parameters=(
                    Parameter("cron", "Minute, hour, day, month, day of the week.", required=True),
                    Parameter("timeZone", "A name of the IANA database. Absent: UTC."),
                    Parameter(
                        "count",
                        "How many times.",
                        {"type": "integer", "minimum": 1, "maximum": _MOST_PREVIEWED, "default": 5},
                    ),
                ),
            ),
        ),
    ),
    _post("/schedules/pause", pause_all, "Pause all schedules", Reply(200, "How many there are.", "ScheduleCount")),
    _post("/schedules/resume", resume_all, "Resume all schedules", Reply(200, "How many there are.", "ScheduleCount")),
    Resource(
        "/schedules/{flowId}/{nodeId}",
        "Schedules",
        (
            Operation(
                "GET",
                get_schedule,
                "Read a schedule",
                (Reply(200, "The schedule.", "Schedule"),),
                reasons=("NOT_FOUND",),
            ),
        ),
        exists=schedule_exists,
    ),
    Resource(
        "/schedules/{flowId}/{nodeId}/fires",
        "Schedules",
        (
            Operation(
                "GET",
                list_fires,
                "List its due times: to come, that started runs, or that did not",
                (Reply(200, "A page; upcoming ones rise, the others fall.", "FiringPage"),),
                reasons=("NOT_FOUND", "BAD_PARAMETER", "BAD_CURSOR"),
                parameters=(
                    Parameter("status", "Which.", {"type": "string", "enum": list(FIRES), "default": "upcoming"}),
                    *PAGE,
                ),
            ),
        ),
        exists=schedule_exists,
    ),
    Resource(
        "/flows/{flowId}/nodes/{nodeId}/fires",
        "Schedules",
        (
            Operation(
                "GET",
                list_trigger_fires,
                "List what came to a trigger: what started runs or waits, or was dropped and why",
                (Reply(200, "A page, newest first.", "FiringPage"),),
                reasons=("NOT_FOUND", "BAD_PARAMETER", "BAD_CURSOR"),
                parameters=(
                    Parameter("status", "Which.", {"type": "string", "enum": list(FIRES), "default": "past"}),
                    *PAGE,
                ),
                description="Of schedules, channels, topics, and of every trigger with limits.",
            ),
        ),
        exists=trigger_exists,
    ),
    _post(
        "/schedules/{flowId}/{nodeId}/pause",
        pause,
        "Pause a schedule",
        Reply(200, "The schedule.", "Schedule"),
        "Paused it has no due times: none is missed. It stays so when a new version is published.",
    ),
    _post("/schedules/{flowId}/{nodeId}/resume", resume, "Resume a schedule", Reply(200, "The schedule.", "Schedule")),
    _post(
        "/schedules/{flowId}/{nodeId}/run",
        run,
        "Run it now",
        Reply(202, "The run, or why the trigger's limits let none start now.", "Firing"),
        "Also where it is paused. Its due times stay as they are.",
    ),
)
