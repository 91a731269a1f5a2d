"""Schedules, timers, approvals and the trigger book with two orchestrators: each due time, each answer counts once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import orjson
import pytest
from drawing import Drawing
from kill_flows import around
from replica_mesh import ReplicaMesh
from running_product import wait_for
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as runs_pb
from triggerflow.orchestrator.v1 import schedule_pb2, wait_pb2
from triggerflow_chassis.errors import AlreadyAnswered
from triggerflow_chassis.grpc.status import from_rpc_error
from triggerflow_chassis.ids import uuid7
from visited_server import VisitedServer

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

SECONDS = 120.0
MINUTE_US = 60_000_000


def scheduled(name: str, cron: str) -> Drawing:
    drawing = Drawing(name)
    drawing.node("trigger", "clock", "core:schedule", config={"cron": cron, "timeZone": "UTC", "missed": "all"})
    drawing.node("output", "result")
    drawing.wire("clock", "result")
    return drawing


def crons(mesh: ReplicaMesh, name: str, flow: str) -> list[str]:
    """What a replica says of a flow's schedules."""
    request = schedule_pb2.ListSchedulesRequest(page_size=250)
    return [each.cron for each in mesh.call(mesh.at[name].ListSchedules, request).schedules if each.flow_id == flow]


def pause(mesh: ReplicaMesh, flow: str, node: str) -> None:
    request = schedule_pb2.PauseSchedulesRequest(flow_id=flow, node_id=node, paused=True)
    mesh.call(mesh.at["two"].PauseSchedules, request)


def await_all(mesh: ReplicaMesh, visited: VisitedServer, runs: list[str]) -> None:
    """All have succeeded, and each node of each has visited once."""
    for run in runs:
        assert mesh.await_end(run, SECONDS)["status"] == "succeeded"
        assert Counter(visit.name for visit in visited.of(run)) == Counter(before=1, after=1)


def test_due_times_of_many_schedules_fire_once_each_though_a_replica_dies_over_them(mesh: ReplicaMesh) -> None:
    drawings = [scheduled(f"minute {number}", "* * * * *") for number in range(8)]
    flows = {mesh.publish(each.body())[0]: each.ids["clock"] for each in drawings}
    wait_for(lambda: all(crons(mesh, "two", flow) for flow in flows), seconds=SECONDS, what="the schedules")
    # As if nobody had come by for five minutes, while both look.
    mesh.rows("UPDATE {s}.schedules SET next_at = next_at - $1 WHERE flow_id = ANY($2)", 5 * MINUTE_US, list(flows))
    fired = "SELECT flow_id, due_at, status, execution_id FROM {s}.firings WHERE flow_id = ANY($1)"
    wait_for(lambda: mesh.rows(fired, list(flows)), seconds=SECONDS, what="the first of them")
    mesh.replicas["two"].kill()
    mesh.await_replicas()

    def started() -> Any:
        found = mesh.rows(fired, list(flows))
        return found if len(found) >= 40 and {row["status"] for row in found} == {"started"} else None

    found = wait_for(started, seconds=SECONDS, what="five runs of each")
    for flow, node in flows.items():
        pause(mesh, flow, node)
    found = wait_for(started, seconds=SECONDS, what="the last of them")
    assert set(Counter((row["flow_id"], row["due_at"]) for row in found).values()) == {1}
    runs = mesh.rows("SELECT id, flow_id FROM {s}.executions WHERE flow_id = ANY($1)", list(flows))
    assert {row["execution_id"] for row in found} == {row["id"] for row in runs} and len(found) == len(runs)


def test_timers_end_once_and_runs_go_on_once_though_a_replica_stands_still(
    mesh: ReplicaMesh, visited: VisitedServer
) -> None:
    flow = mesh.publish(around("core:timer", seconds=3))
    runs = [str(mesh.begin(flow)["id"]) for _ in range(20)]
    for run in runs[10:]:
        wait_for(lambda each=run: mesh.execution(each)["status"] != "queued", seconds=SECONDS)
    mesh.replicas["two"].pause()
    try:
        await_all(mesh, visited, runs)
    finally:
        mesh.replicas["two"].go_on()
    mesh.await_replicas()
    again = [str(mesh.begin(flow)["id"]) for _ in range(10)]
    mesh.replicas["two"].kill()
    await_all(mesh, visited, again)
    await_all(mesh, visited, runs)


