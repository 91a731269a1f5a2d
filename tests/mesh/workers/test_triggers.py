"""Schedules, limits and channels where accepting and running are different processes, and the acceptor is killed."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import orjson
from drawing import Drawing
from running_product import wait_for
from triggerflow.orchestrator.v1 import schedule_pb2 as pb
from worker_mesh import WorkerMesh

MINUTE = 60_000_000


def scheduled(name: str, cron: str, missed: str = "once", **limits: Any) -> Drawing:
    drawing = Drawing(name)
    config = {"cron": cron, "timeZone": "Europe/Berlin", "missed": missed, **({"limits": limits} if limits else {})}
    drawing.node("trigger", "clock", "core:schedule", config=config)
    drawing.node("output", "result")
    drawing.wire("clock", "result")
    return drawing


def known(mesh: WorkerMesh, flow: str, node: str) -> pb.Schedule:
    def probe() -> Any:
        found = mesh._call(mesh.runs.ListSchedules, pb.ListSchedulesRequest(page_size=250)).schedules
        return next((each for each in found if (each.flow_id, each.node_id) == (flow, node)), None)

    found: pb.Schedule = wait_for(probe, what="the schedule")
    return found


def fires(mesh: WorkerMesh, flow: str, node: str, status: str) -> list[pb.Firing]:
    request = pb.ListScheduleFiresRequest(flow_id=flow, node_id=node, status=status, page_size=250)
    return list(mesh._call(mesh.runs.ListScheduleFires, request).fires)


def late(mesh: WorkerMesh, flow: str, minutes: int) -> None:
    """As if nobody had come by for so long."""

    async def change() -> None:
        connection = await asyncpg.connect(mesh.database.url)
        try:
            found = await connection.fetchval(
                "SELECT table_schema FROM information_schema.tables WHERE table_name = 'schedules'"
            )
            await connection.execute(
                f'UPDATE "{found}".schedules SET next_at = next_at - $1 WHERE flow_id = $2', minutes * MINUTE, flow
            )
        finally:
            await connection.close()

    asyncio.run(change())


def test_a_schedule_runs_now_at_a_worker(mesh: WorkerMesh) -> None:
    drawing = scheduled("now", "0 0 1 1 *")
    flow, node = mesh.publish(drawing.body())[0], drawing.ids["clock"]
    known(mesh, flow, node)
    request = pb.RunScheduleRequest(flow_id=flow, node_id=node, request_id="once")
    first, second = (mesh._call(mesh.runs.RunSchedule, request).firing for _ in range(2))
    assert first.status == second.status == "started" and first.execution_id == second.execution_id
    ended = mesh.await_end(first.execution_id)
    assert ended["outputs"]["result"]["reason"] == "runNow"
    assert mesh.runs_of(flow) == [first.execution_id]


def test_what_was_missed_runs_once_each_though_the_orchestrator_is_killed_over_it(mesh: WorkerMesh) -> None:
    drawing = scheduled("every minute", "* * * * *", "all")
    flow, node = mesh.publish(drawing.body())[0], drawing.ids["clock"]
    known(mesh, flow, node)
    mesh.orchestrator.kill()
    late(mesh, flow, 6)
    for _ in range(2):
        mesh.mend()
        mesh.orchestrator.kill()
    mesh.mend()

    def done() -> Any:
        found = fires(mesh, flow, node, "past")
        return found if len(found) >= 6 and all(each.status == "started" for each in found) else None

    found = wait_for(done, seconds=60, what="six runs")
    dues = [each.due_at.ToMicroseconds() for each in found]
    assert dues == sorted(set(dues), reverse=True)
    assert {each.execution_id for each in found} == set(mesh.runs_of(flow))
    for each in found:
        assert mesh.await_end(each.execution_id)["status"] == "succeeded"
    mesh._call(mesh.runs.PauseSchedules, pb.PauseSchedulesRequest(flow_id=flow, node_id=node, paused=True))


def test_the_oldest_run_at_a_worker_ends_for_the_newest(mesh: WorkerMesh) -> None:
    drawing = Drawing("oldest ends")
    config = {"cron": "0 0 1 1 *", "timeZone": "UTC", "missed": "skip", "limits": {"singleton": "cancelOldest"}}
    drawing.node("trigger", "clock", "core:schedule", config=config)
    drawing.node("action", "hang", "sample_handlers.hang")
    drawing.wire("clock", "hang")
    flow, node = mesh.publish(drawing.body())[0], drawing.ids["clock"]
    known(mesh, flow, node)
    started = [
        mesh._call(mesh.runs.RunSchedule, pb.RunScheduleRequest(flow_id=flow, node_id=node)).firing for _ in range(2)
    ]
    assert mesh.await_end(started[0].execution_id)["status"] == "cancelled"
    assert mesh.execution(started[1].execution_id)["status"] in ("queued", "running")
    mesh.cancel(started[1].execution_id)


def test_what_a_run_at_a_worker_publishes_starts_the_flows_that_listen(mesh: WorkerMesh) -> None:
    listener = Drawing("listener")
    listener.node("trigger", "heard", "core:channel", config={"channel": "of the mesh"})
    listener.node("output", "result")
    listener.wire("heard", "result")
    listening = mesh.publish(listener.body())[0]
    speaker = Drawing("speaker")
    speaker.trigger()
    speaker.node("action", "say", "sample_handlers.pass_on", inputs=["input"], outputs=["out"])
    speaker.wire("start", "say")
    bus = {
        "id": "00000000-0000-4000-8000-000000000001",
        "name": "of the mesh",
        "publishers": [{"nodeId": speaker.ids["say"], "port": "out"}],
        "subscribers": [],
        "shared": True,
    }
    flow = mesh.publish({**speaker.body(), "channels": [bus]})
    # A large one too: it is in the object store, by reference.
    said = [{"n": n} for n in range(4)] + [{"large": "x" * 100_000}]
    for value in said:
        mesh.await_end(mesh.begin(flow, value)["id"])
    runs = wait_for(lambda: (found := mesh.runs_of(listening)) and len(found) >= 5 and found, what="five runs")
    heard = [orjson.dumps(mesh.await_end(run)["inputs"]["value"]) for run in runs]
    assert sorted(each[:10] for each in heard) == sorted([*(b'{"n":%d}' % n for n in range(4)), b'{"$value":'])
