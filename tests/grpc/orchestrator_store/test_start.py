"""Starting and cancelling over gRPC: strictness, waiting for the end, and repeats under one request id."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from triggerflow.orchestrator.v1 import execution_pb2
from triggerflow.orchestrator.v1 import orchestrator_service_pb2 as pb
from triggerflow_chassis.clock import now_us
from triggerflow_chassis.identity import LOCAL
from triggerflow_chassis.ids import uuid7
from triggerflow_orchestrator.app.idempotency import KEPT_US
from triggerflow_orchestrator.store import tables

SUCCEEDED = execution_pb2.EXECUTION_STATUS_SUCCEEDED
CANCELLED = execution_pb2.EXECUTION_STATUS_CANCELLED
LIVE = (execution_pb2.EXECUTION_STATUS_QUEUED, execution_pb2.EXECUTION_STATUS_RUNNING)


@pytest.fixture
async def flow(served: Any, draw: Any) -> str:
    await served.orchestrator.ready()
    flow_id = str(served.registry.add())
    served.registry.publish(flow_id, draw())
    return flow_id


@pytest.fixture
async def gated(served: Any, draw: Any) -> str:
    await served.orchestrator.ready()
    flow_id = str(served.registry.add())
    served.registry.publish(flow_id, draw(gated=True))
    return flow_id


async def _count(served: Any) -> int:
    return len((await served.stub.ListExecutions(pb.ListExecutionsRequest())).executions)


async def test_a_caller_that_waits_gets_the_execution_at_its_end(served: Any, flow: str, start_request: Any) -> None:
    answer = await served.stub.StartExecution(start_request(flow, {"input": 7}, wait_seconds=30))
    assert answer.execution.status == SUCCEEDED
    assert answer.execution.outputs_json == '{"report":{"input":7}}'
    read = await served.stub.GetExecution(pb.GetExecutionRequest(execution_id=answer.execution.id))
    assert read.execution == answer.execution


async def test_a_caller_that_does_not_wait_is_answered_at_once(served: Any, gated: str, start_request: Any) -> None:
    answer = await served.stub.StartExecution(start_request(gated))
    assert answer.execution.status in LIVE
    served.gate.open_gate.set()


async def test_a_wait_ends_before_the_deadline_of_the_call(served: Any, gated: str, start_request: Any) -> None:
    answer = await served.stub.StartExecution(start_request(gated, wait_seconds=30), timeout=1)
    assert answer.execution.status in LIVE


async def test_many_wait_at_once_each_for_its_own(served: Any, gated: str, start_request: Any) -> None:
    calls = [
        asyncio.ensure_future(served.stub.StartExecution(start_request(gated, {"n": n}, wait_seconds=30)))
        for n in range(20)
    ]
    await served.started.reach(20)
    served.gate.open_gate.set()
    answers = await asyncio.gather(*calls)
    assert [answer.execution.outputs_json for answer in answers] == [f'{{"report":{{"n":{n}}}}}' for n in range(20)]


async def test_a_run_remembers_its_labels_and_the_name_its_flow_has_now(
    served: Any, flow: str, start_request: Any
) -> None:
    served.registry.rename(flow, "Renamed since")
    context = execution_pb2.ExecutionContext(labels=execution_pb2.ExecutionLabels(labels=["one"]))
    await served.stub.StartExecution(start_request(flow, context=context, wait_seconds=30))
    found = await served.stub.ListExecutions(pb.ListExecutionsRequest(labels=["one"], query="renamed"))
    assert [execution.flow_name for execution in found.executions] == ["Renamed since"]


async def test_refusals_come_in_the_order_of_the_contract(served: Any, flow: str, start_request: Any) -> None:
    unpublished = served.registry.add()
    cases = [
        (start_request("nonsense", {"$value": 1}), "INVALID", {"/flowId", "/inputs/$value"}),
        (start_request(uuid7(), {}), "INVALID", {"/flowId"}),
        (start_request(flow, {}, blueprint_version="9"), "INVALID", {"/blueprintVersion"}),
        (start_request(flow, {}, blueprint_version=""), "INVALID", {"/blueprintVersion"}),
        (start_request(flow, {}, trigger_node_id=uuid7()), "NO_SUCH_TRIGGER", set()),
        (start_request(unpublished, {}, trigger_node_id=uuid7()), "NO_SUCH_TRIGGER", set()),
        (start_request(unpublished, {}), "NO_VERSION", set()),
        (start_request(flow, {}, wait_seconds=31), "BAD_PARAMETER", set()),
        (start_request(flow, {}, project_id=uuid7()), "FORBIDDEN", set()),
        (start_request(flow, {}, request_id="k" * 256), "BAD_PARAMETER", set()),
    ]
    for request, reason, pointers in cases:
        error = await served.refused(served.stub.StartExecution(request))
        assert (error.reason, {violation.pointer for violation in error.violations}) == (reason, pointers)
    assert await _count(served) == 0


async def test_a_repeated_start_is_one_run_with_the_first_answer(served: Any, gated: str, start_request: Any) -> None:
    request = start_request(gated, {"a": 1}, request_id="once")
    first = await served.stub.StartExecution(request)
    served.gate.open_gate.set()
    ended = await served.stub.StartExecution(start_request(gated, {"a": 1}, request_id="once", wait_seconds=30))
    again = await served.stub.StartExecution(request)
    assert again == first
    assert (ended.execution.id, ended.execution.status) == (first.execution.id, SUCCEEDED)
    assert await _count(served) == 1


async def test_concurrent_starts_under_one_request_id_are_one_run(served: Any, flow: str, start_request: Any) -> None:
    request = start_request(flow, {"a": 1}, request_id="once", wait_seconds=30)
    answers = await asyncio.gather(*(served.stub.StartExecution(request) for _ in range(10)))
    assert len({answer.execution.id for answer in answers}) == 1
    assert {answer.execution.status for answer in answers} == {SUCCEEDED}


async def test_another_body_under_the_same_request_id_is_refused(served: Any, flow: str, start_request: Any) -> None:
    await served.stub.StartExecution(start_request(flow, {"a": 1}, request_id="once"))
    error = await served.refused(served.stub.StartExecution(start_request(flow, {"a": 2}, request_id="once")))
    assert error.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_a_refusal_is_replayed_even_once_the_start_would_go_well(
    served: Any, flow: str, draw: Any, start_request: Any
) -> None:
    late = served.registry.add()
    request = start_request(late, request_id="early")
    assert (await served.refused(served.stub.StartExecution(request))).reason == "NO_VERSION"
    served.registry.publish(late, draw())
    assert (await served.refused(served.stub.StartExecution(request))).reason == "NO_VERSION"
    invalid = start_request("x", {"$value": 1}, request_id="bad")
    first = await served.refused(served.stub.StartExecution(invalid))
    again = await served.refused(served.stub.StartExecution(invalid))
    assert (again.reason, again.detail, again.violations) == (first.reason, first.detail, first.violations)
    assert len(again.violations) == 2


async def test_a_request_id_is_kept_over_a_restart(serve: Any, draw: Any, start_request: Any) -> None:
    async with serve() as served:
        await served.orchestrator.ready()
        flow_id = served.registry.add()
        served.registry.publish(flow_id, draw())
        request = start_request(flow_id, {"a": 1}, request_id="once")
        first = await served.stub.StartExecution(request)
        refused = start_request("x", request_id="bad")
        before = await served.refused(served.stub.StartExecution(refused))
    async with serve() as served:
        assert await served.stub.StartExecution(request) == first
        after = await served.refused(served.stub.StartExecution(refused))
        assert (after.reason, after.violations) == (before.reason, before.violations)


async def test_a_request_id_of_yesterday_is_free(served: Any, flow: str, start_request: Any) -> None:
    served.insert(
        tables.requests,
        project_id=LOCAL.project_id, request_id="old", method="StartExecution", fingerprint="of another body",
        response=b"", created_at=now_us() - KEPT_US - 1,
    )  # fmt: skip
    request = start_request(flow, {"a": 1}, request_id="old")
    first = await served.stub.StartExecution(request)
    assert await served.stub.StartExecution(request) == first


async def test_a_caller_that_hangs_up_still_finds_its_run(served: Any, gated: str, start_request: Any) -> None:
    request = start_request(gated, {"a": 1}, request_id="once", wait_seconds=30)
    call = served.stub.StartExecution(request)
    await served.started.reach(1)
    call.cancel()
    served.gate.open_gate.set()
    answer = await served.stub.StartExecution(request)
    assert answer.execution.status == SUCCEEDED
    assert await _count(served) == 1


async def test_a_cancel_ends_the_run_and_is_replayed(served: Any, gated: str, start_request: Any) -> None:
    started = await served.stub.StartExecution(start_request(gated))
    waiting = asyncio.ensure_future(
        served.stub.StartExecution(start_request(gated, request_id="waits", wait_seconds=30))
    )
    request = pb.CancelExecutionRequest(execution_id=started.execution.id, request_id="stop")
    first = await served.stub.CancelExecution(request)
    assert (first.execution.id, first.execution.error.type) == (started.execution.id, "Cancelled")
    assert await served.stub.CancelExecution(request) == first
    without_key = pb.CancelExecutionRequest(execution_id=started.execution.id)
    read = pb.GetExecutionRequest(execution_id=started.execution.id)
    assert (await served.stub.GetExecution(read)).execution.status == CANCELLED
    assert (await served.refused(served.stub.CancelExecution(without_key))).reason == "ALREADY_ENDED"
    other = pb.CancelExecutionRequest(execution_id=uuid7(), request_id="stop")
    assert (await served.refused(served.stub.CancelExecution(other))).reason == "IDEMPOTENCY_KEY_REUSED"
    served.gate.open_gate.set()
    assert (await waiting).execution.status == SUCCEEDED


async def test_a_run_that_is_waited_for_and_cancelled_answers_who_waits(
    served: Any, gated: str, start_request: Any
) -> None:
    waiting = asyncio.ensure_future(served.stub.StartExecution(start_request(gated, wait_seconds=30)))
    await served.started.reach(1)
    await served.stub.CancelExecution(pb.CancelExecutionRequest(execution_id=served.started.items[0]))
    assert (await waiting).execution.status == CANCELLED


async def test_a_run_interrupted_by_a_stop_can_be_cancelled_before_it_goes_on(
    serve: Any, draw: Any, start_request: Any
) -> None:
    drawing = draw(gated=True)
    async with serve() as served:
        await served.orchestrator.ready()
        flow_id = served.registry.add()
        served.registry.publish(flow_id, drawing)
        started = await served.stub.StartExecution(start_request(flow_id))
    async with serve() as served:
        # Nothing is taken up while the registry does not answer.
        served.registry.gate.clear()
        served.registry.add(flow_id=flow_id)
        served.registry.publish(flow_id, drawing)
        request = pb.CancelExecutionRequest(execution_id=started.execution.id, request_id="stop")
        cancelling = asyncio.ensure_future(served.stub.CancelExecution(request))
        await served.registry.asked.reach(1)
        assert not served.orchestrator.is_ready and not cancelling.done()
        served.registry.gate.set()
        assert (await cancelling).execution.status == CANCELLED