def test_of_two_answers_at_two_replicas_one_wins_and_the_run_goes_on_once(
    mesh: ReplicaMesh, visited: VisitedServer
) -> None:
    flow = mesh.publish(around("core:approval", "approved"))
    runs = [str(mesh.begin(flow)["id"]) for _ in range(10)]

    def open_wait(run: str) -> Any:
        request = wait_pb2.ListWaitsRequest(execution_id=run, status="open")
        (found,) = wait_for(lambda: list(mesh.call(mesh.runs.ListWaits, request).waits), seconds=SECONDS)
        return found

    def answer(name: str, wait: Any) -> str:
        value = orjson.dumps({"decision": "approved", "data": {"at": name}}).decode()
        request = wait_pb2.ResumeExecutionRequest(execution_id=wait.execution_id, wait_id=wait.id, value_json=value)
        try:
            mesh.call(mesh.at[name].ResumeExecution, request)
        except grpc.RpcError as error:
            assert isinstance(from_rpc_error(error), AlreadyAnswered)  # type: ignore[arg-type]
            return "second"
        return "first"

    with ThreadPoolExecutor(2) as threads:
        for run in runs:
            wait = open_wait(run)
            assert sorted(threads.map(lambda name, wait=wait: answer(name, wait), mesh.at)) == ["first", "second"]
    await_all(mesh, visited, runs)


def test_one_request_at_two_replicas_starts_one_run(mesh: ReplicaMesh) -> None:
    flow = mesh.publish(scheduled("asked", "0 0 1 1 *").body())[0]
    (node,) = wait_for(lambda: mesh.rows("SELECT node_id FROM {s}.schedules WHERE flow_id = $1", flow), seconds=SECONDS)
    with ThreadPoolExecutor(2) as threads:
        for _ in range(5):
            request = schedule_pb2.RunScheduleRequest(flow_id=flow, node_id=node["node_id"], request_id=uuid7())
            ask = lambda name, asked=request: mesh.call(mesh.at[name].RunSchedule, asked).firing.execution_id  # noqa: E731
            # Whoever comes while the other one starts it may be told that it is about to.
            assert len({*threads.map(ask, mesh.at)} - {""}) == 1
    assert len(mesh.runs_of(flow)) == 5


def test_both_have_what_is_published_and_forget_what_is_gone(mesh: ReplicaMesh) -> None:
    from triggerflow.registry.v1 import registry_service_pb2 as flows_pb
    from triggerflow_chassis.wire.flow import flow_from_json

    drawing = scheduled("book", "0 1 1 1 *")
    flow = mesh.publish(drawing.body())[0]

    def publish(cron: str) -> None:
        draft = mesh.call(mesh.flows.GetFlow, flows_pb.GetFlowRequest(flow_id=flow)).flow
        body = {**drawing.body(), "id": flow}
        (trigger,) = (node for node in body["nodes"] if node["type"] == "trigger")
        trigger["handlers"]["main"]["config"]["cron"] = cron
        changed = flow_from_json(body)
        mesh.call(mesh.flows.UpdateFlow, flows_pb.UpdateFlowRequest(flow=changed, etag=draft.etag))
        mesh.call(mesh.flows.PublishVersion, flows_pb.PublishVersionRequest(flow_id=flow))

    def both_say(*expected: str) -> None:
        for name in mesh.at:
            wait_for(lambda at=name: crons(mesh, at, flow) == [*expected], seconds=SECONDS, what=f"{name}: {expected}")

    both_say("0 1 1 1 *")
    publish("0 2 1 1 *")
    both_say("0 2 1 1 *")
    # Whoever was away meanwhile takes nothing back.
    mesh.replicas["two"].pause()
    try:
        publish("0 3 1 1 *")
        wait_for(lambda: crons(mesh, "one", flow) == ["0 3 1 1 *"], seconds=SECONDS)
    finally:
        mesh.replicas["two"].go_on()
    both_say("0 3 1 1 *")
    mesh.replicas["one"].kill()
    publish("0 4 1 1 *")
    wait_for(lambda: crons(mesh, "two", flow) == ["0 4 1 1 *"], seconds=SECONDS)
    mesh.await_replicas()
    both_say("0 4 1 1 *")
    draft = mesh.call(mesh.flows.GetFlow, flows_pb.GetFlowRequest(flow_id=flow)).flow
    mesh.call(mesh.flows.DeleteFlow, flows_pb.DeleteFlowRequest(flow_id=flow, etag=draft.etag))
    both_say()


def test_events_are_told_though_the_replica_that_tells_them_stands_still(mesh: ReplicaMesh) -> None:
    flow = mesh.publish(around("core:timer", seconds=1))
    told = "SELECT type FROM {s}.notices WHERE execution_id = $1 ORDER BY id"
    left = "SELECT position FROM {s}.outbox WHERE execution_id = $1"
    # One of them is the one that tells.
    for name, other in (("one", "two"), ("two", "one")):
        mesh.replicas[name].pause()
        try:
            request = runs_pb.StartExecutionRequest(flow_id=flow[0], inputs_json="{}")
            run = mesh.call(mesh.at[other].StartExecution, request).execution.id
            wait_for(
                lambda run=run: (
                    [row["type"] for row in mesh.rows(told, run)] == ["execution.started", "execution.completed"]
                    and not mesh.rows(left, run)
                ),
                seconds=SECONDS,
                what=f"all of it to be told while {name} stands still",
            )
        finally:
            mesh.replicas[name].go_on()
        mesh.await_replicas()
