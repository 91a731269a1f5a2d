"""Running executions again: whose they are, what is too large, and what retention took."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from drawing import Drawing
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as pb
from triggerflow.orchestrator.v1 import rerun_pb2
from triggerflow_chassis.errors import Forbidden, Invalid, NotFound
from triggerflow_chassis.ids import uuid7

LARGE = "x" * 100_000


def drawn(gate: str = "gate:pass") -> Drawing:
    """start → large (a constant) → gate → result."""
    drawing = Drawing("Published name")
    drawing.trigger()
    drawing.node("action", "one", "gate:pass")
    drawing.node("action", "two", gate)
    drawing.node("output", "report")
    for source, target in (("start", "one"), ("one", "two"), ("two", "report")):
        drawing.wire(source, target)
    return drawing


async def ended(served: Any, execution_id: str) -> Any:
    async with asyncio.timeout(20):
        while True:
            found = (await served.stub.GetExecution(pb.GetExecutionRequest(execution_id=execution_id))).execution
            if found.HasField("ended_at"):
                return found
            await asyncio.sleep(0.02)


async def ran(served: Any, drawing: Drawing, start_request: Callable[..., Any], inputs: Any = None) -> tuple[str, Any]:
    """The flow, and an execution of it that has ended."""
    flow_id = served.registry.add()
    served.registry.publish(flow_id, drawing)
    served.gate.open_gate.set()
    started = await served.stub.StartExecution(start_request(flow_id, inputs or {"n": 1}))
    return flow_id, await ended(served, started.execution.id)


def again(execution_id: str, start: str, inputs: Any = None, **more: Any) -> rerun_pb2.RetryExecutionRequest:
    text = None if inputs is None else json.dumps(inputs)
    return rerun_pb2.RetryExecutionRequest(execution_id=execution_id, start=start, inputs_json=text, **more)


def planned(execution_id: str, start: str) -> rerun_pb2.PlanRetryRequest:
    return rerun_pb2.PlanRetryRequest(execution_id=execution_id, start=start)


async def test_another_projects_execution_does_not_exist_and_another_project_may_not_be_named(served: Any) -> None:
    theirs = served.insert_execution(uuid7(), project_id=uuid7(), status="failed")
    for call in (served.stub.RetryExecution(again(theirs, "start")), served.stub.PlanRetry(planned(theirs, "start"))):
        assert isinstance(await served.refused(call), NotFound)
    request = rerun_pb2.RetryExecutionsRequest(execution_ids=[theirs], start="start")
    (item,) = (await served.stub.RetryExecutions(request)).items
    assert not item.HasField("retried_as")
    assert item.refusal
    request.project_id = uuid7()
    assert isinstance(await served.refused(served.stub.RetryExecutions(request)), Forbidden)
    named = again(theirs, "start", project_id=uuid7())
    assert isinstance(await served.refused(served.stub.RetryExecution(named)), Forbidden)


async def test_a_version_of_another_flow_is_none_of_this_one(served: Any, start_request: Callable[..., Any]) -> None:
    _, mine = await ran(served, drawn(), start_request)
    other = served.registry.add()
    for _ in range(3):
        served.registry.publish(other, drawn())
    refused = await served.refused(served.stub.RetryExecution(again(mine.id, "start", blueprint_version="3")))
    assert isinstance(refused, Invalid)
    assert [violation.pointer for violation in refused.violations] == ["/blueprintVersion"]


async def test_of_a_deleted_flow_nothing_runs_again(served: Any, start_request: Callable[..., Any]) -> None:
    flow_id, mine = await ran(served, drawn(), start_request)
    served.registry.delete(flow_id)
    refused = await served.refused(served.stub.RetryExecution(again(mine.id, "start")))
    assert isinstance(refused, Invalid)
    assert "deleted" in refused.detail


async def test_a_trigger_that_is_gone_from_a_version_is_said(served: Any, start_request: Callable[..., Any]) -> None:
    drawing = drawn()
    flow_id = served.registry.add()
    served.registry.publish(flow_id, drawing)
    served.gate.open_gate.set()
    request = start_request(flow_id, {"n": 1}, trigger_node_id=drawing.ids["start"])
    mine = await ended(served, (await served.stub.StartExecution(request)).execution.id)
    served.registry.publish(flow_id, drawn())  # the same, with other ids
    refused = await served.refused(served.stub.RetryExecution(again(mine.id, "start", blueprint_version="2")))
    assert [violation.pointer for violation in refused.violations] == ["/blueprintVersion"]
    # A node that the old version has and the new one has not.
    node = again(mine.id, drawing.ids["two"], blueprint_version="2")
    refused = await served.refused(served.stub.RetryExecution(node))
    assert [violation.pointer for violation in refused.violations] == ["/from"]


async def test_edited_inputs_of_many_megabytes_run_and_those_of_sixteen_are_too_large(
    served: Any, start_request: Callable[..., Any]
) -> None:
    drawing = drawn()
    _, mine = await ran(served, drawing, start_request)
    given = {"input": ["y" * 1_000] * 8_000}
    made = (await served.stub.RetryExecution(again(mine.id, drawing.ids["two"], given))).execution
    outputs = json.loads((await ended(served, made.id)).outputs_json)
    assert outputs["report"]["bytes"] > 8_000_000
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await served.stub.RetryExecution(again(mine.id, drawing.ids["two"], {"input": "z" * 16 * 1024 * 1024}))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_malformed_requests_are_refused_at_the_member(served: Any, start_request: Callable[..., Any]) -> None:
    _, mine = await ran(served, drawn(), start_request)
    for request, pointer in (
        (again(mine.id, ""), "/from"),
        (again(mine.id, "\0"), "/from"),
        (again(mine.id, "start", blueprint_version="1\0"), "/blueprintVersion"),
        (again(mine.id, "start", [1]), "/inputs"),
        (again(mine.id, "start", {"deep": {"\0": 1}}), "/inputs/deep/\0"),
        (again(mine.id, "failure", {"input": 1}), "/from"),
    ):
        refused = await served.refused(served.stub.RetryExecution(request))
        assert [violation.pointer for violation in refused.violations] == [pointer], request
    broken = rerun_pb2.RetryExecutionRequest(execution_id=mine.id, start="start", inputs_json="{")
    refused = await served.refused(served.stub.RetryExecution(broken))
    assert [violation.pointer for violation in refused.violations] == ["/inputs"]
    many = rerun_pb2.RetryExecutionsRequest(execution_ids=[uuid7() for _ in range(251)], start="start")
    refused = await served.refused(served.stub.RetryExecutions(many))
    assert [violation.pointer for violation in refused.violations] == ["/executionIds"]


def _file_of(served: Any, value: Any) -> Path:
    ref = value["$value"]
    found: Path = served.settings.objects / ref[-2:] / ref
    assert found.exists()
    return found


async def _ports(served: Any, execution_id: str, node_id: str) -> Any:
    page = await served.stub.ListActivations(pb.ListActivationsRequest(execution_id=execution_id))
    return next(json.loads(one.ports_json) for one in page.activations if one.node_id == node_id)


async def test_a_large_result_that_is_gone_is_said_and_its_node_runs_again(
    served: Any, start_request: Callable[..., Any]
) -> None:
    drawing = drawn()
    _, mine = await ran(served, drawing, start_request, {"n": LARGE})
    _file_of(served, (await _ports(served, mine.id, drawing.ids["one"]))["out"]).unlink()
    plan = (await served.stub.PlanRetry(planned(mine.id, drawing.ids["two"]))).plan
    assert [one.node_id for one in plan.reused] == [drawing.ids["start"]]
    assert [one.name for one in plan.repeats] == ["one", "two"]
    assert any("one" in warning for warning in plan.warnings)
    made = (await served.stub.RetryExecution(again(mine.id, drawing.ids["two"]))).execution
    assert (await ended(served, made.id)).outputs_json.startswith('{"report":{"$value"')


async def test_large_inputs_that_are_gone_must_be_given_again(served: Any, start_request: Callable[..., Any]) -> None:
    drawing = drawn()
    _, mine = await ran(served, drawing, start_request, {"n": LARGE})
    _file_of(served, json.loads(mine.inputs_json)["n"]).unlink()
    refused = await served.refused(served.stub.RetryExecution(again(mine.id, "start")))
    assert [violation.pointer for violation in refused.violations] == ["/inputs"]
    made = (await served.stub.RetryExecution(again(mine.id, "start", {"n": 2}))).execution
    assert json.loads((await ended(served, made.id)).outputs_json) == {"report": {"n": 2}}


async def test_forgetting_the_old_run_takes_nothing_from_the_new_one(
    serve: Callable[[], Any], start_request: Callable[..., Any]
) -> None:
    drawing = drawn()
    async with serve() as first:
        _, mine = await ran(first, drawing, start_request, {"n": LARGE})
        first.gate.open_gate.clear()
        made = (await first.stub.RetryExecution(again(mine.id, drawing.ids["two"]))).execution
        # What retention does to the old run, in the end.
        for value in ((await _ports(first, mine.id, drawing.ids["one"]))["out"], json.loads(mine.inputs_json)["n"]):
            _file_of(first, value).unlink()
        versions = first.registry.versions, first.registry.names
    async with serve() as second:
        second.registry.versions, second.registry.names = versions
        second.gate.open_gate.set()
        await second.orchestrator.ready()
        report = json.loads((await ended(second, made.id)).outputs_json)["report"]
        whole = await second.stub.GetValue(pb.GetValueRequest(ref=report["$value"]))
        assert json.loads(whole.json) == {"n": LARGE}
